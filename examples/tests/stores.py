"""A store in memory, and what every store must do."""

from __future__ import annotations

import dataclasses
import unittest

from bookmarks.state import Claim, Shown, State, Wanted, from_json, to_json
from bookmarks.store import ConflictError, Store


class MemoryStore:
    """A dict. It keeps states as text, as a real store does."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[int, str | None, str]] = {}
        self.failures = 0
        """Number of further saves that fail, as if the process had died before them."""
        self.conflicts = 0
        """Number of further saves that meet another write in between."""

    def load(self, key: str) -> State:
        """See `Store`."""
        return from_json(*self._texts[key]) if key in self._texts else State()

    def save(self, key: str, state: State) -> State:
        """See `Store`."""
        if self.failures:
            self.failures -= 1
            raise OSError("the process died here")
        known = self.load(key)
        if self.conflicts:
            self.conflicts -= 1
            known = self._write(key, known)
        if known.version != state.version:
            raise ConflictError(key)
        return self._write(key, state)

    def names_channel(self, key: str, channel: str) -> None:
        """Gives a pull request its own channel, as a person does."""
        self._write(key, dataclasses.replace(self.load(key), channel=channel))

    def _write(self, key: str, state: State) -> State:
        saved = dataclasses.replace(state, version=state.version + 1)
        self._texts[key] = (saved.version, saved.channel, to_json(saved))
        return saved


class StoreContract(unittest.TestCase):
    """Contract of a store, as tests. A store's test class inherits them; its `setUp` makes an empty store."""

    store: Store

    def test_what_was_never_saved_is_fresh(self) -> None:
        self.assertEqual(self.store.load("pr"), State())

    def test_all_of_a_state_is_kept(self) -> None:
        state = State(
            channel="C1",
            wanted={"tasks": Wanted(3, "#7 Tasks: 1 open")},
            shown={"tasks": Shown("Bk1", "#7 Tasks: ?")},
            claim=Claim("me", 12.5),
        )
        saved = self.store.save("pr", state)
        self.assertEqual(saved, dataclasses.replace(state, version=1))
        self.assertEqual(self.store.load("pr"), saved)
        self.assertEqual(self.store.load("another pr"), State())

    def test_of_two_that_read_the_same_one_can_save(self) -> None:
        first = self.store.save("pr", State())
        self.store.save("pr", dataclasses.replace(first, channel="C1"))
        with self.assertRaises(ConflictError):
            self.store.save("pr", dataclasses.replace(first, channel="C2"))
        self.assertEqual(self.store.load("pr").channel, "C1")

    def test_of_two_that_found_nothing_one_can_save(self) -> None:
        self.store.save("pr", State(channel="C1"))
        with self.assertRaises(ConflictError):
            self.store.save("pr", State(channel="C2"))
        self.assertEqual(self.store.load("pr").channel, "C1")

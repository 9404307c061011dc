"""The surroundings of a test of the bookmarks: a Slack, a store, a clock, and invocations."""

from __future__ import annotations

import itertools
import unittest
from typing import Any

from bookmarks.keeper import Keeper, key_of
from bookmarks.slack import Slack
from bookmarks.state import State

from tests.fake_slack import TOKEN, FakeSlack
from tests.stores import MemoryStore

CHANNEL = "C0123456789"


class World(unittest.TestCase):
    """A test class with a world of its own for each test."""

    def setUp(self) -> None:
        self.time = 1_793_610_000.0
        self.store = MemoryStore()
        self.slack = FakeSlack()
        self.addCleanup(self.slack.close)
        self._owners = (f"invocation {number}" for number in itertools.count(1))

    def keeper(self, channel: str | None = CHANNEL) -> Keeper:
        """Makes the keeper of one Lambda process. All processes share the store and Slack."""
        client = Slack(TOKEN, self.slack.url)
        return Keeper(self.store, client, channel, now=lambda: self.time, new_owner=lambda: next(self._owners))

    def hears(self, *details: dict[str, Any]) -> list[str]:
        """Runs one invocation for each event. Returns their calls of Slack."""
        before = len(self.slack.calls)
        for detail in details:
            self.keeper().keep(detail)
        return self.slack.calls_since(before)

    def key(self, detail: dict[str, Any]) -> str:
        """Returns the key of the event's pull request."""
        return key_of(detail)

    def state(self, detail: dict[str, Any]) -> State:
        """Returns the state of the event's pull request."""
        return self.store.load(key_of(detail))

    def titles(self) -> list[str]:
        """Returns the titles in Slack, without the number of the pull request."""
        return [title.removeprefix("#7 ") for title in self.slack.titles(CHANNEL)]

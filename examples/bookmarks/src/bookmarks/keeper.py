"""Takes in one event and makes Slack show what is known after it.

An event is done when its titles are shown, or newer ones; until then `keep` raises, and whoever called it comes again
with the same event. What was learned or shown before is in the store by then, so the next attempt only does the rest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bookmarks.slack import RateLimitedError, Slack
from bookmarks.state import Claim, Shown, State
from bookmarks.store import ConflictError, Store
from bookmarks.titles import SEVEN, first_titles, titles

# Longer than Lambda lets an invocation live (`Timeout` in template.yaml): a claim ends after its owner.
CLAIM_SECONDS = 30.0
# How often a write that lost against another is tried again, and how often newer titles are shown in one go.
MAX_ATTEMPTS = 8
MAX_ROUNDS = 3


class BusyError(Exception):
    """Another invocation calls Slack for this pull request, or Slack asked to be left alone. Come again."""


@dataclass(frozen=True)
class Keeper:
    """What it takes to keep bookmarks."""

    store: Store
    slack: Slack
    channel: str | None
    """Where the bookmarks of a pull request without a channel of its own go; None: nowhere."""
    now: Callable[[], float]
    """Seconds since 1970."""
    new_owner: Callable[[], str]
    """A name for this invocation that no other has."""

    def keep(self, detail: dict[str, Any]) -> None:
        """Takes in an event (the envelope of docs/EVENTS.md). Raises `BusyError`, `SlackError`, `ConflictError`."""
        if detail["counters"] is None:
            return
        key, owner = key_of(detail), self.new_owner()
        state = self._update(key, lambda state: self._begin(state, detail, owner))
        if self._channel(state) is None or state.settled():
            return
        if state.claim is None or state.claim.owner != owner:
            raise BusyError(key)
        self._show_all(key, state, detail["subject"])

    def _begin(self, state: State, detail: dict[str, Any], owner: str) -> State:
        """Learns, and claims if there is something to show and nobody is at it. What it learns stays, claim or not."""
        state = state.learn(detail["sequence"], titles(detail), first_titles(detail))
        now = self.now()
        if state.settled() or self._channel(state) is None or state.claimed_at(now):
            return state
        return dataclasses.replace(state, claim=Claim(owner, now + CLAIM_SECONDS))

    def _show_all(self, key: str, state: State, subject: dict[str, Any]) -> None:
        """Shows what is wanted, and what others learned meanwhile: they found the claim and went away."""
        assert state.claim is not None
        owner, shown = state.claim.owner, dict(state.shown)
        for _ in range(MAX_ROUNDS):
            try:
                self._show(state, shown, subject)
            except RateLimitedError as error:
                rest = Claim("", self.now() + error.retry_after)
                self._update(key, lambda state: _progress(state, owner, shown, rest))
                raise
            except Exception:
                self._update(key, lambda state: _progress(state, owner, shown, None))
                raise
            claim = state.claim
            state = self._update(key, lambda state: _progress(state, owner, shown, claim))
            if state.settled():
                return
        self._update(key, lambda state: _progress(state, owner, shown, None))
        raise BusyError(key)

    def _show(self, state: State, shown: dict[str, Shown], subject: dict[str, Any]) -> None:
        """Calls Slack for the bookmarks whose titles differ, and no other; notes each success in `shown`."""
        channel = self._channel(state)
        assert channel is not None
        found: dict[str, Shown] | None = None
        for bookmark in SEVEN:
            title = state.wanted[bookmark.name].title
            known = self._edited(channel, shown.get(bookmark.name), title)
            if known is None:
                shown.pop(bookmark.name, None)
                # It is new, or somebody deleted it by hand. An earlier attempt may have added it and died before it
                # wrote that down: look before adding.
                found = self.slack.list(channel) if found is None else found
                link = bookmark.link(subject["repository"]["full_name"], subject["id"])
                known = self._edited(channel, found.get(link), title)
                known = known or self.slack.add(channel, title, link, bookmark.emoji)
            shown[bookmark.name] = known

    def _edited(self, channel: str, known: Shown | None, title: str) -> Shown | None:
        """The bookmark with this title; None where there is none to edit. One that has the title is no call."""
        if known is None or known.title == title:
            return known
        return self.slack.edit(channel, known.id, title)

    def _channel(self, state: State) -> str | None:
        return state.channel or self.channel

    def _update(self, key: str, change: Callable[[State], State]) -> State:
        """Reads, changes and writes a state; again, if somebody else wrote in between. No change is no write."""
        for _ in range(MAX_ATTEMPTS):
            before = self.store.load(key)
            after = change(before)
            if after == before:
                return after
            try:
                return self.store.save(key, after)
            except ConflictError:
                continue
        raise ConflictError(key)


def key_of(detail: dict[str, Any]) -> str:
    """What the state of the event's pull request is kept under. `sequence` counts within a link and a subject."""
    subject = detail["subject"]
    return f"{detail['link']}#{subject['repository']['id']}/{subject['id']}"


def _progress(state: State, owner: str, shown: dict[str, Shown], claim: Claim | None) -> State:
    """Writes down what is shown. The claim stays only while more is to do.

    Raises `BusyError` where another invocation has taken over: what that one writes down must stand. It does not happen
    while CLAIM_SECONDS is longer than an invocation lives; if it did, Slack could show an old title until the next.
    """
    if state.claim is None or state.claim.owner != owner:
        raise BusyError(f"the claim of {owner} was lost")
    state = dataclasses.replace(state, shown=dict(shown))
    return dataclasses.replace(state, claim=None if state.settled() else claim)

"""Handles one event: stores what it shows, and updates the bookmarks in Slack.

An event is done when Slack shows its titles or newer ones. Until then `keep` raises, and its caller retries with the
same event. The store has everything that was learned and shown before, so a retry does only the remaining work.
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
# Retries of a write that lost against another, and rounds in which one invocation shows newer titles.
MAX_ATTEMPTS = 8
MAX_ROUNDS = 3


class BusyError(Exception):
    """Another invocation calls Slack for this pull request, or Slack limits the rate. Retry later."""


@dataclass(frozen=True)
class Keeper:
    """Keeps bookmarks current."""

    store: Store
    slack: Slack
    channel: str | None
    """Channel for pull requests without their own channel; None: they get no bookmarks."""
    now: Callable[[], float]
    """Seconds since 1970."""
    new_owner: Callable[[], str]
    """Makes a unique name for this invocation."""

    def keep(self, detail: dict[str, Any]) -> None:
        """Handles an event (the envelope of docs/EVENTS.md). Raises `BusyError`, `SlackError`, `ConflictError`."""
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
        """Learns the event's titles, and claims the pull request if it has titles to show and no other claim."""
        state = state.learn(detail["sequence"], titles(detail), first_titles(detail))
        now = self.now()
        if state.settled() or self._channel(state) is None or state.claimed_at(now):
            return state
        return dataclasses.replace(state, claim=Claim(owner, now + CLAIM_SECONDS))

    def _show_all(self, key: str, state: State, subject: dict[str, Any]) -> None:
        """Shows the wanted titles, and those that other invocations stored meanwhile because of the claim."""
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
        """Calls Slack for each bookmark whose title differs, and records each success in `shown`."""
        channel = self._channel(state)
        assert channel is not None
        found: dict[str, Shown] | None = None
        for bookmark in SEVEN:
            title = state.wanted[bookmark.name].title
            known = self._edited(channel, shown.get(bookmark.name), title)
            if known is None:
                shown.pop(bookmark.name, None)
                # It is new, or a person deleted it. An earlier attempt may also have added it and died before it stored
                # that, so list the existing ones before adding.
                found = self.slack.list(channel) if found is None else found
                link = bookmark.link(subject["repository"]["full_name"], subject["id"])
                known = self._edited(channel, found.get(link), title)
                known = known or self.slack.add(channel, title, link, bookmark.emoji)
            shown[bookmark.name] = known

    def _edited(self, channel: str, known: Shown | None, title: str) -> Shown | None:
        """Returns the bookmark with this title, edited if necessary; None if there is none to edit."""
        if known is None or known.title == title:
            return known
        return self.slack.edit(channel, known.id, title)

    def _channel(self, state: State) -> str | None:
        return state.channel or self.channel

    def _update(self, key: str, change: Callable[[State], State]) -> State:
        """Reads, changes and writes a state; retries after another write in between. Writes only a changed state."""
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
    """Returns the key of the pull request's state. It has link and subject, because `sequence` counts within both."""
    subject = detail["subject"]
    return f"{detail['link']}#{subject['repository']['id']}/{subject['id']}"


def _progress(state: State, owner: str, shown: dict[str, Shown], claim: Claim | None) -> State:
    """Records the shown titles. The claim stays only while more titles are to be shown.

    Raises `BusyError` if another invocation has taken over, because its records must stand. That cannot happen while
    CLAIM_SECONDS is longer than an invocation lives. If it did, Slack could show an old title until the next event.
    """
    if state.claim is None or state.claim.owner != owner:
        raise BusyError(f"the claim of {owner} was lost")
    state = dataclasses.replace(state, shown=dict(shown))
    return dataclasses.replace(state, claim=None if state.settled() else claim)

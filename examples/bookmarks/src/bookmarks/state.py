"""The stored state of one pull request. Pure: no clock, no store, no Slack."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wanted:
    """The title that a bookmark should have, and the sequence of its event."""

    sequence: int
    title: str


@dataclass(frozen=True)
class Shown:
    """The title of a bookmark in Slack, as last seen."""

    id: str
    title: str


@dataclass(frozen=True)
class Claim:
    """One invocation's right to call Slack for this pull request."""

    owner: str
    """The invocation; empty during a pause that Slack asked for."""
    until: float
    """Seconds since 1970."""


@dataclass(frozen=True)
class State:
    """One pull request. Bookmarks go by their names (`titles.SEVEN`)."""

    version: int = 0
    """Number of writes; 0 means never. Each write requires the version that was read."""
    channel: str | None = None
    """Its own channel; None: the channel of the settings."""
    wanted: Mapping[str, Wanted] = field(default_factory=dict)
    shown: Mapping[str, Shown] = field(default_factory=dict)
    claim: Claim | None = None

    def learn(self, sequence: int, titles: Mapping[str, str], first_titles: Mapping[str, str]) -> State:
        """Adds the titles of an event. For each bookmark the event with the highest sequence wins, so events can
        arrive in any order and any number."""
        wanted = {name: Wanted(0, title) for name, title in first_titles.items()} | dict(self.wanted)
        for name, title in titles.items():
            if sequence > wanted[name].sequence:
                wanted[name] = Wanted(sequence, title)
        return dataclasses.replace(self, wanted=wanted)

    def settled(self) -> bool:
        """True if Slack shows all wanted titles."""
        return all(
            name in self.shown and self.shown[name].title == wanted.title
            for name, wanted in self.wanted.items()
        )

    def claimed_at(self, now: float) -> bool:
        """True if only the claim's owner may call Slack at `now`."""
        return self.claim is not None and now < self.claim.until


def to_json(state: State) -> str:
    """Returns the state without its version and channel, which a store keeps beside it."""
    fields = dataclasses.asdict(state)
    return json.dumps({name: fields[name] for name in ("wanted", "shown", "claim")}, sort_keys=True)


def from_json(version: int, channel: str | None, text: str) -> State:
    """The opposite of `to_json`."""
    fields = json.loads(text)
    return State(
        version=version,
        channel=channel,
        wanted={name: Wanted(**wanted) for name, wanted in fields["wanted"].items()},
        shown={name: Shown(**shown) for name, shown in fields["shown"].items()},
        claim=Claim(**fields["claim"]) if fields["claim"] else None,
    )

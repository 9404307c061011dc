"""What is remembered of one pull request. Pure: no clock, no store, no Slack."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wanted:
    """What a bookmark should say, and by which event."""

    sequence: int
    title: str


@dataclass(frozen=True)
class Shown:
    """What a bookmark says in Slack, as far as we know."""

    id: str
    title: str


@dataclass(frozen=True)
class Claim:
    """One invocation's right to call Slack for this pull request."""

    owner: str
    """The invocation; empty when the pull request only rests until Slack takes calls again."""
    until: float
    """Seconds since 1970."""


@dataclass(frozen=True)
class State:
    """One pull request. Bookmarks go by their names (`titles.SEVEN`)."""

    version: int = 0
    """How often it was written; 0 means never. Each write has the condition that nobody else wrote since the read."""
    channel: str | None = None
    """Its own channel; None: that of the settings."""
    wanted: Mapping[str, Wanted] = field(default_factory=dict)
    shown: Mapping[str, Shown] = field(default_factory=dict)
    claim: Claim | None = None

    def learn(self, sequence: int, titles: Mapping[str, str], first_titles: Mapping[str, str]) -> State:
        """Takes in what an event says. For each bookmark the event with the highest sequence wins, so the order
        in which events come, and how often, makes no difference."""
        wanted = {name: Wanted(0, title) for name, title in first_titles.items()} | dict(self.wanted)
        for name, title in titles.items():
            if sequence > wanted[name].sequence:
                wanted[name] = Wanted(sequence, title)
        return dataclasses.replace(self, wanted=wanted)

    def settled(self) -> bool:
        """Whether Slack shows what it should."""
        return all(
            name in self.shown and self.shown[name].title == wanted.title
            for name, wanted in self.wanted.items()
        )

    def claimed_at(self, now: float) -> bool:
        """Whether Slack must not be called now, except by the claim's owner."""
        return self.claim is not None and now < self.claim.until


def to_json(state: State) -> str:
    """The state without its version and channel, which a store keeps beside it."""
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

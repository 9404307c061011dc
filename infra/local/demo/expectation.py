"""Expected events, and the comparison with those that arrived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Expectation:
    """One event that must arrive exactly once. `thing` and `id` name its comment or task."""

    key: str
    source: str
    thing: str | None = None
    id: int | None = None
    text: str | None = None

    def matches(self, detail: dict[str, Any]) -> bool:
        """True if this is the event."""
        if detail.get("key") != self.key or detail.get("source") != self.source:
            return False
        if self.thing is None:
            return True
        thing = (detail.get("payload") or {}).get(self.thing) or {}
        right_text = self.text is None or (thing.get("content") or {}).get("raw") == self.text
        return thing.get("id") == self.id and right_text

    def __str__(self) -> str:
        about = f" of {self.thing} {self.id}" if self.thing else ""
        return f"{self.key}{about} by {self.source}"


def of_pull_request(repository: str, number: int) -> Callable[[dict[str, Any]], bool]:
    """Returns a filter for the events of this pull request."""

    def is_about(detail: dict[str, Any]) -> bool:
        subject = detail.get("subject") or {}
        name = (subject.get("repository") or {}).get("full_name")
        return subject.get("type") == "pullrequest" and subject.get("id") == number and name == repository

    return is_about


def problems(expected: list[Expectation], arrived: list[dict[str, Any]]) -> list[str]:
    """Returns the problems in the events of one pull request, in their order of arrival; empty if all is well."""
    found = []
    for expectation in expected:
        count = sum(expectation.matches(detail) for detail in arrived)
        if count != 1:
            found.append(f"{expectation} arrived {count} times, not once")
    for detail in arrived:
        if not any(expectation.matches(detail) for expectation in expected):
            key, source, sequence = (detail.get(name) for name in ("key", "source", "sequence"))
            found.append(f"{key} by {source} (sequence {sequence}) is not expected")
    sequences = [detail.get("sequence") for detail in arrived]
    if sequences != list(range(1, len(sequences) + 1)):
        found.append(f"the sequence is {sequences}, not 1, 2, 3 ... without a gap")
    ids = [detail.get("id") for detail in arrived]
    if len(set(ids)) != len(ids):
        found.append("two events have the same id")
    return found

"""The sample events, as Lambda receives them from the bus."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests import EXAMPLES

FOLDER = EXAMPLES / "events"

# Titles of the bookmarks after the story, without the pull request's number.
END = [
    "Reviewers: 2",
    "Comments: 1, 1 unresolved",
    "Tasks: 0 open, 1 done",
    "Approvals: 1",
    "Commits: 2",
    "Files changed: 3",
    "Builds: 2 passed",
]


def all_events() -> dict[str, dict[str, Any]]:
    """Every sample by its name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def detail(name: str) -> dict[str, Any]:
    """One sample's envelope."""
    envelope: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())["detail"]
    return envelope


def story() -> list[dict[str, Any]]:
    """All envelopes about pull request 7 of acme/widgets, in their order."""
    envelopes = [event["detail"] for event in all_events().values()]
    about_it = [envelope for envelope in envelopes if envelope["subject"].get("id") == 7]
    return sorted(about_it, key=lambda envelope: int(envelope["sequence"]))


def later(envelope: dict[str, Any], changes: Any = None, **counters: Any) -> dict[str, Any]:
    """The event after this one: these counters have moved."""
    after = copy.deepcopy(envelope)
    after["sequence"] += 1
    after["changes"] = changes
    after["counters"] |= counters
    return after

"""Titles of the seven bookmarks. Pure: counters in, titles out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Counters = dict[str, Any]

# Base of a pull request's address. The events name the repository; the other parts follow.
BITBUCKET = "https://bitbucket.org"


@dataclass(frozen=True)
class Bookmark:
    """One of the seven bookmarks."""

    name: str
    """Its name in the state, and its mark in the link. Never shown."""
    label: str
    """Start of its title."""
    page: str
    """The page of the pull request that it opens."""
    emoji: str
    value: Callable[[Counters], str | None]
    """End of its title; None if the counter is null."""
    of_head: bool = False
    """True if it is about the newest commit. A push then makes its old value invalid."""

    def title(self, number: int, counters: Counters, pushed: bool) -> str | None:
        """Returns the whole title, or None to keep the current one."""
        value = self.value(counters)
        if value is None:
            return self.first_title(number) if pushed and self.of_head else None
        return self._with(number, value)

    def first_title(self, number: int) -> str:
        """Returns its title before the counter is known."""
        return self._with(number, "?")

    def link(self, full_name: str, number: int) -> str:
        """Returns its address. The mark at its end differs from the other six, and identifies the bookmark in Slack."""
        return f"{BITBUCKET}/{full_name}/pull-requests/{number}/{self.page}#{self.name}"

    def _with(self, number: int, value: str) -> str:
        return f"#{number} {self.label}: {value}"


def titles(detail: dict[str, Any]) -> dict[str, str]:
    """Returns the titles from an event (the envelope of docs/EVENTS.md), without those of unknown counters."""
    number, counters = detail["subject"]["id"], detail["counters"]
    pushed = any(change["type"] == "commits" for change in detail["changes"] or [])
    given = {bookmark.name: bookmark.title(number, counters, pushed) for bookmark in SEVEN}
    return {name: title for name, title in given.items() if title is not None}


def first_titles(detail: dict[str, Any]) -> dict[str, str]:
    """Returns the seven titles before any counter is known."""
    return {bookmark.name: bookmark.first_title(detail["subject"]["id"]) for bookmark in SEVEN}


# `get`, because a replayed event may be older than a counter.


def _reviewers(counters: Counters) -> str | None:
    return _with_more(counters.get("reviewers"))


def _comments(counters: Counters) -> str | None:
    return _with_more(counters.get("comments"), "", counters.get("unresolved_threads"), "unresolved")


def _tasks(counters: Counters) -> str | None:
    return _with_more(counters.get("tasks_open"), " open", counters.get("tasks_resolved"), "done")


def _approvals(counters: Counters) -> str | None:
    return _with_more(counters.get("approvals"), "", counters.get("changes_requested"), "against")


def _commits(counters: Counters) -> str | None:
    return _with_more((counters.get("commits") or {}).get("count"))


def _files(counters: Counters) -> str | None:
    return _with_more((counters.get("files_changed") or {}).get("count"))


def _with_more(number: int | None, unit: str = "", more: int | None = None, word: str = "") -> str | None:
    """`4`, or `4, 1 unresolved`."""
    if number is None:
        return None
    return f"{number}{unit}" + (f", {more} {word}" if more else "")


def _builds(counters: Counters) -> str | None:
    builds = counters.get("builds")
    if builds is None:
        return None
    words = {"failed": "failed", "stopped": "stopped", "in_progress": "running", "successful": "passed"}
    return ", ".join(f"{builds[state]} {word}" for state, word in words.items() if builds[state]) or "none"


SEVEN = (
    Bookmark("reviewers", "Reviewers", "overview", ":eyes:", _reviewers),
    Bookmark("comments", "Comments", "overview", ":speech_balloon:", _comments),
    Bookmark("tasks", "Tasks", "overview", ":white_check_mark:", _tasks),
    Bookmark("approvals", "Approvals", "overview", ":+1:", _approvals),
    Bookmark("commits", "Commits", "commits", ":pushpin:", _commits, of_head=True),
    Bookmark("files", "Files changed", "diff", ":open_file_folder:", _files, of_head=True),
    Bookmark("builds", "Builds", "overview", ":vertical_traffic_light:", _builds, of_head=True),
)

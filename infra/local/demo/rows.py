"""An event as one line in aligned columns."""

from __future__ import annotations

import datetime
from typing import Any

WIDTHS = {
    "time": 8,
    "seq": 3,
    "event key": 28,
    "source": 7,
    "actor": 6,
    "what changed": 48,
    "known after": 11,
}
TEXT_LENGTH = 25


def header() -> list[str]:
    """Returns the names of the columns, and a rule below them."""
    return [_row(list(WIDTHS)), _row(["-" * width for width in WIDTHS.values()])]


def event_row(detail: dict[str, Any], received_at: datetime.datetime) -> str:
    """Returns the row of an event. `detail` is bitrelay's envelope."""
    actor = detail.get("actor") or {}
    name = actor.get("nickname") or actor.get("display_name") or "?"
    cells = [
        received_at.astimezone().strftime("%H:%M:%S"),
        str(detail.get("sequence", "?")),
        str(detail.get("key", "?")),
        str(detail.get("source", "?")),
        str(name),
        what_changed(str(detail.get("key", "")), detail.get("payload")),
        known_after(detail.get("occurred_at"), received_at),
    ]
    return _row(cells)


def action_row(actor: str, text: str, silent: bool) -> str:
    """Returns the row of an action of a person."""
    now = datetime.datetime.now().strftime("%H:%M:%S")
    return f"{now}       > {actor} {text}{'  (Bitbucket sends nothing)' if silent else ''}"


def known_after(occurred_at: str | None, received_at: datetime.datetime) -> str:
    """Returns the time from the fact (by Bitbucket's clock) to its arrival; "?" if Bitbucket names no time."""
    if not occurred_at:
        return "?"
    seconds = (received_at - datetime.datetime.fromisoformat(occurred_at)).total_seconds()
    return f"{seconds:.1f} s"


def what_changed(key: str, payload: Any) -> str:
    """Summarizes the payload in a few words."""
    if not isinstance(payload, dict):
        return "(its payload is in the log)"
    kind = key.partition(":")[2]
    if kind.startswith("task_"):
        task = payload.get("task") or {}
        state = "" if kind == "task_created" else f" {str(task.get('state', '')).lower()}"
        return f"task {task.get('id', '?')}{state}: {_quote(task)}"
    if kind.startswith(("comment_", "commit_comment_")):
        return _comment(payload.get("comment") or {}, kind)
    if kind == "push":
        changes = (payload.get("push") or {}).get("changes") or [{}]
        return f"push to {(changes[0].get('new') or {}).get('name', '?')}"
    pull_request = payload.get("pullrequest") or {}
    if kind == "fulfilled":
        destination = pull_request.get("destination") or {}
        return f"merged into {(destination.get('branch') or {}).get('name', '?')}"
    return _short(str(pull_request.get("title", "")))


def _comment(comment: dict[str, Any], kind: str) -> str:
    parent = (comment.get("parent") or {}).get("id")
    reply = f" (reply to {parent})" if parent else ""
    text = "" if kind.endswith("_deleted") else f": {_quote(comment)}"
    return f"comment {comment.get('id', '?')}{reply}{text}"


def _quote(thing: dict[str, Any]) -> str:
    return f'"{_short(str((thing.get("content") or {}).get("raw", "")))}"'


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= TEXT_LENGTH else one_line[: TEXT_LENGTH - 3] + "..."


def _row(cells: list[str]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, WIDTHS.values(), strict=True)]
    return "  ".join(padded).rstrip()

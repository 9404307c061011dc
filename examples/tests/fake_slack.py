"""A fake Slack with bookmarks only: it answers like the real one, counts calls, and fails on demand."""

from __future__ import annotations

import itertools
import json
import threading
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "xoxb-of-the-tests"


class FakeSlack:
    """Listens on its own port while it is open. It never waits."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        """The methods called, in order. Calls that were refused for their number are in `refused` instead."""
        self.refused: list[str] = []
        self.bookmarks: dict[str, dict[str, str]] = {}
        """By id, in the order in which they were added."""
        self.locked: set[str] = set()
        """Titles of bookmarks that may not be edited."""
        self.before_answer: Callable[[], None] = lambda: None
        """Runs once, in the middle of the next call, so that a test can act there."""
        self._ids = itertools.count(1)
        self._allowed: int | None = None
        self._retry_after: str | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        """The base of its API."""
        return f"http://127.0.0.1:{self._server.server_port}/api"

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()

    def takes_only(self, calls: int, retry_after: str | None) -> None:
        """After so many calls more, it answers 429."""
        self._allowed, self._retry_after = calls, retry_after

    def takes_all_again(self) -> None:
        """No 429 any more."""
        self._allowed = None

    def titles(self, channel: str) -> list[str]:
        """Returns the titles in a channel."""
        return [bookmark["title"] for bookmark in self.bookmarks.values() if bookmark["channel_id"] == channel]

    def deletes_by_hand(self, label: str) -> None:
        """Removes the bookmark with this text in its title, as a person does."""
        (found,) = (key for key, bookmark in self.bookmarks.items() if label in bookmark["title"])
        del self.bookmarks[found]

    def calls_since(self, before: int) -> list[str]:
        """The calls after the first so many."""
        return self.calls[before:]

    def answer(self, method: str, token: str | None, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Returns the status and the body for one call."""
        if self._allowed is not None:
            if self._allowed == 0:
                self.refused.append(method)
                return 429, {"ok": False, "error": "ratelimited"}
            self._allowed -= 1
        self.calls.append(method)
        hook, self.before_answer = self.before_answer, lambda: None
        hook()
        if token != f"Bearer {TOKEN}":
            return 200, {"ok": False, "error": "invalid_auth"}
        return 200, self._do(method, fields)

    def headers(self, status: int) -> dict[str, str]:
        """Headers of a 429."""
        return {"Retry-After": self._retry_after} if status == 429 and self._retry_after is not None else {}

    def _do(self, method: str, fields: dict[str, str]) -> dict[str, Any]:
        if not fields["channel_id"].startswith("C"):
            return {"ok": False, "error": "channel_not_found"}
        if method == "bookmarks.add":
            added = fields | {"id": f"Bk{next(self._ids)}"}
            self.bookmarks[added["id"]] = added
            return {"ok": True, "bookmark": added}
        if method == "bookmarks.edit":
            known = self.bookmarks.get(fields["bookmark_id"])
            if known is None:
                return {"ok": False, "error": "not_found"}
            if known["title"] in self.locked:
                return {"ok": False, "error": "permission_denied"}
            known["title"] = fields["title"]
            return {"ok": True, "bookmark": known}
        if method == "bookmarks.list":
            there = [known for known in self.bookmarks.values() if known["channel_id"] == fields["channel_id"]]
            return {"ok": True, "bookmarks": there}
        return {"ok": False, "error": "unknown_method"}


def _handler_of(slack: FakeSlack) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            method = self.path.removeprefix("/api/")
            fields = dict(urllib.parse.parse_qsl(body, strict_parsing=True))
            status, answer = slack.answer(method, self.headers["Authorization"], fields)
            text = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in slack.headers(status).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            """Prints nothing."""

    return Handler

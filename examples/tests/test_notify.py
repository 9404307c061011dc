"""The lines that `notify` sends."""

from __future__ import annotations

import contextlib
import io
import json
import os
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from unittest import mock

import notify

from tests import samples

LINES = {
    "pullrequest.approved": "acme/widgets #7: bob, pullrequest:approved",
    "pullrequest.comment_created": "acme/widgets #7: bob, pullrequest:comment_created",
    "pullrequest.comment_updated": "acme/widgets #7: bob, pullrequest:comment_updated",
    "pullrequest.counters_changed": "acme/widgets #7: somebody, pullrequest:counters_changed",
    "pullrequest.created": "acme/widgets #7: alice, pullrequest:created",
    "pullrequest.created~another-workspace": "globex/gadgets #3: carol, pullrequest:created",
    "pullrequest.fulfilled~large": "acme/widgets #7: alice, pullrequest:fulfilled (state)",
    "pullrequest.task_created": "acme/widgets #7: bob, pullrequest:task_created",
    "pullrequest.task_resolved": "acme/widgets #7: alice, pullrequest:task_resolved",
    "pullrequest.updated": "acme/widgets #7: alice, pullrequest:updated (title, commits, reviewer_added)",
    "repo.commit_status_updated": "acme/widgets #7: alice, repo:commit_status_updated",
    "repo.push": "acme/widgets: alice, repo:push",
    "repo.push~replayed": "acme/widgets: alice, repo:push",
}


class NotifyTest(unittest.TestCase):
    """Each sample event gives one line."""

    def test_each_event_is_one_line(self) -> None:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), mock.patch.dict(os.environ, clear=True):
            for event in samples.all_events().values():
                notify.handler(event, None)
        self.assertEqual(printed.getvalue().splitlines(), list(LINES.values()))
        self.assertEqual(list(samples.all_events()), list(LINES))

    def test_an_event_about_no_repository_goes_by_its_link(self) -> None:
        detail = samples.detail("repo.push") | {"subject": {"type": "link"}, "key": "project:updated"}
        self.assertEqual(notify.line(detail), "acme: alice, project:updated")

    def test_markup_of_a_name_is_posted_as_text(self) -> None:
        detail = samples.detail("repo.push") | {"actor": {"nickname": "<!channel>"}}
        with (
            contextlib.redirect_stdout(io.StringIO()),
            mock.patch.dict(os.environ, {"NOTIFY_URL": "http://localhost/"}),
            mock.patch("urllib.request.urlopen") as posted,
        ):
            notify.handler({"detail": detail}, None)
        body = json.loads(posted.call_args.args[0].data)
        self.assertIn("&lt;!channel&gt;", body["text"])

    def test_a_line_is_posted_where_the_settings_say(self) -> None:
        # Given a listener
        heard: list[Any] = []

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Prints nothing."""

        with HTTPServer(("127.0.0.1", 0), Listener) as server:
            one = threading.Thread(target=server.handle_request, daemon=True)
            one.start()
            # When an event arrives
            settings = {"NOTIFY_URL": f"http://127.0.0.1:{server.server_port}/"}
            with contextlib.redirect_stdout(io.StringIO()), mock.patch.dict(os.environ, settings):
                notify.handler(samples.all_events()["pullrequest.approved"], None)
            one.join(5)
        # Then the listener receives its line
        self.assertEqual(heard, [{"text": LINES["pullrequest.approved"]}])

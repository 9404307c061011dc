"""Both examples, deployed into an emulated AWS as their READMEs describe: events on the bus, lines and bookmarks at
the other end. The functions run under the permissions that the templates give them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import unittest
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bookmarks.titles import SEVEN
from devstack import aws as environment
from devstack import deploy
from devstack.settings import REGION

from emulated import aws
from tests import EXAMPLES, samples
from tests.fake_slack import TOKEN, FakeSlack
from tests.test_notify import LINES

BUS = "bitrelay"
CHANNEL = "C0123456789"
# Longer than the queue delays a message if two invocations meet.
LIMIT_SECONDS = 200.0


class DeployedTest(unittest.TestCase):
    """From the bus to the other end."""

    @classmethod
    def setUpClass(cls) -> None:
        aws.client("events").create_event_bus(Name=BUS)
        aws.client("secretsmanager").create_secret(Name="bookmarks/slack-token", SecretString=f"{TOKEN}\n")

    def test_notify_posts_a_line_for_each_event(self) -> None:
        heard: set[str] = set()

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                heard.add(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Prints nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            self.addCleanup(server.shutdown)
            self._deploys("notify", NotifyUrl=f"http://127.0.0.1:{server.server_port}/")
            self._publishes(samples.all_events().values())
            self._comes_true(lambda: heard == set(LINES.values()), lambda: f"heard: {heard}")

    def test_bookmarks_end_as_the_story_does(self) -> None:
        slack = FakeSlack()
        self.addCleanup(slack.close)
        self._deploys("bookmarks", Channel=CHANNEL, SlackUrl=slack.url, Architecture=deploy.architecture())
        self._publishes(event for event in samples.all_events().values() if event["detail"]["link"] == "acme")
        expected = [f"#7 {title}" for title in samples.END]
        self._comes_true(lambda: slack.titles(CHANNEL) == expected, lambda: f"calls: {slack.calls}")
        self.assertEqual(slack.calls.count("bookmarks.add"), len(SEVEN))

    def _deploys(self, example: str, **parameters: str) -> None:
        """The command of the example's page, into the emulator."""
        words = [f"{name}={value}" for name, value in ({"BusName": BUS} | parameters).items()]
        command = [Path(sys.executable).parent / "sam", "deploy", "--stack-name", example, "--resolve-s3"]
        command += ["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--region", REGION]
        settings = environment.environment(aws.endpoint_url())
        settings |= {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "1"}
        done = subprocess.run(
            [*command, "--parameter-overrides", *words],
            cwd=EXAMPLES / example,
            env=settings,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def _publishes(self, events: Any) -> None:
        """Publishes like bitrelay's publisher."""
        entries = [
            {
                "EventBusName": BUS,
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": json.dumps(event["detail"]),
            }
            for event in events
        ]
        for first in range(0, len(entries), 10):
            answer = aws.client("events").put_events(Entries=entries[first : first + 10])
            self.assertEqual(answer["FailedEntryCount"], 0)

    def _comes_true(self, condition: Callable[[], bool], explain: Callable[[], str]) -> None:
        """Waits for a condition, with a time limit."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), deadline, explain())
            time.sleep(0.05)

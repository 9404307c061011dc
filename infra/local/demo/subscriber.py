"""A subscriber. It reads the queue behind the rule on the bus, and knows only the events of bitrelay."""

from __future__ import annotations

import datetime
import json
import threading
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from demo import rows
from demo.screen import Screen
from devstack import aws

POLL_SECONDS = 1
BATCH = 10


@dataclass(frozen=True)
class Received:
    """One event and the time of its arrival."""

    detail: dict[str, Any]
    at: datetime.datetime


class Subscriber(threading.Thread):
    """Receives in the background; prints and keeps each event, in the order of arrival."""

    def __init__(self, stack: dict[str, Any], screen: Screen) -> None:
        super().__init__(daemon=True)
        self._queue_url = stack["events_queue_url"]
        self._sqs = aws.client("sqs", stack["endpoint_url"])
        self._screen = screen
        self._received: list[Received] = []
        self._news = threading.Condition()
        self._ended = threading.Event()
        self.failure: str | None = None

    def empty_queue(self) -> None:
        """Deletes the messages that are in the queue already."""
        self._sqs.purge_queue(QueueUrl=self._queue_url)

    def received(self) -> list[Received]:
        """Returns everything that has arrived so far."""
        with self._news:
            return list(self._received)

    def wait_for_news(self, seconds: float) -> None:
        """Returns at the next arrival, or when the time is over."""
        with self._news:
            self._news.wait(seconds)

    def stop(self) -> None:
        """Ends after the current poll."""
        self._ended.set()
        self.join(POLL_SECONDS + 5)

    def run(self) -> None:
        """Long polls until stopped."""
        while not self._ended.is_set():
            try:
                self._receive()
            except (BotoCoreError, ClientError) as error:
                self.failure = f"the subscriber cannot read its queue: {error}"
                return

    def _receive(self) -> None:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue_url, WaitTimeSeconds=POLL_SECONDS, MaxNumberOfMessages=BATCH
        )
        for message in answer.get("Messages", []):
            event = Received(json.loads(message["Body"])["detail"], datetime.datetime.now(datetime.UTC))
            self._screen.line(rows.event_row(event.detail, event.at))
            with self._news:
                self._received.append(event)
                self._news.notify_all()
            self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])

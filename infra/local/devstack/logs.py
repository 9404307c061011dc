"""The functions' logs."""

from __future__ import annotations

import time
from typing import Any

from devstack import aws
from devstack.console import say
from devstack.settings import FUNCTIONS, STACK_NAME

FOLLOW_SECONDS = 1.0
# Lambda's own lines around each invocation have no information about the function.
FRAME = ("START RequestId", "END RequestId", "REPORT RequestId")


def show(stack: dict[str, Any], functions: list[str], follow: bool) -> None:
    """Prints the log lines of the functions (all, if none is named), oldest first; with `follow` until Ctrl-C."""
    client = aws.client("logs", stack["endpoint_url"])
    since_ms = 0
    seen: set[str] = set()
    while True:
        lines = []
        for name in functions or FUNCTIONS:
            group = f"/aws/lambda/{STACK_NAME}-{name}"
            for page in client.get_paginator("filter_log_events").paginate(
                logGroupName=group, startTime=since_ms
            ):
                lines += [(event["timestamp"], name, event) for event in page["events"]]
        for at_ms, name, event in sorted(lines, key=lambda line: line[:2]):
            identity = f"{event['logStreamName']} {at_ms} {event['message']}"
            if identity in seen or event["message"].startswith(FRAME):
                continue
            seen.add(identity)
            since_ms = max(since_ms, at_ms)
            clock = time.strftime("%H:%M:%S", time.localtime(at_ms / 1000))
            say(f"{clock} {name:<9} {event['message'].rstrip()}")
        if not follow:
            return
        time.sleep(FOLLOW_SECONDS)

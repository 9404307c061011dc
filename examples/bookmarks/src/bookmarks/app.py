"""Entry point for Lambda: only wiring."""

from __future__ import annotations

import functools
import json
import os
import time
import uuid
from typing import Any

import boto3

from bookmarks.keeper import Keeper
from bookmarks.slack import Slack, SlackError
from bookmarks.store import DynamoStore


def handler(event: dict[str, Any], _context: Any) -> None:
    """Handles one message of the queue (BatchSize is 1). If it raises, the queue delivers the message again later."""
    for record in event["Records"]:
        try:
            keeper().keep(json.loads(record["body"])["detail"])
        except SlackError:
            # The token may have been replaced: the next attempt reads it again.
            keeper.cache_clear()
            raise


@functools.cache
def keeper() -> Keeper:
    """Returns the keeper. It is created at the first message and kept while the process lives."""
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SLACK_TOKEN_SECRET"])
    return Keeper(
        store=DynamoStore(boto3.client("dynamodb"), os.environ["TABLE"]),
        slack=Slack(secret["SecretString"].strip(), os.environ["SLACK_URL"]),
        channel=os.environ["CHANNEL"] or None,
        now=time.time,
        new_owner=lambda: uuid.uuid4().hex,
    )

"""The function's wiring: settings that it reads once, and those that it reads again."""

from __future__ import annotations

import json
import os
import unittest
import uuid
from typing import Any
from unittest import mock

from bookmarks import app
from bookmarks.slack import SlackError
from devstack import aws as environment

from emulated import aws
from tests import samples
from tests.fake_slack import TOKEN, FakeSlack

CHANNEL = "C0123456789"


class AppTest(unittest.TestCase):
    """A Lambda process with the settings that the template gives it."""

    def setUp(self) -> None:
        self.slack = FakeSlack()
        self.addCleanup(self.slack.close)
        self.secret = f"token-{uuid.uuid4()}"
        self.table = f"states-{uuid.uuid4()}"
        aws.client("dynamodb").create_table(
            TableName=self.table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        settings = environment.environment(aws.endpoint_url()) | {
            "TABLE": self.table,
            "CHANNEL": CHANNEL,
            "SLACK_TOKEN_SECRET": self.secret,
            "SLACK_URL": self.slack.url,
        }
        started = mock.patch.dict(os.environ, settings)
        started.start()
        self.addCleanup(started.stop)
        self.addCleanup(app.keeper.cache_clear)

    def test_a_token_that_is_replaced_is_read_again(self) -> None:
        # Given a token that Slack no longer accepts
        secrets = aws.client("secretsmanager")
        secrets.create_secret(Name=self.secret, SecretString="xoxb-revoked")
        with self.assertRaises(SlackError):
            app.handler(message("pullrequest.created"), None)
        # When it is replaced, with the line end that an editor adds
        secrets.put_secret_value(SecretId=self.secret, SecretString=f"{TOKEN}\n")
        # Then the same process continues with the new one
        app.handler(message("pullrequest.created"), None)
        self.assertEqual(len(self.slack.titles(CHANNEL)), 7)

    def test_the_token_is_not_read_for_each_message(self) -> None:
        secrets = aws.client("secretsmanager")
        secrets.create_secret(Name=self.secret, SecretString=TOKEN)
        app.handler(message("pullrequest.created"), None)
        secrets.delete_secret(SecretId=self.secret, ForceDeleteWithoutRecovery=True)
        app.handler(message("pullrequest.comment_created"), None)
        self.assertIn("#7 Comments: 1", self.slack.titles(CHANNEL))


def message(name: str) -> dict[str, Any]:
    """A sample as the queue gives it to the function."""
    return {"Records": [{"body": json.dumps(samples.all_events()[name])}]}

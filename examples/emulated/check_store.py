"""DynamoDB keeps states as the store in memory does."""

from __future__ import annotations

import uuid

from bookmarks.state import State
from bookmarks.store import ConflictError, DynamoStore

from emulated import aws
from tests import stores


class DynamoStoreTest(stores.StoreContract):
    """The contract, with a table of its own for each test."""

    def setUp(self) -> None:
        self.table = f"states-{uuid.uuid4()}"
        self.client = aws.client("dynamodb")
        self.client.create_table(
            TableName=self.table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        self.addCleanup(self.client.delete_table, TableName=self.table)
        self.store = DynamoStore(self.client, self.table)

    def test_a_person_can_name_a_channel_before_the_first_event(self) -> None:
        self._names_channel("pr", "C7")
        self.assertEqual(self.store.load("pr"), State(version=1, channel="C7"))

    def test_a_channel_that_is_named_while_an_event_is_taken_in_is_not_lost(self) -> None:
        read = self.store.save("pr", State())
        self._names_channel("pr", "C7")
        with self.assertRaises(ConflictError):
            self.store.save("pr", read)
        self.assertEqual(self.store.load("pr").channel, "C7")

    def _names_channel(self, key: str, channel: str) -> None:
        """The command of the README."""
        self.client.update_item(
            TableName=self.table,
            Key={"pk": {"S": key}},
            UpdateExpression="SET channel = :channel ADD version :one",
            ExpressionAttributeValues={":channel": {"S": channel}, ":one": {"N": "1"}},
        )

"""Stores of states: the interface that the keeper needs, and DynamoDB."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

from bookmarks.state import State, from_json, to_json


class ConflictError(Exception):
    """Another invocation wrote the state since it was read. Read it again."""


class Store(Protocol):
    """States by key."""

    def load(self, key: str) -> State:
        """Returns the newest state; an empty one if there is none."""

    def save(self, key: str, state: State) -> State:
        """Writes the state if it is unchanged since it was read. Returns it with its new version.

        Raises `ConflictError`.
        """


class DynamoStore:
    """A table with the string key `pk`."""

    def __init__(self, client: Any, table: str) -> None:
        """`client` is boto3's client for DynamoDB."""
        self._client = client
        self._table = table

    def load(self, key: str) -> State:
        """Reads consistently, because a stale state would make every save fail."""
        answer = self._client.get_item(TableName=self._table, Key={"pk": {"S": key}}, ConsistentRead=True)
        item = answer.get("Item")
        if item is None:
            return State()
        version, channel = int(item["version"]["N"]), item.get("channel", {}).get("S")
        # A person who names a channel before the first event creates an item without a document.
        document = item.get("document", {}).get("S") or to_json(State())
        return from_json(version, channel, document)

    def save(self, key: str, state: State) -> State:
        """The condition makes two invocations at once safe."""
        saved = dataclasses.replace(state, version=state.version + 1)
        item = {"pk": {"S": key}, "version": {"N": str(saved.version)}, "document": {"S": to_json(saved)}}
        if saved.channel is not None:
            item["channel"] = {"S": saved.channel}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR version = :read",
                ExpressionAttributeValues={":read": {"N": str(state.version)}},
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise ConflictError(key) from error
        return saved

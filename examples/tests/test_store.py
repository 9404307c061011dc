"""The store in memory is a store. (DynamoDB is told the same in `emulated/`.)"""

from __future__ import annotations

from tests import stores


class MemoryStoreTest(stores.StoreContract):
    """The contract."""

    def setUp(self) -> None:
        self.store = stores.MemoryStore()

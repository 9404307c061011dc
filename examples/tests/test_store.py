"""The store in memory fulfils the contract. `emulated/` tests DynamoDB."""

from __future__ import annotations

from tests import stores


class MemoryStoreTest(stores.StoreContract):
    """The contract."""

    def setUp(self) -> None:
        self.store = stores.MemoryStore()

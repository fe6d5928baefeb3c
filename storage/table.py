"""TinyDB's table and database classes over rows that decode on demand and commit through the journal.

The stock table copies all of itself twice for each change. Here an update works on an overlay that hands out private
copies and remembers which rows were touched; only those that came out different are written, as one commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, cast

from tinydb import TinyDB
from tinydb.queries import QueryLike
from tinydb.table import Table

from storage.durable import DurableStorage
from storage.views import Documents, Overlay


class DurableTable(Table):
    """A TinyDB table whose every change is one durable commit; queries work as documented by TinyDB.

    A document carries its row's key as `_key` and is checked against the table's record before it is written.
    """

    def __init__(self, storage: DurableStorage, name: str, cache_size: int = 0, persist_empty: bool = False) -> None:
        """No query cache: it would keep every row that a search ever found."""
        self._rows = storage.rows_of(name)
        self._durable = storage
        super().__init__(storage, name, cache_size=cache_size, persist_empty=persist_empty)

    def update(
        self,
        fields: Mapping[str, Any] | Callable[[MutableMapping[str, Any]], None],
        cond: QueryLike | None = None,
        doc_ids: Iterable[int] | None = None,
    ) -> list[int]:
        """As TinyDB's, but the rows are found first, so that only they are copied."""
        if cond is not None and doc_ids is None:
            doc_ids = [document.doc_id for document in self.search(cond)]
        return super().update(fields, cond, doc_ids)

    def remove(self, cond: QueryLike | None = None, doc_ids: Iterable[int] | None = None) -> list[int]:
        """As TinyDB's, but the rows are found first."""
        if cond is not None and doc_ids is None:
            doc_ids = [document.doc_id for document in self.search(cond)]
        return super().remove(cond, doc_ids)

    def _read_table(self) -> dict[str, Mapping[str, Any]]:
        return cast(dict[str, Mapping[str, Any]], Documents(self._rows))

    def _update_table(self, updater: Callable[[dict[int, Mapping[str, Any]]], None]) -> None:
        overlay = Overlay(self._rows)
        updater(cast(dict[int, Mapping[str, Any]], overlay))
        changes = overlay.changes()
        self._rows.check_keys(changes)
        if changes:
            self._durable.commit({self.name: changes})

    def _get_next_id(self) -> int:
        return self._rows.take_id()


class Database(TinyDB):
    """TinyDB itself, with our table and storage put in where TinyDB lets one; asked without a table it means trades."""

    table_class = DurableTable  # type: ignore[assignment]  # TinyDB's documented way, typed as its own classes only
    default_storage_class = DurableStorage  # type: ignore[assignment]
    default_table_name = "trades"

"""A store that forgets: rows in memory only, for as long as the one on disk cannot be opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trading.domain.records import TABLES, Put, Record


class MemoryStore:
    """Implements `trading.ports.Store`, without a disk to fail."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Record]] = {table: {} for table in TABLES}

    def commit(self, puts: Sequence[Put]) -> None:
        """All of the puts or none. Raises ValueError or TypeError for a table or record that does not exist."""
        for put in puts:
            _check(put)
        for put in puts:
            if put.record is None:
                self._rows[put.table].pop(put.key, None)
            else:
                self._rows[put.table][put.key] = put.record

    def get(self, table: str, key: str) -> Record | None:
        return self._rows[table].get(key)

    def select(self, table: str, **equals: object) -> list[Record]:
        wanted = equals.items()
        return [row for row in self._rows[table].values() if all(getattr(row, name) == value for name, value in wanted)]

    def tail(self, table: str, count: int) -> list[Record]:
        return list(self._rows[table].values())[-count:] if count > 0 else []

    def latest(self, table: str) -> Iterator[Record]:
        return reversed(list(self._rows[table].values()))

    def count(self, table: str) -> int:
        return len(self._rows[table])

    def archived(self, table: str) -> list[Record]:
        return []

    def archives(self, table: str) -> Iterator[Record]:
        return iter(())

    def latest_archived(self, table: str) -> Iterator[Record]:
        return iter(())

    def close(self) -> None: ...


def _check(put: Put) -> None:
    if put.table not in TABLES:
        raise ValueError(f"no table {put.table!r}: there are {', '.join(TABLES)}")
    if put.record is not None and not isinstance(put.record, TABLES[put.table]):
        raise TypeError(f"{type(put.record).__name__} is no row of {put.table}")

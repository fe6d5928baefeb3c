"""Rows as TinyDB reads and as it changes them: private copies either way, so that no stored document ever changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from storage import codec
from storage.rows import Rows

Plain = dict[str, Any]


class Documents(Mapping[str, Plain]):
    """A table as TinyDB reads one: text ids to documents, each decoded when it is looked at, a private copy."""

    def __init__(self, rows: Rows) -> None:
        self._documents = rows.documents

    def __getitem__(self, number: str) -> Plain:
        return codec.to_plain(self._documents[int(number)])

    def __iter__(self) -> Iterator[str]:
        return (str(number) for number in list(self._documents))

    def __len__(self) -> int:
        return len(self._documents)


class Overlay(MutableMapping[int, Plain]):
    """A table during one update: what was touched, over what is stored."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._touched: dict[int, Plain | None] = {}

    def __getitem__(self, number: int) -> Plain:
        if number not in self._touched:
            self._touched[number] = codec.to_plain(self._rows.documents[number])
        if (document := self._touched[number]) is None:
            raise KeyError(number)
        return document

    def __setitem__(self, number: int, document: Plain) -> None:
        self._touched[number] = document

    def __delitem__(self, number: int) -> None:
        if number not in self:
            raise KeyError(number)
        self._touched[number] = None

    def __contains__(self, number: object) -> bool:
        if number in self._touched:
            return self._touched[number] is not None
        return number in self._rows.documents

    def __iter__(self) -> Iterator[int]:
        numbers = dict.fromkeys([*self._rows.documents, *self._touched])
        return (number for number in numbers if number in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        self._touched = dict.fromkeys(self._rows.documents)

    def changes(self) -> dict[int, bytes | None]:
        """Touched rows that came out different. Raises ValueError for a document that is no row of its table."""
        table, stored = self._rows.table, self._rows.documents
        found = {n: None if d is None else codec.from_plain(table, d) for n, d in self._touched.items()}
        return {number: document for number, document in found.items() if document != stored.get(number)}

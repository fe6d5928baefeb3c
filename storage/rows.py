"""One table in memory: documents in first-put order, and hash indexes on the fields by which rows are looked up.

Fields with few values, like `mode` or `strategy`, have none: an index of half the table saves nothing and costs its
memory for good. They are found by their text in the documents instead, 0.3 microseconds a row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from itertools import islice
from typing import Any

import msgspec

from storage import codec
from trading.domain.records import Record

INDEXED = ("client_order_id", "order_id", "trade_id", "ticker", "status", "outcome")

Change = Mapping[int, bytes | None]  # document id -> document, or None where it goes
Head = tuple[str, ...]  # of a row: its key, then the values of its indexed fields


class Rows:
    """`documents` by id, in order; `ids` by key; `next_id` is larger than every id ever given out."""

    def __init__(self, table: str, documents: dict[int, bytes]) -> None:
        self.table, self.documents = table, documents
        self.fields = frozenset(f.name for f in fields(codec.record_type(table)))
        self.ids: dict[str, int] = {}
        self.next_id = 1
        self._indexes = {name: Index() for name in INDEXED if name in self.fields}
        self._heads = _head_decoder(table, tuple(self._indexes))
        for number, document in documents.items():
            self._enter(number, self._heads(document))

    def apply(self, change: Change) -> None:
        """Put and remove rows; a row that is replaced keeps its place."""
        for number, document in change.items():
            before = None if (stored := self.documents.get(number)) is None else self._heads(stored)
            after = None if document is None else self._heads(document)
            if before != after:  # most changes of a row are none of its key and indexed fields
                self._leave(number, before)
                self._enter(number, after)
            if document is None:
                self.documents.pop(number, None)
            else:
                self.documents[number] = document

    def take_id(self) -> int:
        """An id for a new row."""
        self.next_id += 1
        return self.next_id - 1

    def check_keys(self, change: Change) -> None:
        """Raises ValueError when a document brings a key that another row has."""
        taken: dict[str, int] = {}
        for number, document in change.items():
            key = "" if document is None else self._heads(document)[0]
            if key and self.ids.get(key, taken.setdefault(key, number)) != number:
                raise ValueError(f"table {self.table} has a row with the key {key!r} already")

    def get(self, key: str) -> Record | None:
        number = self.ids.get(key)
        return None if number is None else self.at(number)

    def at(self, number: int) -> Record:
        """The row with this document id. Raises KeyError."""
        return codec.decode(self.table, self.documents[number])

    def numbers(self, field: str, value: str) -> list[int]:
        """The ids of the rows in whose indexed `field` this stands, in first-put order."""
        return sorted(self._indexes[field].find(value))

    def unchanged(self, rows: Mapping[int, bytes]) -> list[int]:
        """The ids of those of these documents that still stand."""
        return [number for number, document in rows.items() if self.documents.get(number) == document]

    def select(self, equals: Mapping[str, object]) -> list[Record]:
        """Rows whose fields equal these, in first-put order. Raises ValueError for an unknown field."""
        if unknown := sorted(equals.keys() - self.fields):
            raise ValueError(f"rows of table {self.table} have no field {unknown[0]!r}")
        records = (codec.decode(self.table, document) for document in self._candidates(equals))
        wanted = equals.items()
        return [r for r in records if all(getattr(r, name) == value for name, value in wanted)]

    def tail(self, count: int) -> list[Record]:
        """The last `count` rows, oldest first."""
        newest = list(islice(reversed(self.documents.values()), max(count, 0)))
        return [codec.decode(self.table, document) for document in reversed(newest)]

    def latest(self) -> Iterator[Record]:
        """The rows as they are now, the last one first, each decoded when it is looked at."""
        return (codec.decode(self.table, document) for document in reversed(list(self.documents.values())))

    def _candidates(self, equals: Mapping[str, object]) -> Iterable[bytes]:
        """Documents among which all that match are: the shortest index entry, thinned out by the other fields' text."""
        texts = {name: str(value) for name, value in equals.items() if isinstance(value, str)}
        documents: Iterable[bytes] = self.documents.values()
        if found := [self._indexes[name].find(value) for name, value in texts.items() if name in self._indexes]:
            documents = [self.documents[number] for number in sorted(min(found, key=_size))]
        for name, value in texts.items():
            mark = _mark(name, value)
            documents = [document for document in documents if mark in document]
        return documents

    def _enter(self, number: int, head: Head | None) -> None:
        if head is None:
            return
        key, *values = head
        self.ids[key] = number
        self.next_id = max(self.next_id, number + 1)
        for index, value in zip(self._indexes.values(), values, strict=True):
            index.add(key if value == key else value, number)  # one string where both are the same text

    def _leave(self, number: int, head: Head | None) -> None:
        if head is None:
            return
        key, *values = head
        del self.ids[key]
        for index, value in zip(self._indexes.values(), values, strict=True):
            index.discard(value, number)


class Index:
    """Values of one field to document ids. Most values have one row: a bare number is a tenth of a set's size."""

    def __init__(self) -> None:
        self._found: dict[str, int | set[int]] = {}

    def find(self, value: str) -> Collection[int]:
        found = self._found.get(value, ())
        return (found,) if isinstance(found, int) else found

    def add(self, value: str, number: int) -> None:
        found = self._found.setdefault(value, number)
        if isinstance(found, set):
            found.add(number)
        elif found != number:
            self._found[value] = {found, number}

    def discard(self, value: str, number: int) -> None:
        found = self._found.get(value)
        if isinstance(found, set) and len(found) > 1:
            found.discard(number)
        else:
            del self._found[value]


def _size(numbers: Any) -> int:
    return len(numbers)


def _mark(name: str, value: str) -> bytes:
    """What stands in a document whose field has this value: all are written by one encoder, without spaces."""
    return b'"%b":%b' % (name.encode(), msgspec.json.encode(value))


def _head_decoder(table: str, names: tuple[str, ...]) -> Callable[[bytes], Head]:
    """A function from a document to its key and the indexed fields; all else is skipped, not decoded."""
    head = msgspec.defstruct(f"{table}_head", [("key", str, msgspec.field(name=codec.KEY)), *((n, str) for n in names)])
    decoder = msgspec.json.Decoder(head)
    return lambda document: msgspec.structs.astuple(decoder.decode(document))

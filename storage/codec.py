"""Records to documents and back, exactly: the only place that knows how a row looks on disk.

A document is the record's fields as compact JSON, with the row's key as `_key` in front. Decimals and times are text:
`1.10` stays `1.10` and a microsecond stays a microsecond. Documents are kept as bytes, also in memory: a third of the
size of the records, nobody can change one that others hold, and a snapshot is no more than joining them.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from trading.domain.errors import StoreRefused
from trading.domain.records import TABLES, Record

KEY = "_key"

_ENCODER = msgspec.json.Encoder()
_DECODERS = {table: msgspec.json.Decoder(record) for table, record in TABLES.items()}
_PLAIN = msgspec.json.Decoder()


class _Head(msgspec.Struct):
    key: str = msgspec.field(name=KEY)


_HEAD = msgspec.json.Decoder(_Head)


def encode(table: str, key: str, record: Record) -> bytes:
    """The document of a row. Raises ValueError for an unknown table, TypeError for a record of another table."""
    if not isinstance(record, record_type(table)):
        raise TypeError(f"table {table} holds {record_type(table).__name__}, not {type(record).__name__}")
    try:
        body = _ENCODER.encode(record)
    except UnicodeEncodeError:
        body = _ENCODER.encode(_without_surrogates(table, record))
    return b'{"_key":%b,%b' % (_ENCODER.encode(key), body[1:])


def decode(table: str, document: bytes) -> Record:
    """The record of a document. Raises StoreRefused when it is none of its table's."""
    try:
        return _DECODERS[table].decode(document)
    except msgspec.DecodeError as error:
        raise StoreRefused(
            f"a row of table {table} cannot be read ({error}): start the version that wrote it, or restore a backup"
        ) from None


def to_plain(document: bytes) -> dict[str, Any]:
    """The document as the dict that TinyDB queries see: a private copy each time."""
    plain: dict[str, Any] = _PLAIN.decode(document)
    return plain


def key_of(document: bytes) -> str:
    """The key of the document's row."""
    return _HEAD.decode(document).key


def from_plain(table: str, plain: dict[str, Any]) -> bytes:
    """A document from such a dict. Raises ValueError when `_key` is missing or the record does not fit its table."""
    key = plain.get(KEY)
    if not isinstance(key, str):
        raise ValueError(f"a document of table {table} needs its row's key as {KEY!r}, found {key!r}")
    try:
        record = msgspec.convert(plain, record_type(table))
    except msgspec.ValidationError as error:
        raise ValueError(f"not a row of table {table}: {error}") from None
    return encode(table, key, record)


def record_type(table: str) -> type[Record]:
    """Which record stands in a table. Raises ValueError for an unknown table."""
    if table not in TABLES:
        raise ValueError(f"no table {table!r}: there are {', '.join(TABLES)}")
    return TABLES[table]


def _without_surrogates(table: str, record: Record) -> Record:
    """The record with halves of characters (as in names of foreign files) as `?`: odd text must not stop a commit."""
    text = json.dumps(msgspec.to_builtins(record), ensure_ascii=False)
    return _DECODERS[table].decode(text.encode("utf-8", "replace"))

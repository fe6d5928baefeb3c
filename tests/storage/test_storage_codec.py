"""Records come back from their documents exactly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from storage_samples import SAMPLES, rows, trade

from storage import codec, migrations
from trading.domain.errors import StoreRefused
from trading.domain.records import TABLES, Record


@settings(max_examples=200)
@given(rows())
def test_every_record_comes_back_exactly(row: tuple[str, str, Record]) -> None:
    table, key, record = row
    document = codec.encode(table, key, record)
    assert repr(codec.decode(table, document)) == repr(record)  # repr tells 1.0 from 1.00, and 0 from -0
    assert codec.from_plain(table, codec.to_plain(document)) == document
    assert codec.to_plain(document)[codec.KEY] == key
    assert b"\n" not in document


@pytest.mark.parametrize("table", TABLES)
def test_documents_of_schema_1_are_read_for_ever(table: str) -> None:
    """A change that breaks this needs a step in storage/migrations.py."""
    kept = msgspec.json.decode((Path(__file__).parent / "schema_1.json").read_bytes(), type=dict[str, msgspec.Raw])
    assert migrations.current_version() == 2
    assert codec.decode(table, migrations.migrate(table, bytes(kept[table]), 1)) == SAMPLES[table]


def test_half_characters_become_question_marks() -> None:
    document = codec.encode("trades", "k", replace(trade(), strategy="a\udc80b"))
    assert codec.decode("trades", document) == replace(trade(), strategy="a?b")


def test_what_does_not_fit_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no table 'moons'"):
        codec.encode("moons", "k", trade())
    with pytest.raises(TypeError, match="table orders holds Order, not Trade"):
        codec.encode("orders", "k", trade())
    with pytest.raises(ValueError, match="needs its row's key as '_key'"):
        codec.from_plain("trades", {})
    with pytest.raises(ValueError, match="not a row of table trades"):
        codec.from_plain("trades", {"_key": "k", "mode": "real"})
    with pytest.raises(StoreRefused, match="a row of table trades cannot be read"):
        codec.decode("trades", b'{"_key":"k"}')

"""What every Store does alike: the one on a disk and the one in memory answer the same after the same commits."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.memory import MemoryStore
from storage.store import TinyStore
from tests.storage.storage_samples import SAMPLES, position_put, puts
from trading.domain.records import TABLES, Put
from trading.ports import Store

Opened = Callable[[Path], Store]
STORES: dict[str, Opened] = {"disk": TinyStore.open, "memory": lambda _: MemoryStore()}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with closing(STORES[request.param](tmp_path)) as opened:
        yield opened


@given(st.lists(st.lists(puts(), max_size=4), max_size=8))
def test_every_store_answers_the_same(commits: Sequence[Sequence[Put]]) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(TinyStore.open(Path(folder))) as disk:
        memory = MemoryStore()
        for commit in commits:
            disk.commit(commit)
            memory.commit(commit)
        for table in TABLES:
            assert list(disk.latest(table)) == list(memory.latest(table))
            assert disk.select(table) == memory.select(table)
            assert disk.count(table) == memory.count(table)
            assert [disk.tail(table, n) for n in range(3)] == [memory.tail(table, n) for n in range(3)]
            assert [disk.get(table, key) for key in "abc"] == [memory.get(table, key) for key in "abc"]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (Put("nothing", "a", SAMPLES["orders"]), ValueError),
        (Put("nothing", "a", None), ValueError),
        (Put("trades", "a", SAMPLES["orders"]), TypeError),
    ],
)
def test_a_commit_with_something_impossible_changes_nothing(store: Store, wrong: Put, error: type[Exception]) -> None:
    store.commit([position_put(1)])
    with pytest.raises(error):
        store.commit([position_put(1, contracts=5), position_put(2), wrong])
    assert store.select("positions") == [position_put(1).record]


def test_rows_are_found_by_any_fields(store: Store) -> None:
    store.commit([position_put(n, contracts=n % 2) for n in range(5)])
    odd = [put.record for put in (position_put(1), position_put(3))]
    assert store.select("positions", contracts=1) == odd
    assert store.select("positions", contracts=1, ticker="T3") == odd[1:]
    assert store.archived("positions") == []

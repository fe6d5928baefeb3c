"""A mapping that grows: a dictionary to whoever reads it, and none of it changes what was there before."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain import growing
from trading.domain.growing import RECENT_MAX, Growing

STEPS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 9), st.booleans()), max_size=40)
FIRST = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 9))


@given(FIRST, STEPS)
def test_it_is_the_dictionary_that_it_stands_for(first: dict[str, int], steps: list[tuple[str, int, bool]]) -> None:
    """Also when it was read whole in between, which joins its parts, and when they are joined often."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growing, "RECENT_MAX", 3)
        mapping, plain = Growing(first), dict(first)
        for key, value, read in steps:
            before, known = mapping, dict(plain)
            mapping, plain = mapping.put(key, value), {**plain, key: value}
            same(mapping, plain, read)
            same(before, known, read)


def same(mapping: Growing[int], plain: dict[str, int], read: bool) -> None:
    assert (list(mapping), list(mapping.newest()), len(mapping)) == (list(plain), list(plain.items())[::-1], len(plain))
    assert [(key in mapping, mapping.get(key)) for key in "abcz"] == [(key in plain, plain.get(key)) for key in "abcz"]
    if read:
        assert mapping == plain
        assert list(mapping.values()) == list(plain.values())
        assert list(mapping.items()) == list(plain.items())
        assert (list(mapping.keys()), repr(mapping)) == (list(plain), repr(plain))


def test_what_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="b"):
        Growing({"a": 1}).put("c", 2)["b"]


def test_who_reads_along_misses_nothing_when_the_parts_are_joined_meanwhile() -> None:
    mapping = Growing({"a": 1}).put("b", 2).put("c", 3)
    reading = iter(mapping)
    assert next(reading) == "a"
    mapping.values()
    assert list(reading) == ["b", "c"]


def test_the_first_and_the_newest_are_found_without_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    mapping = Growing({str(n): n for n in range(10)}).put("x", 1)
    monkeypatch.setattr(Growing, "_joined", None)  # would be called
    assert (list(islice(mapping, 1)), list(islice(mapping.newest(), 2))) == (["0"], [("x", 1), ("9", 9)])


def test_the_bulk_is_shared_until_it_is_joined() -> None:
    """So that a put costs what came lately, and not all that there is."""
    mapping = Growing({str(n): n for n in range(1_000)})
    joins, most = 0, 0
    for n in range(10 * RECENT_MAX):
        grown = mapping.put(f"k{n}", n)
        joins += grown._parts[0] is not mapping._parts[0]
        mapping, most = grown, max(most, len(grown._parts[1]))
    assert joins <= 10
    assert most == RECENT_MAX
    assert len(mapping) == 1_000 + 10 * RECENT_MAX

"""A line of figures as one line of text."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.render import columns
from chatbot.sparkline import BLOCKS, spark

FIGURES = st.lists(st.decimals(-10_000, 10_000, places=4), max_size=200)


@pytest.mark.parametrize(
    ("values", "width", "line"),
    [
        ([], 10, ""),
        ([1], 0, ""),
        ([5], 10, "▅"),
        ([0, 0, 0], 10, "▅▅▅"),
        (list(range(8)), 10, "▁▂▃▄▅▆▇█"),
        ([0, -1, -2], 10, "█▅▁"),
        (list(range(16)), 4, "▁▃▆█"),
    ],
)
def test_known_lines(values: list[float], width: int, line: str) -> None:
    assert spark(values, width) == line


@given(FIGURES, st.integers(0, 60))
def test_it_fits_and_shows_where_it_ended(values: list[Decimal], width: int) -> None:
    line = spark(values, width)
    assert columns(line) == min(len(values), width)
    assert set(line) <= set(BLOCKS)
    if line and values[-1] == max(values) != min(values[-len(line) :]):
        assert line[-1] == BLOCKS[-1]


@given(FIGURES.filter(bool))
def test_with_room_for_all_a_higher_figure_is_never_shown_lower(values: list[Decimal]) -> None:
    line = spark(values, len(values))
    pairs = sorted(zip(values, line, strict=True))
    assert [block for _, block in pairs] == sorted(line)

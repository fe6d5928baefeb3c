"""The file of all trades that a chat is sent: to the byte what the plain writers make, and no long list meanwhile."""

from __future__ import annotations

import gc
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from fakes_pages import NOW, trade
from hypothesis import given
from hypothesis import strategies as st

from chatbot.life.trades_sent import PIECE_LINES, trades_file
from storage.export import write_csv, write_json
from trading.domain.trade import Trade

WRITERS = {"csv": write_csv, "json": write_json}
MANY = 3 * PIECE_LINES + 1


def written(form: str, trades: Sequence[Trade]) -> bytes:
    """By the writers that go from one trade to the next."""
    data = io.BytesIO()
    text = io.TextIOWrapper(data, "utf-8", newline="")
    WRITERS[form](trades, text, "demo")
    text.flush()
    return data.getvalue()


def named(number: int, opened: datetime, strategy: str = "consensus") -> Trade:
    return replace(trade(1), trade_id=f"kc-{number}", opened_at=opened, strategy=strategy)


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("count", [0, 1, PIECE_LINES, PIECE_LINES + 1, MANY])
def test_pieces_are_the_whole(form: str, count: int) -> None:
    trades = [named(n, NOW + timedelta(minutes=n)) for n in range(count)]
    made = trades_file("t", form, "demo", reversed(trades[count // 2 :]), trades[: count // 2], NOW)
    assert (made.name, made.data) == ("t", written(form, trades))


hours = st.lists(st.integers(0, 100), max_size=12)


@given(hours, hours, st.sampled_from([*WRITERS]))
def test_trades_stand_in_the_order_in_which_they_were_opened(old: list[int], new: list[int], form: str) -> None:
    """Those of one moment as they stand in the archives, then as they came into the store."""
    numbers = [NOW + timedelta(hours=hour) for hour in (*old, *new)]
    trades = [named(number, at, 'a,"b"\n-\u20ac') for number, at in enumerate(numbers)]
    archived, kept = trades[: len(old)], trades[len(old) :]
    made = trades_file("t", form, "demo", reversed(kept), archived, NOW)
    assert made.data == written(form, sorted(trades, key=lambda each: each.opened_at))


def test_one_that_moves_into_the_archives_meanwhile_counts_once() -> None:
    old = [named(n, NOW) for n in range(3)]
    moving = replace(old[1], strategy="as it is in the store")
    made = trades_file("t", "csv", "demo", [named(9, NOW), moving], old, NOW)
    assert made.data == written("csv", [old[0], moving, old[2], named(9, NOW)])


@pytest.mark.parametrize("form", WRITERS)
def test_a_long_one_is_packed_as_in_one_piece(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.life.trades_sent.FILE_BYTES_MAX", 150_000)
    trades = [named(n, NOW + timedelta(seconds=7 * n * n)) for n in range(MANY)]
    made = trades_file("t", form, "demo", reversed(trades), [], NOW)
    whole = io.BytesIO()
    with ZipFile(whole, "w") as archive:
        archive.writestr(ZipInfo("t", NOW.timetuple()[:6]), written(form, trades), ZIP_DEFLATED)
    assert (made.name, made.data) == ("t.zip", whole.getvalue())


def test_no_list_of_trades_stands_meanwhile() -> None:
    """The collector would walk through it while nobody else runs."""
    alive: list[int] = []

    def many(first: int) -> Iterator[Trade]:
        for number in range(MANY):
            if not number % 500:
                alive.append(sum(isinstance(o, Trade) and o.strategy == "many" for o in gc.get_objects()))
            yield named(first + number, NOW, "many")

    made = trades_file("t", "csv", "demo", many(0), many(MANY), NOW)
    assert made.data.count(b"\n") == 2 * MANY + 1
    assert max(alive) < 50

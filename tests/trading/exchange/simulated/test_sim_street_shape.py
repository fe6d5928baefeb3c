"""The street of the quarter-hour markets beside what was measured on the live exchange.

Live, autumn 2026: a cent wide between 10 and 90 cents, a tenth of one in the tails; at the touch 10**2 to 10**4
contracts (1,671 by 6,445 and 2,814 by 2,557 were seen); some 50,000 contracts in ten levels a side together; and 69 at
the touch, by the median, in the last minute. Two recorded windows are a cent wide in every minute but the last ones.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from trading.exchange.simulated.windows import KNOWN_SERIES, window_closing
from trading.exchange.simulated.world import SeededWorld

WINDOWS = 60
STEP_SECONDS = 7
FIRST = datetime(2026, 1, 5, 12, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def minutes() -> dict[int, list[tuple[int, int, int, int]]]:
    """By minute of the window: bid, ask (price units), the size at the bid and the contracts of the whole book."""
    world, found = SeededWorld(1), defaultdict(list)
    for number in range(WINDOWS):
        window = window_closing(KNOWN_SERIES["KXBTC15M"], FIRST + number * timedelta(minutes=15))
        for second in range(0, 900, STEP_SECONDS):
            book = world.street(window, window.open_time + timedelta(seconds=second))
            if book.bids and book.asks:
                whole = sum(n for _, n in (*book.bids, *book.asks)) // 100
                found[second // 60].append((book.bids[0][0], book.asks[0][0], book.bids[0][1] // 100, whole))
    return found


def middle(touch: tuple[int, int, int, int]) -> bool:
    return touch[0] > 1_000 and touch[1] < 9_000


def test_it_is_a_cent_wide_in_every_minute(minutes: dict[int, list[tuple[int, int, int, int]]]) -> None:
    for minute in range(14):
        assert median(ask - bid for bid, ask, *_ in filter(middle, minutes[minute])) == 100, minute


def test_it_is_a_tenth_of_a_cent_wide_in_the_tails(minutes: dict[int, list[tuple[int, int, int, int]]]) -> None:
    tails = [t for found in minutes.values() for t in found if t[1] <= 900 or t[0] >= 9_100]
    assert len(tails) > 500
    assert median(ask - bid for bid, ask, *_ in tails) == 10


def test_the_touch_and_the_book_have_the_seen_sizes(minutes: dict[int, list[tuple[int, int, int, int]]]) -> None:
    for minute in range(11):
        sizes = sorted(size for *_, size, _ in minutes[minute])
        assert sizes[len(sizes) // 20] >= 10**2
        assert sizes[-len(sizes) // 20] <= 10**4
        assert 500 <= median(sizes) <= 3_000
        assert 15_000 <= median(whole for *_, whole in minutes[minute]) <= 80_000


def test_it_thins_towards_the_close(minutes: dict[int, list[tuple[int, int, int, int]]]) -> None:
    medians = [median(size for *_, size, _ in minutes[minute]) for minute in range(15)]
    assert medians[10] > medians[11] > medians[12] > medians[13] > medians[14]
    assert 30 <= medians[14] <= 140  # 69 was measured


def test_the_recorded_windows_are_as_wide(reference: Path, minutes: dict[int, list[tuple[int, int, int, int]]]) -> None:
    wide: dict[int, list[float]] = defaultdict(list)
    with (reference / "data" / "kxbtc15m_quotes_2_windows.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            second = (int(row["captured_ms"]) - int(row["close_ms"])) // 1000 + 900
            bid, ask = 1 - float(row["no_ask"]), float(row["yes_ask"])
            if bid > 0.1 and ask < 0.9:
                wide[second // 60].append(ask - bid)
    seen = {minute: round(median(found) * 10_000) for minute, found in wide.items() if len(found) > 2}
    assert len(seen) > 8
    for minute, spread in seen.items():
        ours = median(ask - bid for bid, ask, *_ in filter(middle, minutes[minute]))
        assert ours == pytest.approx(spread, abs=1), minute

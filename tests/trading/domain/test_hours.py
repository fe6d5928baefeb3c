"""The exchange's timetable in US Eastern time, summer and winter."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from trading.domain.hours import EASTERN, Hours, Maintenance, TradingHours, WeeklyHours

MIDNIGHT = time(0)
ALL_DAY = (Hours(MIDNIGHT, MIDNIGHT),)
PAUSED = (Hours(MIDNIGHT, time(3)), Hours(time(5), MIDNIGHT))
BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
THURSDAYS_PAUSED = WeeklyHours(BEGIN, END, (ALL_DAY, ALL_DAY, ALL_DAY, PAUSED, ALL_DAY, ALL_DAY, ()))
WORK = Maintenance(datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 7, 1, 13, tzinfo=UTC))
TIMETABLE = TradingHours((THURSDAYS_PAUSED,), (WORK,))


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-07-02T06:59:59.9Z", True),  # Thursday, 02:59 EDT
        ("2026-07-02T07:00:00Z", False),
        ("2026-07-02T08:59:59Z", False),
        ("2026-07-02T09:00:00Z", True),
        ("2026-11-19T07:30:00Z", True),  # Thursday, 02:30 EST
        ("2026-11-19T08:00:00Z", False),
        ("2026-11-19T10:00:00Z", True),
        ("2026-07-03T03:59:59Z", True),  # Thursday's last second in the East
        ("2026-07-05T04:00:00Z", False),  # Sunday has no hours
        ("2026-07-05T03:59:59Z", True),
        ("2026-07-01T11:59:59Z", True),
        ("2026-07-01T12:00:00Z", False),
        ("2026-07-01T13:00:00Z", True),
        ("2025-12-31T23:59:59Z", False),  # before these hours are valid
        ("2027-01-01T00:00:00Z", False),
    ],
)
def test_it_is_open_by_the_eastern_clock(now: str, is_open: bool) -> None:
    assert TIMETABLE.open_at(datetime.fromisoformat(now)) is is_open


def test_a_week_is_as_long_as_its_hours() -> None:
    """Six days, two hours of pause less, whatever the season."""
    for monday in (datetime(2026, 6, 8, tzinfo=EASTERN), datetime(2026, 11, 16, tzinfo=EASTERN)):
        minutes = (monday.astimezone(UTC) + timedelta(minutes=n) for n in range(7 * 24 * 60))
        assert sum(map(TIMETABLE.open_at, minutes)) == (6 * 24 - 2) * 60

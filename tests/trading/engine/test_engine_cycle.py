"""The beat's own watch over the clock: a wrong one is told once, and once more when it goes wrong again."""

from __future__ import annotations

from tests.trading.engine.rig import Rig, rig
from trading.domain.records import Notice


async def told_of_the_clock(r: Rig, *skews: float | None) -> list[bool]:
    """Whether the clock stands among the problems after a beat with each skew, in seconds."""
    found = []
    for skew in skews:
        r.cycle._skew = lambda now=skew: now  # type: ignore[misc]
        await r.cycle.beat()
        found.append("clock:skew" in r.cycle.pulse.problems)
    return found


async def test_a_wrong_clock_is_a_problem_until_it_is_right_again() -> None:
    r = rig()
    assert await told_of_the_clock(r, None, 1.9, -2.1, -1.8, -1.4, 1.8) == [False, False, True, True, False, False]


async def test_a_wrong_clock_is_told_once_with_the_way_and_the_fix() -> None:
    r = rig()
    await told_of_the_clock(r, 3.2, 3.3, 3.1)
    errors = [n for n in r.store.rows["outbox"].values() if isinstance(n, Notice) and n.kind == "ErrorSeen"]
    assert len(errors) == 1
    assert r.cycle.pulse.problems["clock:skew"] == (
        "this machine's clock is 3.1 s behind the exchange's: keep it right by NTP"
    )

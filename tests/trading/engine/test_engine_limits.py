"""Limits that people change: lower at once, higher only as previewed, never above the configuration."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.trading.engine.rig import rig
from trading.domain.errors import Misconfigured, Stale
from trading.domain.order import Mode
from trading.engine.loading import load_state
from trading.risk.gate import Denial
from trading.risk.limits import CHANGEABLE, Limits, lowered

D = Decimal


async def test_a_lower_limit_holds_at_once_and_over_a_restart() -> None:
    r = rig()
    r.desk.set_limit("order", D(4), "Ann")
    outcome = await r.submit()
    assert isinstance(outcome, Denial)
    assert outcome.code == "max_order"
    again = rig(store=r.store, state=load_state(r.store, r.clock.now(), Mode.REAL))
    assert again.broker.in_force.max_order_usd == 4
    assert isinstance(await again.submit(), Denial)


async def test_a_higher_one_needs_the_state_that_was_previewed() -> None:
    r = rig()
    r.desk.set_limit("order", D(4), "Ann")
    seen = r.desk.preview_limit("order", D(9))
    assert (seen.now, seen.ceiling, seen.raises) == (D(4), D(10), True)
    with pytest.raises(Stale):
        r.desk.set_limit("order", D(9), "Ann")
    r.desk.set_limit("exposure", D(20), "Bo")
    with pytest.raises(Stale):
        r.desk.set_limit("order", D(9), "Ann", seen.fingerprint)
    r.desk.set_limit("order", D(9), "Ann", r.desk.preview_limit("order", D(9)).fingerprint)
    assert not isinstance(await r.submit(), Denial)


@pytest.mark.parametrize(("name", "value"), [("order", "10.01"), ("order", "-1"), ("open_orders", "1.5")])
def test_what_cannot_be_is_refused_in_words(name: str, value: str) -> None:
    r = rig()
    with pytest.raises(Misconfigured):
        r.desk.set_limit(name, D(value), "Ann", r.desk.preview_limit(name, D(value)).fingerprint)
    assert r.broker.in_force == r.broker.limits


@pytest.mark.parametrize("name", CHANGEABLE)
def test_what_was_stored_never_exceeds_a_configuration_that_became_stricter(name: str) -> None:
    strict = Limits(D(1), D(1), D(1), D(1), D(1), 1, 1)
    assert lowered(strict, {name: D(1000)}) == strict
    assert getattr(lowered(Limits(), {name: D(0)}), CHANGEABLE[name]) == 0


async def test_what_is_used_is_shown_at_its_worst() -> None:
    r = rig()
    await r.submit()
    used = {line.name: line.used for line in r.desk.limits().lines}
    assert used == {
        "order": None,
        "position": D("4.8373"),
        "exposure": D("4.8373"),
        "day_loss": D("4.8373"),
        "week_loss": D("4.8373"),
        "open_orders": 1,
        "order_rate": 1,
    }

"""Strategies switched on and off and tuned while the bot runs: at once, over restarts, and never above a limit."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import MemoryStore
from tests.trading.build import TICKER, fill, market, order, quote
from tests.trading.engine.rig import WISH, Rig, rig
from trading.domain.errors import Misconfigured, NotFound, Stale, Unresolved
from trading.domain.events import MarketSettled, OrderFilled, OrderIntended
from trading.domain.intent import Decision, View
from trading.domain.market import Outcome
from trading.domain.order import Mode, Order, OrderStatus
from trading.domain.pruning import pruned
from trading.engine.loading import load_state
from trading.engine.tuning import tuned_by
from trading.risk.checks import worst_case
from trading.risk.gate import Denial
from trading.risk.limits import Limits
from trading.strategies.base import Strategy, Tunable
from trading.strategies.consensus import Consensus

D = Decimal
PRICE = D("0.52")
FIVE = D(5)


@dataclass(frozen=True)
class Betting:
    """A strategy that always bets its stake."""

    stake_usd: Decimal = FIVE
    name: str = "consensus"
    tunables: ClassVar[Mapping[str, Tunable]] = {"stake_usd": Consensus.tunables["stake_usd"]}

    def on_tick(self, view: View) -> Decision:
        count = max(D(int(self.stake_usd / PRICE)), D(1))
        return Decision(intents=(replace(WISH, strategy=self.name, count=count),), agreed=True)


def betting(*names: str, store: MemoryStore | None = None, **changes: Any) -> Rig:
    """A bot whose strategies bet at every beat."""
    r = rig(store=store, **changes)
    r.cycle.strategies = tuple(cast(Strategy, Betting(name=name)) for name in names or ("consensus",))
    return r


def restarted(r: Rig) -> Rig:
    """The bot on the same store, at the same exchange, a moment later."""
    state = load_state(r.store, r.clock.now(), Mode.REAL)
    again = betting(*(s.name for s in r.cycle.strategies), store=r.store, state=state)
    again.clock.advance_to(r.clock.now())
    again.desk.facts = r.desk.facts
    for new, old in ((again.real, r.real), (again.paper, r.paper)):
        new.listed, new.executions = old.listed, old.executions
    return again


async def beat(r: Rig) -> None:
    r.real.quotes[TICKER] = quote(at=r.clock.now())
    await r.cycle.beat()


def placed(r: Rig) -> int:
    return r.real.calls.count("place") + r.paper.calls.count("place")


def enable(r: Rig, name: str = "consensus") -> None:
    r.desk.enable(name, "Ann", r.desk._fingerprint())


# --- on and off -----------------------------------------------------------------------------------------------------


async def test_a_disabled_strategy_places_nothing_until_it_is_enabled_also_over_a_restart() -> None:
    r = betting()
    await r.desk.disable("consensus", "Bo")
    await beat(r)
    r = restarted(r)
    await beat(r)
    assert placed(r) == 0
    assert r.cycle.windows.current["consensus", "KXBTC15M"].reason == "disabled"
    enable(r)
    await beat(r)
    assert placed(r) == 1


async def test_what_it_has_resting_is_cancelled_at_once_and_the_others_go_on() -> None:
    r = betting("consensus", "other")
    await r.submit()
    theirs = await r.broker.submit(
        replace(WISH, strategy="other", ticker="KXOTHER"),
        market(ticker="KXOTHER"),
        replace(quote(at=r.clock.now()), ticker="KXOTHER"),
    )
    assert isinstance(theirs, Order)
    report = await r.desk.disable("CONSENSUS", "Bo")
    assert (report.canceled, report.unproved) == (1, 0)
    assert [o.strategy for o in r.book.state.live_orders()] == ["other"]
    assert r.desk.status().strategies == ("other",)
    assert r.desk.status().switched_off == ("consensus",)


async def test_an_order_on_its_way_when_it_is_disabled_is_cancelled_as_it_lands() -> None:
    r = betting()

    async def meanwhile() -> None:
        r.real.during_place = None
        report = await r.desk.disable("consensus", "Bo")
        assert (report.canceled, report.unproved) == (0, 1), "it cannot be proved yet"

    r.real.during_place = meanwhile
    await beat(r)
    assert placed(r) == 1
    assert r.order().status is OrderStatus.CANCELED


async def test_an_order_of_unknown_outcome_is_said_not_to_be_proved() -> None:
    r = betting()
    r.real.on_place = [Unresolved("timeout")]
    r.real.lands = False
    await beat(r)
    assert r.order().status is OrderStatus.UNKNOWN
    assert (await r.desk.disable("consensus", "Bo")).unproved == 1


async def test_an_open_trade_runs_on_to_its_end_and_a_person_may_still_leave_it() -> None:
    r = betting()
    r.real.on_place = ["fill"]
    await r.submit()
    await r.account.update()
    report = await r.desk.disable("consensus", "Bo")
    assert report.open_trades == 1
    held = r.book.state.open_trades()[0]
    out = replace(WISH, side=Outcome.NO, price=D("0.50"), count=held.contracts, reduce_only=True, attempt=7)
    assert isinstance(await r.broker.flatten(out, Mode.REAL, market(), quote(at=r.clock.now())), Order)


async def test_an_order_that_only_leads_out_is_not_cancelled() -> None:
    r = betting()
    r.book.record(OrderIntended(r.clock.now(), order(reduce_only=True, order_id="x1")))
    report = await r.desk.disable("consensus", "Bo")
    assert (report.canceled, report.unproved, r.real.calls.count("cancel")) == (0, 0, 0)


async def test_the_gate_itself_refuses_a_disabled_strategy() -> None:
    r = rig()
    await r.desk.disable("consensus", "Bo")
    outcome = await r.submit()
    assert isinstance(outcome, Denial)
    assert outcome.code == "disabled"


async def test_enabling_needs_the_state_that_was_previewed() -> None:
    r = betting("consensus", "other")
    await r.desk.disable("consensus", "Bo")
    for change in (
        lambda: r.desk.set_parameter("stake_usd", D(2), "Bo"),
        lambda: asyncio.ensure_future(r.desk.disable("other", "Bo")),
        lambda: r.desk.set_limit("order", D(4), "Bo"),
        lambda: r.desk.pause("Bo"),
    ):
        seen = (await r.desk.preview_enable("consensus")).fingerprint
        change()
        await asyncio.sleep(0)
        with pytest.raises(Stale):
            r.desk.enable("consensus", "Ann", seen)
    assert "consensus" in r.book.state.disabled


async def test_an_unknown_name_is_one_sentence() -> None:
    r = betting()
    for asked in (r.desk.preview_enable("moon"), r.desk.disable("moon", "Bo")):
        with pytest.raises(NotFound, match="no strategy is called moon: there is consensus"):
            await asked
    with pytest.raises(NotFound, match="no strategy has colour that can be changed"):
        r.desk.preview_parameter("colour", D(1))
    with pytest.raises(NotFound, match="consensus has no colour that can be changed"):
        r.desk.preview_parameter("colour", D(1), "consensus")


async def test_the_page_shows_what_holds_and_what_was_made_today() -> None:
    r = betting("consensus", "other")
    r.real.on_place = ["fill"]
    await r.submit()
    await r.account.update()
    r.book.record(MarketSettled(r.clock.now(), TICKER, Mode.REAL, "yes", D(1)))
    await r.desk.disable("other", "Bo")
    r.desk.set_parameter("stake_usd", D(2), "Bo", strategy="other")
    ours, theirs = (await r.desk.strategies()).lines
    assert (ours.on, ours.open_trades, ours.day_profit > 0) == (True, 0, True)
    assert (theirs.on, theirs.day_profit) == (False, 0)
    assert [(p.name, p.value, p.changed) for p in theirs.parameters] == [("stake_usd", "2", True)]
    assert not ours.parameters[0].changed


# --- parameters -----------------------------------------------------------------------------------------------------


async def test_a_lower_stake_is_bet_at_once_and_over_a_restart() -> None:
    r = betting()
    r.desk.set_parameter("stake_usd", D("2.60"), "Bo")
    r = restarted(r)
    await beat(r)
    assert r.order().count == 5


async def test_a_higher_stake_needs_the_state_that_was_previewed() -> None:
    r = betting()
    seen = r.desk.preview_parameter("stake_usd", D(8))
    assert (seen.changes[0].now, seen.raises, seen.most, seen.ceiling) == (D(5), True, D(10), "max_order_usd")
    with pytest.raises(Stale):
        r.desk.set_parameter("stake_usd", D(8), "Ann")
    await r.desk.disable("consensus", "Bo")
    with pytest.raises(Stale):
        r.desk.set_parameter("stake_usd", D(8), "Ann", seen.fingerprint)
    r.desk.set_parameter("stake_usd", D(8), "Ann", r.desk.preview_parameter("stake_usd", D(8)).fingerprint)
    assert r.desk.preview_parameter("stake_usd").changes[0].now == 8


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("10.01", "stake_usd 10.01 is too high: MAX_ORDER_USD in the configuration allows 10 at most"),
        ("0", "stake_usd 0 is too low: 0.01 is the least"),
        ("-5", "stake_usd -5 is too low: 0.01 is the least"),
    ],
)
def test_a_stake_that_cannot_be_is_refused_in_words(value: str, sentence: str) -> None:
    r = betting()
    page = r.desk.preview_parameter("stake_usd", D(value))
    assert page.refused == sentence
    with pytest.raises(Misconfigured):
        r.desk.set_parameter("stake_usd", D(value), "Ann", page.fingerprint)
    assert r.book.state.parameters == {}


def test_a_bound_that_is_no_limit_of_the_gate_says_itself() -> None:
    assert rig().desk.preview_parameter("max_price", D(1)).refused == (
        "max_price 1 is too high: it may be 0.99 at most"
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("min_price", "0.66", "min_price 0.66 cannot be: min_price 0.66 must be below max_price 0.65"),
        ("max_price", "0.35", "max_price 0.35 cannot be: min_price 0.35 must be below max_price 0.35"),
        ("max_price", "0.36", ""),
    ],
)
def test_a_price_that_would_cross_its_other_end_is_refused(name: str, value: str, sentence: str) -> None:
    assert rig().desk.preview_parameter(name, D(value), "consensus").refused == sentence


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    for asked, near in (("stake", "did you mean stake_usd?"), ("maxprice", "did you mean max_price?")):
        with pytest.raises(NotFound, match=f"consensus has no {asked} that can be changed: {re.escape(near)}"):
            rig().desk.preview_parameter(asked, D(1), "consensus")


async def test_one_change_is_for_all_that_have_the_parameter_in_one_commit() -> None:
    r = betting("consensus", "other")
    r.desk.set_parameter("stake_usd", D(3), "Bo", strategy="other")
    page = r.desk.preview_parameter("stake_usd", D(4))
    assert [(c.strategy, c.now, c.raises) for c in page.changes] == [("consensus", D(5), False), ("other", D(3), True)]
    assert page.raises, "one that would bet more is enough"
    before = len(r.store.commits)
    r.desk.set_parameter("stake_usd", D(2), "Bo")
    assert len(r.store.commits) == before + 1
    assert r.book.state.parameters == {"consensus.stake_usd": D(2), "other.stake_usd": D(2)}


def test_a_stored_stake_never_exceeds_a_configuration_that_became_stricter() -> None:
    strict = tuned_by(Consensus(), {"consensus.stake_usd": D(9), "other.stake_usd": D(1)}, Limits(max_order_usd=D(4)))
    assert strict == Consensus(stake_usd=D(4))


# --- the first hours of real orders ---------------------------------------------------------------------------------


def production(r: Rig) -> Rig:
    r.desk.facts = replace(r.desk.facts, environment="production")
    return r


async def go_live(r: Rig) -> None:
    await r.desk.set_dry_run(True, "Ann")
    await r.desk.set_dry_run(False, "Ann", r.desk._fingerprint())


async def test_who_goes_live_in_production_buys_one_contract_a_trade_also_over_a_restart() -> None:
    r = production(betting())
    await go_live(r)
    until = r.clock.now() + timedelta(hours=48)
    r = restarted(r)
    assert r.desk.status().one_contract_until == r.desk.limits().one_contract_until == until
    await beat(r)
    assert r.order().count == 1
    assert r.order().why == "both say yes; 1 contract, not 9: the first 48 h of real orders"


async def test_a_further_switch_begins_them_anew_and_a_dry_run_has_none() -> None:
    r = production(betting())
    await go_live(r)
    r.clock.advance_to(r.clock.now() + timedelta(hours=47))
    await r.desk.set_dry_run(True, "Ann")
    assert r.desk.status().one_contract_until is None
    await r.desk.set_dry_run(False, "Ann", r.desk._fingerprint())
    assert r.desk.status().one_contract_until == r.clock.now() + timedelta(hours=48)


async def test_without_real_money_or_by_the_hosts_word_there_are_none() -> None:
    for environment, hours in (("simulated", 48), ("demo", 48), ("production", 0)):
        r = betting()
        r.desk.facts = replace(r.desk.facts, environment=environment)
        r.broker.limits = Limits(first_hours=hours)
        await go_live(r)
        await beat(r)
        assert r.order().count == 9, environment


async def test_a_bot_that_was_configured_real_was_switched_by_nobody() -> None:
    r = production(betting())
    assert r.desk.status().one_contract_until is None


# --- whatever people do ---------------------------------------------------------------------------------------------

ACTIONS = st.one_of(
    st.just(("disable",)),
    st.just(("enable",)),
    st.just(("beat",)),
    st.just(("restart",)),
    st.just(("live",)),
    st.just(("dry",)),
    st.tuples(st.just("stake"), st.integers(0, 1200)),
    st.tuples(st.just("order limit"), st.integers(0, 1200)),
    st.tuples(st.just("submit"), st.integers(1, 25)),
    st.just(("settle",)),
)


async def act(r: Rig, number: int, action: tuple[Any, ...]) -> Rig:
    match action:
        case ("disable",):
            await r.desk.disable("consensus", "Bo")
        case ("enable",):
            enable(r)
        case ("beat",):
            await beat(r)
        case ("restart",):
            return restarted(r)
        case ("live",):
            await r.desk.set_dry_run(False, "Ann", r.desk._fingerprint())
        case ("dry",):
            await r.desk.set_dry_run(True, "Ann")
        case ("stake", cents):
            value = D(cents) / 100
            if not (page := r.desk.preview_parameter("stake_usd", value)).refused:
                r.desk.set_parameter("stake_usd", value, "Ann", page.fingerprint)
        case ("order limit", cents):
            value = D(cents) / 100
            if not (limit := r.desk.preview_limit("order", value)).refused:
                r.desk.set_limit("order", value, "Ann", limit.fingerprint)
        case ("submit", count):
            wish = replace(WISH, count=D(count), attempt=number + 2)
            await r.broker.submit(wish, market(), quote(at=r.clock.now()))
        case ("settle",):
            for each in r.book.state.live_orders():
                bought = fill(each, str(each.open_count), key=f"f{number}{each.client_order_id}")
                r.book.record(OrderFilled(r.clock.now(), replace(bought, at=r.clock.now())))
    return r


def added(r: Rig, known: set[str]) -> list[Order]:
    return [o for key, o in r.book.state.orders.items() if key not in known]


async def whatever_happens(actions: list[tuple[Any, ...]]) -> None:
    r = production(betting())
    for number, action in enumerate(actions):
        known, off = set(r.book.state.orders), "consensus" in r.book.state.disabled
        r = await act(r, number, action)
        r.clock.advance_to(r.clock.now() + timedelta(seconds=1))
        state, limits = r.book.state, r.broker.in_force
        for made in added(r, known):
            assert not off, "a disabled strategy has placed"
            assert worst_case(made) <= limits.max_order_usd
            assert made.count == 1 or state.real_since is None or made.mode is Mode.DRY_RUN
        if "consensus" in state.disabled:
            assert not state.live_orders(), "a disabled strategy has orders"
        assert r.desk.preview_parameter("stake_usd").changes[0].now <= r.broker.limits.max_order_usd
        assert load_state(r.store, r.clock.now(), Mode.REAL) == pruned(state, r.clock.now())


@settings(max_examples=60)
@given(st.lists(ACTIONS, max_size=16))
def test_no_order_is_above_the_limits_and_a_restart_keeps_everything(actions: list[tuple[Any, ...]]) -> None:
    asyncio.run(whatever_happens(actions))

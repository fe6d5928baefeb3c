"""Strategies and going live from a chat: who may, what is asked back, and how it reads on a phone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fakes_chat import OPERATOR, OWNER, VIEWER, Chat, chat
from fakes_pages import LABEL, NOW, d

from chatbot.commands.going_live import going_live_fields
from chatbot.message import Person
from chatbot.render import WIDTH_MAX, columns, plain
from trading.domain.order import Mode
from trading.domain.state import TradingState
from trading.domain.statistics import Tally
from trading.engine.pages_strategies import ParameterLine, StrategiesPage


async def confirmed(c: Chat, text: str, person: Person = OWNER) -> str:
    """What the confirm button under the answer brings."""
    question = await c.answer(text, person)
    assert question.buttons, plain(question)
    return plain(await c.answer(question.buttons[0].line, person))


def live(c: Chat) -> Chat:
    """In production, in a dry run."""
    label = replace(LABEL, environment="production", mode=Mode.DRY_RUN)
    c.desk.status_page = replace(c.desk.status_page, label=label)
    return c


# --- on and off -----------------------------------------------------------------------------------------------------


async def test_the_list_shows_each_strategy_and_offers_the_switch() -> None:
    c = chat()
    reply = await c.answer("/strategies", VIEWER)
    assert "consensus  ON, 1 open, +$12.40 today" in plain(reply)
    assert "entry_window_seconds 600" in plain(reply)
    assert [b.line for b in reply.choices] == ["/disable consensus"]
    c.desk.disabled = True
    reply = await c.answer("/strategies", VIEWER)
    assert "consensus  OFF" in plain(reply)
    assert [b.line for b in reply.choices] == ["/enable consensus"]


async def test_an_operator_disables_at_once_and_hears_what_came_of_it() -> None:
    c = chat()
    said = plain(await c.answer("disable Consensus", OPERATOR))
    assert c.desk.done == ["disable Consensus by Bo (telegram:2)"]
    assert "consensus is off" in said
    assert "Cancelled  1 order\n" in said
    assert c.desk.audits[0][2:] == ("/disable Consensus", "consensus is off")


async def test_what_is_not_proved_cancelled_is_said() -> None:
    c = chat()
    c.desk.unproved = 2
    reply = await c.answer("/disable consensus", OPERATOR)
    assert reply.failed
    assert "2 orders asked to be" in plain(reply)


async def test_only_an_owner_enables_and_is_asked_back() -> None:
    c = chat()
    c.desk.disabled = True
    refused = plain(await c.answer("/enable consensus", OPERATOR))
    assert "needs the owner role" in refused
    assert "consensus is on" in await confirmed(c, "/enable consensus")
    assert c.desk.done == ["enable consensus by Ann (telegram:1) False/"]


async def test_one_that_is_on_is_not_asked_about() -> None:
    c = chat()
    c.desk.status_page = replace(c.desk.status_page, trading=TradingState.HALTED)
    reply = await c.answer("/enable consensus")
    assert reply.title == "consensus is on already"
    assert reply.note == "Trading is HALTED: /status says why."
    assert not reply.buttons


@pytest.mark.parametrize("line", ["/enable moon", "/disable moon"])
async def test_an_unknown_strategy_is_one_sentence(line: str) -> None:
    assert "No strategy is called moon: there is" in plain(await chat().answer(line))


async def test_a_missing_name_has_an_example_that_works() -> None:
    assert (await chat().answer("/disable")).note == (
        "/disable needs strategy, a word: for example /disable consensus."
    )


async def test_the_status_says_which_is_off() -> None:
    c = chat()
    c.desk.status_page = replace(c.desk.status_page, strategies=("momentum",), switched_off=("consensus",))
    assert "momentum, consensus (off)" in plain(await c.answer("/status"))


# --- the stake ------------------------------------------------------------------------------------------------------


async def test_without_a_number_the_stake_is_shown() -> None:
    c = chat()
    said = plain(await c.answer("/stake", OPERATOR))
    assert "Now      $5.00\nAt most  $10.00 (MAX_ORDER_USD)" in said
    assert c.desk.done == [] == c.desk.audits


async def test_a_lower_stake_is_an_operators_and_at_once() -> None:
    c = chat()
    said = plain(await c.answer("stake 3 usd", OPERATOR))
    assert "The stake is $3.00" in said
    assert "Was      $5.00" in said
    assert c.desk.done == ["set stake_usd 3 by Bo (telegram:2)"]


async def test_a_higher_stake_is_an_owners_and_is_asked_back() -> None:
    c = chat()
    assert "needs the owner role" in plain(await c.answer("/stake 8", OPERATOR))
    assert "Then     $8.00" in plain(await c.answer("/stake 8"))
    assert c.desk.done == []
    assert "The stake is $8.00" in await confirmed(c, "/stake 8")
    assert c.desk.done == ["set stake_usd 8 by Ann (telegram:1) False/"]


async def test_a_stake_above_the_ceiling_is_refused_without_a_question() -> None:
    c = chat()
    reply = await c.answer("/stake 20")
    assert (reply.title, reply.failed, reply.buttons) == ("The stake stays as it is", True, ())
    assert reply.note == "stake_usd 20 is too high."


async def test_the_lock_holds_up_what_raises_and_not_what_lowers() -> None:
    c = chat()
    c.desk.disabled = True
    await c.answer("/lock", OPERATOR)
    for line in ("/enable consensus", "/stake 8"):
        assert "lock" in plain(await c.answer(line)).casefold()
    await c.answer("/stake 2", OPERATOR)
    await c.answer("/disable consensus", OPERATOR)
    assert [done.split(" by ")[0] for done in c.desk.done] == ["set stake_usd 2", "disable consensus"]


async def test_what_lowers_is_honoured_late_and_what_raises_is_dropped() -> None:
    c = chat()
    late = NOW - timedelta(minutes=5)
    assert "sent 300 s ago" in " ".join(plain(await c.answer("/stake 8", sent_at=late)).split())
    await c.answer("/stake 2", OPERATOR, sent_at=late)
    assert c.desk.done == ["set stake_usd 2 by Bo (telegram:2)"]


# --- going live -----------------------------------------------------------------------------------------------------


async def test_going_live_in_production_shows_the_page_and_fits_a_phone() -> None:
    said = plain(await live(chat()).answer("/dryrun off"))
    flat = " ".join(said.split())
    for part in (
        "Paper 4 trades on 6 days, -$1,000.34 after fees",
        "are needed: fewer than 30 trades show nothing yet.",
        "shard 2: $1,000.25, pays for this market",
        "Key may read write::trade",
        "At first 1 contract a trade for 48 h",
        "REAL MONEY",
    ):
        assert part in flat
    assert max(map(columns, said.split("\n"))) <= WIDTH_MAX


async def test_who_has_gone_live_hears_how_long_it_buys_one_contract() -> None:
    c = live(chat())
    c.desk.status_page = replace(c.desk.status_page, one_contract_until=NOW + timedelta(hours=48))
    said = " ".join((await confirmed(c, "/dryrun off")).split())
    assert "Size 1 contract a trade until 05 Oct 14:05" in said


async def test_elsewhere_there_is_no_such_page() -> None:
    said = plain(await chat().answer("/dryrun off"))
    assert "Paper  " not in said
    assert "Key may" not in said


async def test_who_is_real_already_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    c = chat()
    answer = await c.answer("/dryrun off")
    assert answer.buttons, "from a dry run it is a question"
    page = replace(c.desk.preview_mode(False), label=LABEL)
    monkeypatch.setattr(c.desk, "preview_mode", lambda dry_run: page)
    answer = await c.answer("/dryrun off")
    assert (answer.title, answer.buttons) == ("The dry run is off already", ())


def test_what_is_not_known_is_said() -> None:
    c = chat()
    page = replace(
        c.desk.going_live_page,
        paper=Tally(),
        paper_days=0,
        first_hours=0.0,
        cash=(),
        scopes=(),
        problems=("cash: the exchange gave no answer within 3 s",),
    )
    assert going_live_fields(page, c.desk.limits())[0] == ("Paper", "0 trades on 0 days, $0.00 after fees")
    rows = dict(going_live_fields(page, c.desk.limits()))
    assert rows["It shows"] == "No trade has won or lost yet: nothing can be said."
    assert (rows["Cash"], rows["Key may"]) == ("not known", "not known")
    assert rows["Unknown"] == "cash: the exchange gave no answer within 3 s"
    assert rows["At first"] == "full size (FIRST_HOURS=0)"


def test_a_shard_without_cash_is_named_when_the_market_is_paid_from_it() -> None:
    c = chat()
    page = replace(c.desk.going_live_page, cash=((0, d(985)),), shard=2)
    assert dict(going_live_fields(page, c.desk.limits()))["Cash"] == (
        "shard 0: $985.00\nshard 2: $0.00, pays for this market"
    )


@pytest.mark.parametrize("line", ["/status", "/limits"])
async def test_the_first_hours_are_said_with_their_end(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    c = chat()
    until = NOW + timedelta(hours=40)
    c.desk.status_page = replace(c.desk.status_page, one_contract_until=until)
    page = replace(c.desk.limits(), one_contract_until=until)
    monkeypatch.setattr(c.desk, "limits", lambda: page)
    flat = " ".join(plain(await c.answer(line)).split())
    assert "Size 1 contract a trade until 05 Oct 06:05" in flat
    assert "contract a trade" not in plain(await chat().answer(line))


# --- several strategies ---------------------------------------------------------------------------------------------


def beside(c: Chat, monkeypatch: pytest.MonkeyPatch) -> Chat:
    """With momentum_15 on paper beside consensus, one of its parameters changed."""
    ours = c.desk._strategy("consensus")
    parameters = (ParameterLine("stake_usd", "2", changed=True), ParameterLine("min_price", "0.40"))
    theirs = replace(ours, name="momentum_15", parameters=parameters, paper=True)

    async def strategies() -> StrategiesPage:
        return StrategiesPage(LABEL, (ours, theirs))

    monkeypatch.setattr(c.desk, "strategies", strategies)
    return c


async def test_several_are_a_line_each_with_what_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    reply = await beside(chat(), monkeypatch).answer("/strategies", VIEWER)
    said = plain(reply)
    assert "entry_window_seconds" not in said
    assert "min_price" not in said
    assert "stake_usd 2 *" in said
    assert "ON on paper" in said
    assert reply.note == "* changed from a chat\n/strategies consensus shows its parameters."
    assert [b.line for b in reply.choices] == ["/disable consensus", "/disable momentum_15"]


async def test_one_that_is_named_is_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    c = beside(chat(), monkeypatch)
    reply = await c.answer("/strategy Momentum_15", VIEWER)
    assert "min_price 0.40" in plain(reply)
    assert "consensus" not in plain(reply)
    assert [b.line for b in reply.buttons] == ["/strategies Momentum_15"]
    unknown = await c.answer("/strategies moon", VIEWER)
    assert unknown.note == "No strategy is called moon: there is consensus, momentum_15."

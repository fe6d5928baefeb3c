"""The settings of a running bot, read again; its trades as a file; every variable shown, and no secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import pytest
from fakes_pages import trade
from pyotp import TOTP

from chatbot.config import names
from chatbot.life.life import App
from chatbot.message import Person, Role
from chatbot.program import Program, Setting
from chatbot.second_factor import WRONG_MAX, CodesLocked, WrongCode
from chatbot.tools.demo import EPOCH
from storage.export import COLUMNS
from trading.clock import real_now
from trading.domain.errors import Misconfigured, Stale
from trading.domain.events import LimitChanged
from trading.domain.order import Mode
from trading.domain.records import Notice, Put, Severity

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of no bot


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A `.env` where the program looks for it, and nothing of ours in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in names():
        monkeypatch.delenv(name, raising=False)
    level = logging.getLogger().level
    file = tmp_path / ".env"
    file.write_text(
        f"STAKE_USD=4\nTELEGRAM_USERS=1:owner,2:viewer\nTOTP_SECRET={SECRET}\nHEARTBEAT_URL=https://h/x9y8\n"
    )
    yield file
    logging.getLogger().setLevel(level)


def program(app: App) -> Program:
    return app.router._beside.program


def listed(app: App) -> dict[str, Setting]:
    return {each.name: each for each in program(app).settings()}


def write(env: Path, text: str) -> None:
    env.write_text(text)


def add(env: Path, *lines: str) -> None:
    write(env, env.read_text() + "\n".join(lines) + "\n")


# --- every variable -------------------------------------------------------------------------------------------------


async def test_every_variable_is_shown_with_what_gave_it(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAKE_USD", "4")
    shown = listed(app)
    assert set(shown) == set(names())
    assert {each.group for each in shown.values()} == {
        *("exchange", "safety", "consensus", "telegram", "discord", "service")
    }
    assert shown["MAX_ORDER_USD"] == Setting("safety", "MAX_ORDER_USD", "10", "default")
    assert shown["TELEGRAM_USERS"] == Setting("telegram", "TELEGRAM_USERS", "1:owner,2:viewer", ".env")
    assert shown["STAKE_USD"] == Setting("consensus", "STAKE_USD", "4", "environment")
    assert shown["KALSHI_ENV"].value == "simulated"  # what holds where nothing is said
    assert shown["DRY_RUN"].value == "false"
    assert (shown["TOTP_SECRET"].value, shown["TELEGRAM_BOT_TOKEN"].value) == ("set", "not set")
    assert SECRET not in repr(shown)
    assert "x9y8" not in repr(shown)


async def test_what_was_said_in_chat_or_at_the_host_wins(app: App) -> None:
    app.book.record(LimitChanged(EPOCH, "order", Decimal("4.50"), "Ann"))
    app.book.record(LimitChanged(EPOCH, "day_loss", Decimal("9"), "Ann"))
    app.router._beside.access.grant("telegram", "3", Role.OPERATOR)
    app.router._beside.access.revoke("telegram", "2")
    await app.desk.set_dry_run(True, "Ann")
    shown = listed(app)
    assert (shown["MAX_ORDER_USD"].value, shown["MAX_ORDER_USD"].source) == ("4.50", "chat")
    assert (shown["DAILY_LOSS_LIMIT_USD"].value, shown["DAILY_LOSS_LIMIT_USD"].source) == ("9", "chat")
    assert (shown["TELEGRAM_USERS"].value, shown["TELEGRAM_USERS"].source) == ("1:owner,3:operator", "host")
    assert (shown["DRY_RUN"].value, shown["DRY_RUN"].source) == ("true", "chat")


# --- read again -----------------------------------------------------------------------------------------------------


async def taken(app: App) -> list[str]:
    page = await program(app).preview_reload()
    return [change.name for change in (await program(app).reload(page.fingerprint)).now]


async def test_what_can_be_taken_at_once_is(app: App, env: Path) -> None:
    heard: list[str] = []
    app.router._beside.access.listen(lambda channel, who: heard.append(who))
    write(env, "STAKE_USD=6\nMAX_ORDER_USD=7\nDAILY_LOSS_LIMIT_USD=5\nLOW_BALANCE_USD=1\nTELEGRAM_USERS=1:owner\n")
    add(env, "NOTIFY=order:off", "DAILY_DIGEST_AT=07:30", "LOG_LEVEL=ERROR", f"TOTP_SECRET={SECRET}")
    page = await program(app).preview_reload()
    assert [change.name for change in page.now] == [
        *("MAX_ORDER_USD", "DAILY_LOSS_LIMIT_USD", "LOW_BALANCE_USD", "STAKE_USD", "TELEGRAM_USERS"),
        *("DAILY_DIGEST_AT", "NOTIFY", "LOG_LEVEL"),
    ]
    assert page.restart == ("HEARTBEAT_URL",)
    assert "x9y8" not in repr(page)
    await program(app).reload(page.fingerprint)
    limits = app.cycle.broker.in_force
    assert (limits.max_order_usd, limits.daily_loss_limit_usd, limits.low_balance_usd) == (
        Decimal(7),
        Decimal(5),
        Decimal(1),
    )
    assert [getattr(each, "stake_usd", None) for each in app.cycle.strategies] == [Decimal(6)]
    assert app.router._beside.access.role_of(Person("telegram", "2")) is None
    assert heard == ["2"]
    assert app.router._beside.rules.rule("telegram", "order").value == "off"
    assert f"{app.digests.hour:%H:%M}" == "07:30"
    assert logging.getLogger().level == logging.ERROR
    assert listed(app)["STAKE_USD"].value == "6"
    assert (await program(app).preview_reload()).now == ()


async def test_a_line_taken_away_is_its_default_again(app: App, env: Path) -> None:
    write(env, "")
    assert await taken(app) == ["STAKE_USD", "TELEGRAM_USERS"]
    assert listed(app)["STAKE_USD"] == Setting("consensus", "STAKE_USD", "5.0", "default")


async def test_what_was_said_in_chat_still_wins_after_a_reload(app: App, env: Path) -> None:
    app.book.record(LimitChanged(EPOCH, "order", Decimal("4.50"), "Ann"))
    app.router._beside.access.grant("telegram", "2", Role.OPERATOR)
    add(env, "MAX_ORDER_USD=8", "TELEGRAM_USERS=1:owner,2:viewer,4:viewer")
    await taken(app)
    assert app.cycle.broker.in_force.max_order_usd == Decimal("4.50")
    assert app.cycle.broker.limits.max_order_usd == Decimal(8)
    roles = [app.router._beside.access.role_of(Person("telegram", who)) for who in ("2", "4")]
    assert roles == [Role.OPERATOR, Role.VIEWER]


async def test_a_ceiling_that_comes_down_holds_against_what_chat_had_said(app: App, env: Path) -> None:
    app.book.record(LimitChanged(EPOCH, "order", Decimal(9), "Ann"))
    add(env, "MAX_ORDER_USD=3")
    await taken(app)
    assert app.cycle.broker.in_force.max_order_usd == Decimal(3)


@pytest.mark.parametrize("line", ["MAX_ORDER_USD=abc", "MAX_ORDER_US=5", "MIN_PRICE=0.9", "not a line", "NOTIFY=x:y"])
async def test_an_error_changes_nothing(app: App, env: Path, line: str) -> None:
    page = await program(app).preview_reload()
    add(env, "STAKE_USD=6", line)
    for asked in (program(app).preview_reload(), program(app).reload(page.fingerprint)):
        with pytest.raises(Misconfigured):
            await asked
    assert listed(app)["STAKE_USD"].value == "4"


async def test_what_changed_since_the_preview_is_not_taken(app: App, env: Path) -> None:
    add(env, "STAKE_USD=6")
    page = await program(app).preview_reload()
    add(env, "STAKE_USD=9")
    with pytest.raises(Stale):
        await program(app).reload(page.fingerprint)
    assert listed(app)["STAKE_USD"].value == "4"


async def test_other_things_wait_for_a_restart_and_are_asked_for_again(app: App, env: Path) -> None:
    add(env, "MIN_PRICE=0.40", "STRATEGIES=consensus", "TIMEZONE=Europe/Paris", "STAKE_USD=6")
    assert await taken(app) == ["STAKE_USD"]
    assert (await program(app).preview_reload()).restart == ("MIN_PRICE", "TIMEZONE")
    assert [getattr(each, "min_price", None) for each in app.cycle.strategies] == [Decimal("0.35")]


# --- trades as a file -----------------------------------------------------------------------------------------------


async def test_the_file_has_the_trades_of_the_current_mode_oldest_first(app: App) -> None:
    trades = [trade(0), trade(2), trade(1, mode=Mode.DRY_RUN), trade(3)]
    app.store.commit([Put("trades", each.trade_id, each) for each in trades])
    made = await program(app).trades_file("csv")
    header, *rows = made.data.decode().splitlines()
    assert header == ",".join(COLUMNS)
    assert [row.rpartition(",")[2] for row in rows] == ["kc-3", "kc-2", "kc-0"]
    assert made.name.startswith("trades-simulated-real-")
    as_json = json.loads((await program(app).trades_file("json")).data)
    assert [tuple(each) for each in as_json] == [COLUMNS] * 3
    assert {each["environment"] for each in as_json} == {"simulated"}


async def test_a_file_that_is_too_long_is_packed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.store.commit([Put("trades", f"kc-{n}", trade(n)) for n in range(50)])
    plain = await program(app).trades_file("csv")
    monkeypatch.setattr("chatbot.life.trades_sent.FILE_BYTES_MAX", len(plain.data) - 1)
    packed = await program(app).trades_file("csv")
    assert packed.name == f"{plain.name}.zip"
    assert len(packed.data) < len(plain.data) / 3
    with ZipFile(io.BytesIO(packed.data)) as archive:
        [inside] = archive.infolist()
        assert (inside.filename, archive.read(inside)) == (plain.name, plain.data)
        assert inside.date_time == EPOCH.timetuple()[:6]


async def test_a_file_that_no_chat_takes_is_one_sentence(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.life.trades_sent.FILE_BYTES_MAX", 10)
    with pytest.raises(Misconfigured, match="kalshi-chatops export trades on the host writes it"):
        await program(app).trades_file("csv")


# --- the second factor, wired ---------------------------------------------------------------------------------------


async def test_too_many_wrong_codes_are_a_notice_for_everybody(app: App) -> None:
    owed: list[Notice] = []
    app.book.listen(lambda puts: owed.extend(p.record for p in puts if isinstance(p.record, Notice)))
    factor = app.router._confirming._second_factor
    assert factor is not None
    right = {TOTP(SECRET).at(real_now(), counter_offset=n) for n in range(-2, 3)}
    wrong = next(text for n in range(10) if (text := f"{n}00000") not in right)
    for _ in range(WRONG_MAX):
        with pytest.raises((WrongCode, CodesLocked)):
            factor.check(wrong, "Ann (telegram:1)")
    [notice] = owed
    assert notice.severity is Severity.ALERT
    assert "the last from Ann (telegram:1)" in repr(notice.fields)
    assert wrong not in repr(notice)

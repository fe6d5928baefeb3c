"""A store that refuses to open: the chat starts, says why, and can still look and kill."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from chatbot.config import load
from chatbot.tools.demo import EPOCH
from chatbot.tools.safe_mode import safe_mode
from chatbot.wiring.places import open_places
from storage.store import TinyStore
from tests.flows.hosts import flat
from tests.flows.processes import environment, exchange, pointing_at, run, started
from tests.flows.talkers import Telegram, ask, seen
from tests.trading.build import order
from trading.domain.errors import StoreInUse
from trading.domain.market import Quote
from trading.domain.money import CENT, ONE
from trading.domain.order import Order, Side
from trading.domain.records import Control, Put
from trading.risk.gate import Ticket


def damage(data: Path) -> str:
    """One bit in the middle of what is confirmed; how the store refuses."""
    store = TinyStore.open(data / "simulated" / "store")
    for name in ("one", "two", "three"):
        store.commit([Put("control", name, Control(name, {}, EPOCH))])
    store.close()
    [journal] = (data / "simulated" / "store").glob("journal-*")
    written = bytearray(journal.read_bytes())
    written[60] ^= 1
    journal.write_bytes(written)
    return "damaged at byte"


def talk(folder: Path, *lines: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return run("run", cwd=folder, stdin="".join(f"{line}\n" for line in lines), **settings)


def test_it_says_why_answers_status_and_kill_and_nothing_else(tmp_path: Path) -> None:
    data = tmp_path / "data"
    why = damage(data)
    done = talk(tmp_path, "/status", "/balance", "/resume", "/nothing", "/kill", DATA_DIR=str(data))
    said = flat(done.stdout)
    assert done.returncode == 75
    assert why in done.stderr
    assert said.count("HALTED: the store failed") == 1
    for word in ("Status, in safe mode", "HALTED (storage)", "Orders 0 resting", "$2,000.00", "KILLED in safe mode"):
        assert word in said
    for name in ("balance", "resume", "nothing"):
        assert f"/{name}: not in safe mode" in said
    assert (data / "simulated" / "HALTED").exists()
    assert f"safe mode, nothing is traded: {data}" in (data / "simulated" / "bot.log").read_text()


def test_a_data_folder_that_cannot_be_used_is_a_sentence_and_safe_mode(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_text("a file where the folder should be")
    done = talk(tmp_path, "/status", DATA_DIR=str(data))
    assert done.returncode == 75
    assert f"{data}/simulated/store cannot be used" in done.stderr
    assert "check DATA_DIR and its permissions" in done.stderr
    assert "Traceback" not in done.stderr
    assert "HALTED (storage)" in flat(done.stdout)


def test_another_running_bot_is_no_reason_for_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    opened = TinyStore.open(data / "simulated" / "store")
    done = talk(tmp_path, "/status", DATA_DIR=str(data))
    opened.close()
    assert (done.returncode, done.stdout) == (75, "")
    assert "in use by another running bot" in done.stderr


def test_a_second_bot_is_refused_while_one_is_in_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    damage(data)
    with started("run", "--no-terminal", cwd=tmp_path, DATA_DIR=str(data)) as first:
        while not list((data / "simulated").glob("exchange/*")):
            assert first.poll() is None
        done = talk(tmp_path, "/status", DATA_DIR=str(data))
        assert (done.returncode, done.stdout) == (75, "")
        assert "in use by another running bot" in done.stderr
        first.terminate()
        assert first.wait() == 75


def far(ticker: str, quote: Quote) -> Order:
    """One that rests: for the side that is dear, at the lowest price."""
    dear = quote.ask is None or (quote.bid is not None and quote.ask.price >= ONE - quote.bid.price)
    side, price = (Side.BID, CENT) if dear else (Side.ASK, ONE - CENT)
    return order(ticker=ticker, side=side, exchange_index=2, price=price)


async def test_a_phone_is_told_once_and_its_kill_cancels_what_rests(tmp_path: Path) -> None:
    phone, data = Telegram(), tmp_path / "data"
    await phone.start()
    with exchange(tmp_path / "exchange", seed="7") as where:
        env = environment(**(pointing_at(where, data) | phone.settings))
        settings = load(None, env)
        places = await open_places(settings)
        markets = [m for m in await places.exchange.markets(status="open") if m.exchange_index == 2]
        market = max(markets, key=lambda each: each.close_time)
        await places.exchange.place(Ticket(far(market.ticker, await places.exchange.quote(market.ticker))))
        bot = asyncio.create_task(safe_mode(settings, "the journal is damaged at byte 33", terminal=False))
        await seen(phone, "HALTED: the store failed", "damaged at byte")
        await ask(phone, "/status", "HALTED (storage)", "1 resting")
        await ask(phone, "/kill", "KILLED in safe mode", "none")
        assert await places.exchange.orders(status="resting") == []
        assert sum("HALTED: the store failed" in text for text in phone.texts()) == 1
        bot.cancel()
        with pytest.raises(asyncio.CancelledError):
            await bot
        await places.close()
    await phone.stop()


async def test_the_lock_is_held_while_it_talks(tmp_path: Path) -> None:
    settings = load(None, {"DATA_DIR": str(tmp_path), "KALSHI_ENV": "simulated"})
    opened = TinyStore.open(settings.data_folder / "store")
    with pytest.raises(StoreInUse):
        await safe_mode(settings, "why", terminal=False)
    opened.close()

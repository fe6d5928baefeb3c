"""`doctor` and `fund` as their user runs them, against the exchange as a process of its own and the chats' doubles."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chatbot.config import load
from chatbot.tools import fund as funding
from chatbot.tools.doctor import doctor, kept
from chatbot.tools.doctor_chats import chats
from chatbot.tools.doctor_exchange import at_the_exchange
from chatbot.tools.findings import Finding
from chatbot.tools.fund import NotMoved, fund
from chatbot.wiring.places import Places
from storage.store import TinyStore
from tests.flows.processes import command, environment, pointing_at, run, started
from tests.flows.talkers import Discord, Telegram
from trading.clock import RealClock
from trading.domain.errors import Misconfigured, Unauthorized, Unavailable, Unresolved
from trading.domain.market import Tick
from trading.domain.order import Balance
from trading.exchange.kalshi.client import KalshiExchange

UNREACHABLE = "http://127.0.0.1:9/trade-api/v2"
BEHIND = timedelta(seconds=90)
KEYLESS = ("KALSHI_ENV", "KALSHI_API_BASE")
Checks = dict[str, dict[str, str]]


def checks(output: str) -> Checks:
    """What `doctor --json` found, by the name of the check."""
    return {check["name"]: check for check in json.loads(output.splitlines()[-1])["checks"]}


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An exchange with all of its cash on shard 0, and the settings of a bot that trades there."""
    folder = tmp_path_factory.mktemp("poor")
    words = ("exchange", "--data", str(folder / "exchange"), "--cash", "0=1000", "--cash", "2=0")
    with started(*words, cwd=folder) as process:
        assert process.stdout is not None
        yield pointing_at(json.loads(process.stdout.readline()), folder / "data")


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An empty folder to run in."""
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def test_without_settings_all_is_well_and_nothing_is_left_behind(tmp_path: Path) -> None:
    done = run("doctor", cwd=tmp_path, COLUMNS="40")
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout
    assert "embedded answers" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 40
    assert list(tmp_path.iterdir()) == []


async def test_a_wrong_setting_is_a_failed_check(alone: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    alone.setenv("STAKE_USD", "five")
    assert await doctor(as_json=True) == 1
    found = checks(capsys.readouterr().out)
    assert list(found) == ["settings"]
    assert "STAKE_USD" in found["settings"]["text"]


async def test_a_folder_that_cannot_be_written_and_an_exchange_that_cannot_be_reached(
    tmp_path: Path, alone: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    wrong = {"DATA_DIR": str(tmp_path / "file" / "data"), "KALSHI_ENV": "demo", "KALSHI_API_BASE": UNREACHABLE}
    for name, value in wrong.items():
        alone.setenv(name, value)
    assert await doctor(as_json=True) == 1
    found = checks(capsys.readouterr().out)
    assert {found[name]["status"] for name in ("data folder", "exchange")} == {"fail"}
    assert "DATA_DIR" in found["data folder"]["fix"]
    assert UNREACHABLE in found["exchange"]["text"]
    assert not {"store", "key"} & set(found)


async def test_a_wrong_key_is_named(
    tmp_path: Path, alone: pytest.MonkeyPatch, poor: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    other, key = ed25519.Ed25519PrivateKey.generate(), tmp_path / "other.pem"
    key.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for name, value in (poor | {"KALSHI_PRIVATE_KEY_PATH": str(key)}).items():
        alone.setenv(name, value)
    assert await doctor(as_json=True) == 1
    written = capsys.readouterr().out
    assert checks(written)["key"]["status"] == "fail"
    assert "KALSHI_PRIVATE_KEY_PATH" in checks(written)["key"]["text"]
    assert "cash" not in checks(written)
    assert poor["KALSHI_API_KEY_ID"] not in written


def test_a_store_in_use_is_no_failure_and_what_was_mended_is_said(tmp_path: Path) -> None:
    assert [each.text for each in kept(tmp_path / "store")] == ["none yet (made at the first start)"]
    opened = TinyStore.open(tmp_path / "store")
    assert list(kept(tmp_path / "store")) == [Finding("ok", "store", "in use by a running bot")]
    opened.close()
    whole = Finding("ok", "audit", "whole, 0 entries")
    assert list(kept(tmp_path / "store")) == [Finding("ok", "store", "opens, 0 trades"), whole]
    newest = max((tmp_path / "store").glob("*"), key=lambda path: (path.stat().st_size, path.name))
    written = newest.read_bytes()
    newest.write_bytes(written.rstrip(b"\0") + b"torn".ljust(len(written) - len(written.rstrip(b"\0")), b"\0"))
    mended, _ = kept(tmp_path / "store")
    assert mended.mark == "warn"
    assert mended.text


def test_cash_on_the_wrong_shard_fails_and_the_named_command_mends_it(tmp_path: Path, poor: dict[str, str]) -> None:
    done = run("doctor", "--json", cwd=tmp_path, **poor)
    found = checks(done.stdout)["cash"]
    assert (done.returncode, found["status"]) == (1, "fail")
    assert "$0.00 on shard 2" in found["text"]
    assert found["fix"] == "kalshi-chatops fund --to 2 --from 0 --usd 10.00"
    words = found["fix"].split()[1:]
    refused = run(*words, cwd=tmp_path, **poor)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "--yes" in refused.stderr
    moved = run(*words, "--yes", cwd=tmp_path, **poor)
    assert (moved.returncode, moved.stderr) == (0, "")
    before, after = moved.stdout.split("Moved")
    assert "$1,000.00" in before
    assert "$990.00" in after
    assert "$10.00" in after


@pytest.mark.parametrize(
    ("to", "source", "usd", "said"),
    [
        (2, None, "", "--usd"),
        (None, None, "5", "--to"),
        (2, 2, "5", "same shard"),
        (2, None, "five", "five"),
        (2, None, "0.00001", "4 decimals"),
        (2, None, "-5", "above 0"),
        (2, None, "nan", "nan"),
        (2, None, "1e999999", "1e999999"),
    ],
)
async def test_wrong_options_are_refused(to: int | None, source: int | None, usd: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        await fund(load(None, {}), to, source, usd, yes=True)


async def test_more_than_there_is_is_refused(poor: dict[str, str]) -> None:
    with pytest.raises(NotMoved, match=r"shard 3 has \$0\.00, less than"):
        await fund(load(None, poor), 2, 3, "5", yes=True)


async def test_without_a_balance_by_shard_nothing_is_moved(
    poor: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def total_only(_: KalshiExchange) -> Balance:
        return Balance(Decimal(1000))

    monkeypatch.setattr(KalshiExchange, "balance", total_only)
    with pytest.raises(NotMoved, match="subaccount"):
        await fund(load(None, poor), 2, 0, "5", yes=True)


async def test_a_transfer_that_nobody_knows_of_is_looked_for(
    poor: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    move = KalshiExchange.move_cash

    async def unanswered(exchange: KalshiExchange, *given: Any) -> str:
        raise Unresolved(f"{await move(exchange, *given)} got lost on the way back")

    monkeypatch.setattr(KalshiExchange, "move_cash", unanswered)
    assert await fund(load(None, poor), 2, 0, "1", yes=True) == 0
    assert "not sure" in capsys.readouterr().out


async def test_cash_that_does_not_arrive_is_said(poor: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_: object) -> str:
        return "transfer-1"

    monkeypatch.setattr(KalshiExchange, "move_cash", lost)
    monkeypatch.setattr(funding, "POLLS_MAX", 2)
    monkeypatch.setattr(funding, "POLL_SECONDS", 0.01)
    with pytest.raises(NotMoved, match="look again"):
        await fund(load(None, poor), 2, 0, "5", yes=True)


def test_a_wrong_option_is_one_sentence(tmp_path: Path) -> None:
    done = run("fund", "--to", "2", cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines()), done.stdout) == (2, 1, "")


async def test_without_options_the_command_is_shown_and_without_a_key_nothing(
    poor: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert await fund(load(None, poor | {"MAX_ORDER_USD": "500"}), None, None, "", yes=False) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1].startswith("kalshi-chatops fund --to 2 --from 0 --usd ")
    with pytest.raises(Unauthorized, match="KALSHI_API_KEY_ID"):
        await fund(load(None, {name: poor[name] for name in KEYLESS}), None, None, "", yes=False)


async def test_an_embedded_account_is_funded_for_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = load(None, {"DATA_DIR": str(tmp_path)})
    assert await fund(settings, 2, None, "999.9999", yes=True) == 0
    capsys.readouterr()
    assert await fund(settings, None, None, "", yes=False) == 0
    assert "$0.0001" in capsys.readouterr().out
    opened = TinyStore.open(settings.data_folder / "store")
    with pytest.raises(NotMoved, match="in use"):
        await fund(settings, None, None, "", yes=False)
    opened.close()


class PausedExchange(BaseHTTPRequestHandler):
    """Says that its second shard is paused, with a clock that is behind."""

    def do_GET(self) -> None:
        shard = {"exchange_index": 2, "exchange_active": True, "trading_active": False}
        body = {"exchange_active": True, "trading_active": True, "exchange_index_statuses": [shard]}
        answer = json.dumps(body if self.path.endswith("/exchange/status") else {"markets": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(datetime.now(UTC) - BEHIND, usegmt=True)

    def log_message(self, *args: Any) -> None:
        pass


class NoFeed:
    """A spot feed that no venue answers."""

    async def read(self) -> Tick:
        raise Unavailable("BTC spot price: 0 of 5 venues usable")


async def test_a_wrong_clock_a_pause_and_a_series_without_a_market_are_warned_of() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), PausedExchange)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    clock, address = RealClock(), f"http://127.0.0.1:{server.server_address[1]}/trade-api/v2"
    exchange = KalshiExchange(address, None, clock)
    places = Places(clock, exchange, False, NoFeed(), address, "")
    settings = load(None, {"KALSHI_ENV": "demo", "KALSHI_API_BASE": address})
    found = {each.name: each async for each in at_the_exchange(settings, places)}
    exchange.close()
    server.shutdown()
    server.server_close()
    assert [found[name].mark for name in ("clock", "shard 2", "market", "key")] == ["warn"] * 4
    assert "ahead" in found["clock"].text
    assert "NTP" in found["clock"].fix
    assert "production" in found["market"].fix
    assert found["shard 0"].mark == "ok"
    assert found["spot"].mark == "FAIL"


async def test_tokens_that_are_taken_and_tokens_that_are_not(tmp_path: Path) -> None:
    phones = Telegram(), Discord()
    for phone in phones:
        await phone.start()
    settings = phones[0].settings | phones[1].settings | {"DISCORD_USERS": "5:viewer"}
    found = {each.name: each for each in await asyncio.to_thread(chats, load(None, settings))}
    assert [found[name].mark for name in ("telegram", "discord", "telegram people")] == ["ok"] * 3
    assert found["discord people"].mark == "warn"
    assert "DISCORD_USERS" in found["discord people"].fix
    wrong = {"TELEGRAM_BOT_TOKEN": settings["TELEGRAM_BOT_TOKEN"][:-1] + "X", "DISCORD_BOT_TOKEN": "no-token"}
    env = environment(**(settings | wrong))
    done = await asyncio.to_thread(
        subprocess.run, command("doctor", "--json"), cwd=tmp_path, env=env, capture_output=True, text=True
    )
    said = checks(done.stdout)
    assert done.returncode == 1
    assert "is refused (HTTP 401)" in said["telegram"]["text"]
    assert "is not a token" in said["discord"]["text"]
    assert not [text for text in wrong.values() if text in done.stdout + done.stderr]
    for phone in phones:
        await phone.stop()
    lost = await asyncio.to_thread(chats, load(None, settings))
    assert "no answer" in lost[0].text
    assert not [each for each in lost if settings["TELEGRAM_BOT_TOKEN"] in each.text + each.fix]

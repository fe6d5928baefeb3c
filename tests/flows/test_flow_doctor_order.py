"""`doctor --order` as its user runs it: the real wire there and back, and nothing that stays."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import requests

from chatbot.tools.doctor_exchange import scopes as weigh
from chatbot.tools.exchange import open_simulated
from tests.flows.processes import exchange, pointing_at, run, started
from trading.clock import RealClock
from trading.exchange.kalshi.auth import Signer, load_private_key
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.simulated.scopes import Rights, Scope

STEPS = ["order placed", "order listed", "order told", "order cancelled", "cancel listed", "cancel told"]


def found(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in json.loads(done.stdout.splitlines()[-1])["checks"]}


def orders(where: dict[str, str]) -> list[dict[str, str]]:
    """What the exchange lists, asked for past the bot."""
    signer = Signer(where["key_id"], load_private_key(Path(where["private_key_path"]).read_bytes()))
    headers = signer.headers("GET", "/trade-api/v2/portfolio/orders")
    answer = requests.get(f"{where['base_url']}/portfolio/orders", headers=headers, timeout=5)
    listed: list[dict[str, str]] = answer.json()["orders"]
    return listed


def test_an_order_goes_there_and_back_and_nothing_stays(tmp_path: Path) -> None:
    with exchange(tmp_path / "exchange") as where:
        done = run("doctor", "--order", "--json", cwd=tmp_path, **pointing_at(where, tmp_path / "data"))
        (order,) = orders(where)
    checks = found(done)
    assert done.returncode == 0, done.stdout
    assert [checks[name]["status"] for name in ("stream", *STEPS)] == ["ok"] * 7
    assert all(" ms" in checks[name]["text"] for name in STEPS)
    assert (order["status"], order["fill_count_fp"], order["initial_count_fp"]) == ("canceled", "0.00", "1.00")
    assert order["yes_price_dollars"] in ("0.0100", "0.9900")
    assert not (tmp_path / "data").exists()


def test_the_embedded_exchange_is_enough(tmp_path: Path) -> None:
    done = run("doctor", "--order", cwd=tmp_path, COLUMNS="40")
    assert done.returncode == 0, done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 40
    for name in STEPS:
        assert f"ok    {name}: " in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_production_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    done = run("doctor", "--order", cwd=tmp_path, KALSHI_ENV="production", DRY_RUN="true")
    assert (done.returncode, done.stdout) == (2, "")
    assert "KALSHI_ENV=production: set KALSHI_ENV=demo" in done.stderr


@pytest.mark.parametrize("halted_by", ["a bot", "a marker"])
def test_a_halt_in_the_data_folder_holds_here_too(tmp_path: Path, halted_by: str) -> None:
    with exchange(tmp_path / "exchange") as where:
        settings = pointing_at(where, tmp_path / "data")
        if halted_by == "a bot":
            run("run", cwd=tmp_path, stdin="/kill\n", **settings)
        else:
            (tmp_path / "data" / "simulated").mkdir(parents=True)
            (tmp_path / "data" / "simulated" / "HALTED").write_text("Ann")
        done = run("doctor", "--order", "--json", cwd=tmp_path, **settings)
        assert orders(where) == []
    assert done.returncode == 1
    assert "halted (manual)" in found(done)["order"]["text"]


def test_beside_a_running_bot_it_is_refused(tmp_path: Path) -> None:
    with exchange(tmp_path / "exchange") as where:
        settings = pointing_at(where, tmp_path / "data")
        with started("run", "--no-terminal", cwd=tmp_path, **settings) as bot:
            assert bot.stdout is not None
            while "kalshi-chatops" not in bot.stdout.readline():
                pass
            done = run("doctor", "--order", "--json", cwd=tmp_path, **settings)
        checks = found(done)
    assert done.returncode == 1
    assert "order placed" not in checks
    assert "stop the bot first" in checks["order"]["fix"]


def test_without_a_key_there_is_nothing_to_sign_with(tmp_path: Path) -> None:
    with exchange(tmp_path / "exchange") as where:
        settings = {"KALSHI_ENV": "demo", "KALSHI_API_BASE": where["base_url"], "DATA_DIR": str(tmp_path / "data")}
        checks = found(run("doctor", "--order", "--json", cwd=tmp_path, **settings))
    assert checks["stream"]["status"] == "warn"
    assert "KALSHI_API_KEY_ID" in checks["order"]["fix"]


@pytest.mark.parametrize(
    ("scopes", "mark", "said"),
    [
        ((Scope.READ, Scope.TRADE), "ok", "read, write::trade"),
        ((Scope.READ, Scope.TRADE, Scope.TRANSFER), "ok", "write::transfer"),
        ((Scope.READ, Scope.WRITE), "warn", "more than it needs (write)"),
        ((Scope.READ,), "FAIL", "make a key with the scopes read and write::trade"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else None,
)
async def test_what_the_key_may_do_is_shown_and_weighed(
    tmp_path: Path, scopes: tuple[Scope, ...], mark: str, said: str
) -> None:
    simulated = await open_simulated(tmp_path, RealClock())
    simulated.venue.rights[simulated.credentials.key_id] = Rights("narrow", scopes)
    key = load_private_key(simulated.credentials.private_key_path.read_bytes())
    exchange_ = KalshiExchange(simulated.server.base_url, Signer(simulated.credentials.key_id, key), RealClock())
    weighed = await weigh(exchange_, play=False)
    exchange_.close()
    await simulated.stop()
    assert weighed.mark == mark
    assert said in f"{weighed.text} {weighed.fix}"

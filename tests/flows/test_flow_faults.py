"""Whatever goes wrong at the exchange, the bot's figures are the exchange's own, and no order gets in twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from chatbot.tools.demo import demo
from tests.flows.processes import run
from trading.exchange.simulated.account import Account
from trading.exchange.simulated.faults import PROFILES
from trading.exchange.simulated.journal import Journal

SEED = 3


@pytest.mark.parametrize("profile", PROFILES)
async def test_no_profile_changes_a_penny(tmp_path: Path, profile: str) -> None:
    spoilt = PROFILES[profile]
    windows = 2 if spoilt.requests or spoilt.flooded or spoilt.stale else 1
    told = await demo(windows, SEED, faults=profile, data=tmp_path)
    assert told["windows"] == windows == told["trades"] + sum(told["skipped"].values())
    assert told["open_trades"] == 0
    assert told["pnl_usd"] == told["exchange_pnl_usd"]
    account = Account(Journal(tmp_path / "simulated" / "exchange"))
    account.close()
    filled = Counter(fill.ticker for fill in account.fills)
    assert told["fills"] == filled.total()
    ids = Counter(order.client_order_id for order in account.orders.values())
    assert set(ids.values()) <= {1}
    traded = {order.ticker for order in account.orders.values() if order.filled}
    assert len(traded) <= told["trades"]


def test_faults_are_for_the_simulated_exchange_in_this_process(tmp_path: Path) -> None:
    done = run("run", "--faults", "storm", cwd=tmp_path, KALSHI_ENV="demo", DRY_RUN="true")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "--faults" in done.stderr


def test_a_demonstration_goes_on_only_in_its_own_world(tmp_path: Path) -> None:
    words = ("demo", "--windows", "1", "--data", str(tmp_path / "kept"))
    assert run(*words, "--seed", "7", cwd=tmp_path).returncode == 0
    done = run(*words, "--seed", "8", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--seed" in done.stderr
    assert str(tmp_path / "kept" / "simulated" / "exchange") in done.stderr

"""Starting as a user does: a chat on standard input, a clean end, trades known again; and wrong settings refused."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.flows.processes import command, environment, run

FAST = {"SIM_SPEED": "100"}

TRADE_SECONDS_MAX = 180.0  # of real time, until a bot at full speed has entered a market


def talk(folder: Path, *lines: str, **settings: str) -> str:
    """The answers to these lines, one after the other."""
    done = run("run", cwd=folder, stdin="".join(f"{line}\n" for line in lines), **(FAST | settings))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_with_no_settings_everything_answers_and_the_end_of_input_is_a_clean_end(tmp_path: Path) -> None:
    said = talk(
        tmp_path,
        *("/start", "/help", "/whoami", "/status", "/balance", "/positions", "/orders", "/trades", "/pnl"),
        *("/signals", "/health", "/version", "/dryrun on", "/dryrun off", "yes", "/pause", "/resume", "yes", "/kill"),
    )
    for word in ("play money", "ACTIVE", "$2,000.00", "owner", "KILLED", "DRY RUN"):
        assert word in said
    assert "went wrong" not in said
    assert "not done" not in said


def test_a_kill_is_still_there_after_a_restart_and_resume_ends_it(tmp_path: Path) -> None:
    talk(tmp_path, "/kill")
    assert "HALTED" in talk(tmp_path, "/status")
    assert "ACTIVE" in talk(tmp_path, "/resume", "yes", "/status").split("Resumed")[-1]


def test_a_dry_run_lock_cannot_be_opened_from_chat(tmp_path: Path) -> None:
    said = talk(tmp_path, "/status", "/dryrun off", DRY_RUN="true")
    assert "DRY RUN" in said
    assert "DRY_RUN" in said.split("/dryrun")[-1] or "DRY_RUN is true" in said


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"KALSHI_ENV": "prod"}, ("KALSHI_ENV", "production")),
        ({"KALSHI_ENV": "demo", "DRY_RUN": "false"}, ("KALSHI_API_KEY_ID",)),
        ({"KALSHI_API_KEY_ID": "abc"}, ("KALSHI_PRIVATE_KEY_PATH",)),
        ({"KALSHI_API_KEY_ID": "abc", "KALSHI_PRIVATE_KEY_PATH": "/nowhere/key.pem"}, ("/nowhere/key.pem",)),
        ({"KALSHI_API_KEY_ID": "abc", "KALSHI_PRIVATE_KEY": "rubbish"}, ("KALSHI_PRIVATE_KEY", "PEM")),
        ({"STAKE_USD": "five"}, ("STAKE_USD", "five")),
        ({"MIN_PRICE": "0.7", "MAX_PRICE": "0.6"}, ("MIN_PRICE",)),
        ({"KALSHI_STAKE": "5"}, ("KALSHI_STAKE",)),
        ({"POLL_SECONDS": "0"}, ("POLL_SECONDS",)),
        ({"TIMEZONE": "Mars/Olympus"}, ("TIMEZONE", "Mars/Olympus")),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_nothing_starts(
    tmp_path: Path, settings: dict[str, str], words: tuple[str, ...]
) -> None:
    done = run("run", cwd=tmp_path, stdin="/status\n", **settings)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    for word in words:
        assert word in done.stderr
    assert "rubbish" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("STAKE_USDD=5\n")
    done = run("run", cwd=tmp_path, stdin="/status\n")
    assert done.returncode == 2
    assert "STAKE_USDD" in done.stderr
    assert "STAKE_USD" in done.stderr


def test_trades_are_exported_and_kept_in_a_file(tmp_path: Path) -> None:
    kept = {"CONSENSUS_TRADES_CSV": "trades.csv", "SIM_SPEED": "400"}
    bot = subprocess.Popen(
        command("run"),
        cwd=tmp_path,
        env=environment(**kept),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    file, end = tmp_path / "trades.csv", time.monotonic() + TRADE_SECONDS_MAX
    while not file.exists() or file.read_text().count("\n") < 2:
        assert time.monotonic() < end, f"no trade within {TRADE_SECONDS_MAX:g} s at 400 times the speed"
        time.sleep(0.1)
    bot.communicate(timeout=90)
    header = "time,buy_ticker,buy_side,stake_usd,price_usd,contracts,order_id,prev_signal,mom_signal,outcome,payout_usd"
    exported = run("export", "trades", "--format", "csv", cwd=tmp_path)
    assert exported.stdout.startswith(header)
    assert len(exported.stdout.splitlines()) >= 2
    assert file.read_text() == exported.stdout.replace("\r\n", "\n")
    assert '"profit_usd"' in run("export", "trades", "--format", "json", cwd=tmp_path).stdout

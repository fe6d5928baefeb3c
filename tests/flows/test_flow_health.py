"""What a running bot tells the programs that watch it: its port, its exit codes, and its log."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.flows.hosts import bot, said, wait_for
from tests.flows.processes import STOP_SECONDS_MAX, command, environment, run, started
from tests.flows.test_flow_safe_mode import damage
from tests.flows.test_flow_stop_process import free_port

READY_SECONDS_MAX = 90.0


def asked(port: str, path: str) -> tuple[int, str]:
    """Status 0 where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def until(port: str, path: str, status: int) -> dict[str, Any]:
    end = time.monotonic() + READY_SECONDS_MAX
    while (answer := asked(port, path))[0] != status:
        assert time.monotonic() < end, answer
        time.sleep(0.05)
    told: dict[str, Any] = json.loads(answer[1])
    return told


def test_a_bot_becomes_ready_tells_its_figures_and_keeps_its_port(tmp_path: Path) -> None:
    port, data = str(free_port()), tmp_path / "data"
    with bot(tmp_path, data, HEALTH_PORT=port):
        assert until(port, "/readyz", 200) == {"status": "ready", "reasons": []}
        assert until(port, "/healthz", 200) == {"status": "alive", "reasons": []}
        names = {family.name for family in text_string_to_metric_families(asked(port, "/metrics")[1])}
        assert {"kalshi_chatops_trading_state", "kalshi_chatops_orders", "process_resident_memory_bytes"} <= names
        assert said("health", cwd=tmp_path, DATA_DIR=str(data), HEALTH_PORT=port) == "alive"
        other = run("run", cwd=tmp_path, DATA_DIR=str(tmp_path / "other"), HEALTH_PORT=port)
        assert other.returncode == 2
        assert other.stderr.startswith(f"kalshi-chatops: HEALTH_PORT={port} is taken by another program")
        assert not (tmp_path / "other" / "simulated" / "store").exists()
    gone = run("health", cwd=tmp_path, DATA_DIR=str(data), HEALTH_PORT=port)
    assert (gone.returncode, gone.stdout[:28]) == (1, "not alive: nobody answers on")


def test_in_safe_mode_it_lives_and_is_not_ready(tmp_path: Path) -> None:
    port, data = str(free_port()), tmp_path / "data"
    why = damage(data)
    with started("run", "--no-terminal", cwd=tmp_path, DATA_DIR=str(data), HEALTH_PORT=port):
        assert until(port, "/healthz", 200)["status"] == "alive"
        told = until(port, "/readyz", 503)
        while told["reasons"] == ["the bot is starting"]:
            told = until(port, "/readyz", 503)
        assert told["reasons"][0].startswith("safe mode: ")
        assert why in told["reasons"][0]
        assert 'kalshi_chatops_halt{reason="storage"} 1.0' in asked(port, "/metrics")[1]


def test_the_log_is_json_in_its_file_and_the_screen_is_for_the_chat(tmp_path: Path) -> None:
    done = run("run", cwd=tmp_path, stdin="/status\n", DATA_DIR=str(tmp_path / "data"))
    assert (done.returncode, done.stderr) == (0, "")
    lines = (tmp_path / "data" / "simulated" / "bot.log").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert all({"timestamp", "level", "logger", "event"} <= row.keys() for row in rows)
    assert any(row["event"] == "beat" and row["mode"] == "real" for row in rows)


def service(folder: Path, *words: str) -> str:
    """What a bot without a terminal writes to standard error until it is stopped."""
    env = environment(DATA_DIR=str(folder))
    started = subprocess.Popen(
        command("run", "--no-terminal", *words),
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(folder / "simulated" / "control.sock")
    started.terminate()
    _, shown = started.communicate(timeout=STOP_SECONDS_MAX)
    assert started.returncode == 0, shown
    return shown


def test_without_a_terminal_standard_error_is_for_people(tmp_path: Path) -> None:
    shown = service(tmp_path)
    assert "[info     ] the host is heard at" in shown
    assert '{"event"' not in shown


def test_a_log_that_cannot_be_written_is_told_once_and_the_bot_goes_on(tmp_path: Path) -> None:
    (tmp_path / "simulated" / "bot.log").mkdir(parents=True)
    shown = service(tmp_path, "--log-level", "debug")
    assert shown.count("bot.log cannot be written (Is a directory)") == 1
    assert "Traceback" not in shown


def test_a_log_level_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    done = run("run", "--log-level", "loud", cwd=tmp_path, DATA_DIR=str(tmp_path / "data"))
    assert done.returncode == 2
    assert done.stderr == "kalshi-chatops: the log level LOUD is unknown: use DEBUG, INFO, WARNING or ERROR\n"

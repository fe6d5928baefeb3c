"""What a start imports: nothing that is not used, since a library costs tenths of a second and megabytes.

Each case is a Python of its own: this one has imported everything long ago.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.flows.processes import environment

SECONDS_MAX = 60  # of a Python with its imports, on a busy machine
SIMULATED, SERVER, STREAM = "trading.exchange.simulated", "aiohttp.web", "aiohttp"
TELEGRAM, DISCORD = frozenset({"telegram", "httpx"}), frozenset({"discord", STREAM})
WATCHED = {
    *(*TELEGRAM, *DISCORD, SERVER, SIMULATED),
    *("matplotlib", "numpy"),  # pictures are drawn by a process of their own
    *("distributed", "dask", "trading.research.backtest", "trading.research.sweep"),
    *("prompt_toolkit", "segno", "prometheus_client"),
    *("trading.feeds.news", "trading.feeds.polymarket", "trading.engine.arbitrage"),
}
LARGE = {*WATCHED, "requests", "pydantic", "structlog", "cryptography", "apscheduler", "msgspec", "tinydb"}

LOADED = "import json, sys; print(json.dumps(sorted(sys.modules)))"
WIRED = f"""
import asyncio, json, sys
from chatbot.app import build
from chatbot.config import load
from chatbot.tools.run import run
from chatbot.tools.talking import talking

async def main():
    app = await build(load(None, json.loads(sys.argv[1])), channels=talking(terminal=sys.argv[2] == "terminal"))
    for channel in app.channels:
        await channel.close()
    await app.places.close()
    app.store.close()

asyncio.run(main())
{LOADED}
"""


def python(
    folder: Path, *words: str, stdin: str = "", code: int = 0, **settings: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment(**settings),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def loaded(folder: Path, script: str, *words: str) -> set[str]:
    """The modules that stand in memory when the script has run."""
    return set(json.loads(python(folder, "-c", script, *words).stdout.splitlines()[-1]))


def told(stderr: str) -> set[str]:
    """The modules that `python -X importtime` tells of."""
    lines = (line for line in stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}


def key() -> dict[str, str]:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {"KALSHI_API_KEY_ID": "abcd0123-4567", "KALSHI_PRIVATE_KEY": pem.decode()}


def telegram() -> dict[str, str]:
    return {"TELEGRAM_BOT_TOKEN": "7000000001:nobody", "TELEGRAM_CHAT_ID": "11"}


def discord() -> dict[str, str]:
    return {"DISCORD_BOT_TOKEN": "nobody", "DISCORD_GUILD_ID": "900000000000000001", "DISCORD_CHANNEL_ID": "9" * 18}


def test_the_command_line_imports_no_library_of_a_command(tmp_path: Path) -> None:
    assert not loaded(tmp_path, f"import chatbot.cli\n{LOADED}") & LARGE


@pytest.mark.parametrize(
    ("settings", "terminal", "used"),
    [
        ({}, "", frozenset[str]()),
        ({}, "terminal", frozenset[str]()),
        (key(), "", frozenset({STREAM})),
        (telegram(), "", TELEGRAM),
        (discord(), "", DISCORD),
        (telegram() | discord() | key(), "terminal", TELEGRAM | DISCORD),
    ],
    ids=["nobody", "standard input", "a key", "Telegram", "Discord", "all of them"],
)
def test_a_wired_bot_has_imported_what_it_is_configured_for(
    tmp_path: Path, settings: dict[str, str], terminal: str, used: frozenset[str]
) -> None:
    given = {"KALSHI_ENV": "demo", "DATA_DIR": str(tmp_path / "data")} | settings
    assert loaded(tmp_path, WIRED, json.dumps(given), terminal) & WATCHED == used


def test_a_simulated_run_in_the_terminal_imports_its_exchange_and_no_chat(tmp_path: Path) -> None:
    done = python(tmp_path, "-X", "importtime", "-m", "chatbot", "run", stdin="/status\n")
    assert "\nStatus\n" in done.stdout
    assert told(done.stderr) & WATCHED == {SIMULATED, STREAM, SERVER}


def test_help_and_a_wrong_setting_import_nothing_that_a_bot_would_use(tmp_path: Path) -> None:
    shown = python(tmp_path, "-X", "importtime", "-m", "chatbot", "--help")
    assert "doctor" in shown.stdout
    assert not told(shown.stderr) & (LARGE - {"pydantic"})  # some versions of typer read the words with it
    refused = python(tmp_path, "-X", "importtime", "-m", "chatbot", "run", code=2, KALSHI_ENV="nowhere")
    assert "KALSHI_ENV=nowhere" in refused.stderr
    assert not told(refused.stderr) & WATCHED

"""The set-up from the first question to the test message: asks, checks each answer, shows what changes, writes `.env`.

Nothing is written before the last yes, and then all at once; a stop at any moment leaves the old file or the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from chatbot.commands.people import AT_YOUR_RISK
from chatbot.config import given, load
from chatbot.settings.rules import masked
from chatbot.tools.init.asking import Asker, Console, agreed, sentence
from chatbot.tools.init.discord import discord
from chatbot.tools.init.discord import send_test as test_discord
from chatbot.tools.init.env_file import BACKUP, edited, read, write
from chatbot.tools.init.exchange import exchange
from chatbot.tools.init.rest import rest
from chatbot.tools.init.telegram import send_test as test_telegram
from chatbot.tools.init.telegram import telegram
from trading.domain.errors import ChatopsError, Misconfigured

STOPPED = 130  # the exit code of what Ctrl-C has ended
SECRET_NAMES = ("TOKEN", "SECRET", "PRIVATE_KEY", "HEARTBEAT_URL")  # how secrets' names end
TEST = "kalshi-chatops is set up: its notices come here."


def init(env_file: Path = Path(".env"), asker: Asker | None = None) -> int:
    """Ask everything and write the file; the exit code. Raises ChatopsError, OSError where nothing was written."""
    asker, before = asker or Console(), read(env_file)
    try:
        if not (values := _written(asker, env_file)):
            return 0
    except KeyboardInterrupt:
        done = "nothing was written" if read(env_file) == before else f"{env_file} is written"
        asker.say(f"\nStopped: {done}.")
        return STOPPED
    return _tested(asker, values)


def _written(asker: Asker, env_file: Path) -> Mapping[str, str]:
    """What the bot will run with; empty where nothing was written."""
    current = given(env_file)
    asker.say(AT_YOUR_RISK)
    asker.say("Set-up. Enter takes what stands in [brackets]; Ctrl-C stops, and nothing is written before the end.")
    before, answers = given(env_file, {}), _answers(asker, current)
    changes = {name: value for name, value in answers.items() if before.get(name, "") != value}
    if not changes:
        asker.say(f"{env_file} stays as it is.")
        return current
    for name, value in changes.items():
        asker.say(change(name, before.get(name, ""), value))
    if not agreed(asker, f"Write this into {env_file}?"):
        asker.say("Nothing was written.")
        return {}
    had = env_file.exists()
    _write(asker, env_file, changes)
    asker.say(f"Written, readable by you alone.{f' The old one is {env_file}{BACKUP}.' if had else ''}")
    _overruled(asker, changes, env_file)
    return given(env_file)


def _answers(asker: Asker, current: Mapping[str, str]) -> dict[str, str]:
    """Every question, in turn."""
    answers = exchange(asker, current)
    answers |= telegram(asker, current)
    answers |= discord(asker, current)
    asker.say("")
    return answers | rest(asker, current)


def _write(asker: Asker, env_file: Path, changes: Mapping[str, str]) -> None:
    """Write once the whole of it loads; until then people mend what else stands there, and lose no answer."""
    while True:
        try:
            return write(env_file, edited(read(env_file), changes), load)
        except Misconfigured as error:
            asker.say(sentence(error))
            asker.line(f"Mend that in {env_file}, then press Enter; or press Ctrl-C")


def change(name: str, before: str, after: str) -> str:
    """One line of what changes, without a secret."""
    if not after:
        return f"  - {name}"
    return f"  {'~' if before else '+'} {name}={shown(name, after)}"


def shown(name: str, value: str) -> str:
    """A value for the screen: a secret's only so that one sees that it is there."""
    if name.endswith(SECRET_NAMES):
        return "(secret)"
    return masked(value) if name == "KALSHI_API_KEY_ID" else value


def _overruled(asker: Asker, changes: Mapping[str, str], env_file: Path) -> None:
    """Say what the process environment overrules."""
    for name in sorted(set(given(None)) & set(changes)):
        asker.say(f"{name} is set in this shell's environment too, which wins over {env_file}: unset it there.")


def _tested(asker: Asker, values: Mapping[str, str]) -> int:
    """Send the test messages; the exit code."""
    code = 0
    for name, test in (("TELEGRAM_BOT_TOKEN", test_telegram), ("DISCORD_BOT_TOKEN", test_discord)):
        try:
            if values.get(name):
                asker.say(f"A test message is sent. {test(values, TEST)}")
        except ChatopsError as error:
            asker.say(f"{sentence(error)} `kalshi-chatops doctor` says what to do.")
            code = 1
        except KeyboardInterrupt:
            asker.say("\nStopped: .env is written, not every test message is sent.")
            return STOPPED
    asker.say("Start the bot: make run, or kalshi-chatops run (one that runs already must be started again).")
    return code

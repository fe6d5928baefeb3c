"""The set-up's question about the exchange: which one, and with which key, tried at the exchange itself."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Mapping
from pathlib import Path

from chatbot.config import load
from chatbot.formats import exact_money
from chatbot.settings.rules import key_file
from chatbot.tools.fund import kalshi_of
from chatbot.tools.init.asking import NONE, Asker, agreed, chosen, hint, sentence, until
from chatbot.tools.init.env_file import OWNER_ONLY
from chatbot.wiring.places import open_places
from trading.domain.account_records import may_trade
from trading.domain.errors import ChatopsError, Misconfigured

ENVIRONMENTS = {
    "simulated": "simulated: play money inside this program, no account",
    "demo": "demo: Kalshi's test exchange, its own play money",
    "production": "production, dry run: real prices, orders on paper",
}
CARRIED = ("KALSHI_API_BASE", "KALSHI_WS_URL", "KALSHI_SUBACCOUNT", "ALLOW_CUSTOM_KALSHI_API")
PATH_LENGTH_MAX = 400  # characters; a key is longer
OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


def exchange(asker: Asker, current: Mapping[str, str]) -> dict[str, str]:
    """The values for `.env`; `current` is what is set so far."""
    names, now = list(ENVIRONMENTS), _environment(current)
    at = names.index(now) if now in names else 0
    environment = names[chosen(asker, "Which exchange?", list(ENVIRONMENTS.values()), at)]
    values = {"KALSHI_ENV": environment, "KALSHI_USE_DEMO": ""}
    if environment == "production":
        values |= _dry_run(asker, now, current.get("DRY_RUN", ""))
    elif current.get("DRY_RUN"):
        asker.say(f"DRY_RUN={current['DRY_RUN']} stays as it is.")
    if environment == "simulated" and not current.get("KALSHI_API_BASE"):
        return values
    return values | _key(asker, current, values)


def _environment(current: Mapping[str, str]) -> str:
    """Which one it is so far, by the rules of the settings."""
    demo = current.get("KALSHI_USE_DEMO", "").lower() == "true" or current.get("KALSHI_API_KEY_ID")
    return current.get("KALSHI_ENV", "").lower() or ("demo" if demo else "simulated")


def _dry_run(asker: Asker, environment: str, setting: str) -> dict[str, str]:
    """Real orders only for who has them already, and says so again."""
    if environment == "production" and not setting:
        asker.say("The dry run stays as it is: on, until you confirm /dryrun off in the chat.")
        return {}
    real = environment == "production" and setting.lower() == "false"
    if real and not agreed(asker, "DRY_RUN=false stands in .env: real orders go out. Make it a dry run?"):
        return {}
    asker.say("DRY_RUN=true: no real order goes out, until you take that line out of .env yourself.")
    return {"DRY_RUN": "true"}


def _key(asker: Asker, current: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """An API key that the exchange takes, or none."""
    asker.say("An API key (at Kalshi: Account, API Keys) lets the bot see the account; without one it sees prices.")
    kept = current.get("KALSHI_API_KEY_ID", "")
    carried = {name: current[name] for name in CARRIED if name in current} | dict(values)
    while True:
        key_id = asker.line(f"Key id {hint(kept, 'no key')}", secret=True) or kept
        if key_id in ("", NONE):
            return {"KALSHI_API_KEY_ID": "", "KALSHI_PRIVATE_KEY_PATH": "", "KALSHI_PRIVATE_KEY": ""}
        inline = current.get("KALSHI_PRIVATE_KEY", "") if key_id == kept else ""
        path = "" if inline else _file(asker, current)
        key = {"KALSHI_API_KEY_ID": key_id, "KALSHI_PRIVATE_KEY": inline, "KALSHI_PRIVATE_KEY_PATH": path}
        try:
            asker.say(asyncio.run(tried(carried | key)))
            return key
        except (ChatopsError, OSError) as error:
            asker.say(f"{sentence(error)} Try again, or press Enter to go on without a key.")
            kept = ""


def _file(asker: Asker, current: Mapping[str, str]) -> str:
    """The path of the key's file."""
    kept = current.get("KALSHI_PRIVATE_KEY_PATH", "")
    question = "Its file (.pem or .txt)" + (f" [{kept}]" if kept else "")
    return str(until(asker, question, lambda text: _pem(asker, text or kept)))


def _pem(asker: Asker, text: str) -> Path:
    """The key's file, readable by its owner alone. Raises ValueError."""
    if not text:
        raise ValueError("the key's file is needed: type the path under which you have saved it")
    if text.startswith("-----") or len(text) > PATH_LENGTH_MAX:
        raise ValueError("that is the key itself: save it in a file, and type the file's path")
    path = Path(text).expanduser().absolute()
    key_file(path, strict=False)
    if path.stat().st_mode & OTHERS_MAY:
        asker.say("Whoever can read this file can trade with your account, and others on this machine can read it.")
        if agreed(asker, "Make it readable by you alone (mode 600)?"):
            path.chmod(OWNER_ONLY)
    return path


async def tried(values: Mapping[str, str]) -> str:
    """What the exchange says to a key, as a sentence. Raises ChatopsError, OSError."""
    settings = load(None, {name: text for name, text in values.items() if text})
    places = await open_places(settings)
    try:
        balance = await places.exchange.balance()
        allowed = await kalshi_of(places).info.scopes()
        if not may_trade(allowed.scopes):
            raise Misconfigured("this key may not trade: make one with the scopes read and write::trade")
        return f"The exchange takes the key: {exact_money(balance.total)} in all."
    finally:
        await places.close()

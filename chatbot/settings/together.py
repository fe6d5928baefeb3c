"""What settings must be like together: each rule raises ValueError with a sentence that names the variables itself."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from chatbot.settings.rules import key_file, private_key, require


def price_band(least: Decimal, most: Decimal) -> None:
    require(least < most, f"MIN_PRICE={least} must be below MAX_PRICE={most}")


def one_environment(use_demo: bool | None, env: str | None) -> None:
    """The older variable does not contradict the newer one."""
    if use_demo is None or env is None:
        return
    if use_demo != (env == "demo") and (use_demo or env == "demo"):
        raise ValueError(f"KALSHI_USE_DEMO={str(use_demo).lower()} contradicts KALSHI_ENV={env}: keep KALSHI_ENV alone")


def telegram_chat(token: str, chat: str) -> None:
    """A bot that talks must know where to."""
    if token:
        require(chat, "TELEGRAM_BOT_TOKEN is set without TELEGRAM_CHAT_ID: set the chat that notices go to")


def discord_channel(token: str, guild: str, channel: str) -> None:
    """A bot that talks must know where to."""
    for name, value in (("GUILD", guild), ("CHANNEL", channel)) if token else ():
        require(value, f"DISCORD_BOT_TOKEN is set without DISCORD_{name}_ID: set the id that Discord shows")


def whole_key(key_id: str, inline: str, path: Path | None, *, strict: bool) -> None:
    """An id and its key, given once and readable; where strict, by their owner alone."""
    require(not (inline and path), "KALSHI_PRIVATE_KEY and KALSHI_PRIVATE_KEY_PATH are both set: keep one of them")
    has_key = bool(inline or path)
    if key_id and not has_key:
        raise ValueError("KALSHI_API_KEY_ID is set without its key: set KALSHI_PRIVATE_KEY_PATH to the PEM file")
    if has_key and not key_id:
        raise ValueError("KALSHI_PRIVATE_KEY_PATH is set without KALSHI_API_KEY_ID: set the id that belongs to it")
    if path:
        key_file(path.expanduser(), strict=strict)
    elif inline:
        private_key(pem_of(inline), "KALSHI_PRIVATE_KEY")


def pem_of(inline: str) -> bytes:
    """A key's text as a variable holds it: its lines may be written as backslash and n."""
    return inline.replace("\\n", "\n").encode()


def key_for_orders(environment: str, *, dry_run: bool, has_key: bool) -> None:
    """Real orders need a key, but at the simulated exchange that comes with one."""
    if environment != "simulated" and not dry_run and not has_key:
        raise ValueError(
            f"KALSHI_API_KEY_ID is missing: KALSHI_ENV={environment} with DRY_RUN=false needs a key; "
            "set it, or set DRY_RUN=true"
        )


def own_address(environment: str, custom: str, base: str, *, allowed: bool) -> None:
    """Production trades at Kalshi itself, unless somebody says that the other address is meant."""
    if environment == "production" and custom and not allowed:
        raise ValueError(
            f"{'KALSHI_API_BASE' if custom == base else 'KALSHI_WS_URL'}={custom} is not Kalshi's own address, "
            "which production refuses: remove it, or set ALLOW_CUSTOM_KALSHI_API=true if you mean it"
        )

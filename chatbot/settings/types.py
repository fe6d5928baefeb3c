"""The kinds of values that settings have: each type carries the rule that its text must keep."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from chatbot.rules import rules_of
from chatbot.settings.rules import ROLES, address, one_of, one_time_secret, people, require
from trading.strategies import NAMES


def _blank(value: object) -> object:
    """`off`, or nothing after the equals sign, means: not set."""
    return None if value in ("", "off") else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("is no time zone: use a name such as UTC or America/New_York") from None
    return value


def _time_of_day(value: str) -> str:
    require(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value), "is no time of day: write HH:MM, for example 20:00")
    return value


def _notice_rules(value: str) -> str:
    rules_of(value)
    return value


def _strategy_names(value: str) -> str:
    names = [name.strip() for name in value.split(",") if name.strip()]
    require(names, "names no strategy: use consensus")
    require(len(names) == len(set(names)), "names a strategy twice: name each once")
    for name in names:
        one_of(name, NAMES, "strategy")
    return value


def _telegram_id(value: str) -> str:
    require(re.fullmatch(r"-?\d*", value), "is no Telegram id: it is a number, for example -1001234567890")
    return value


def _discord_id(value: str) -> str:
    require(re.fullmatch(r"\d*", value), "is no Discord id: it is a number of 17 to 20 digits")
    return value


def _telegram_people(value: str) -> str:
    people(value, ROLES, groups=False)
    return value


def _discord_people(value: str) -> str:
    people(value, ROLES, groups=True)
    return value


def _totp_secret(value: SecretStr) -> SecretStr:
    return SecretStr(one_time_secret(value.get_secret_value()))


BLANK = BeforeValidator(_blank)
Usd = Annotated[Decimal, Field(gt=0, le=1_000_000)]
Seconds = Annotated[float, Field(ge=1, le=86_400)]
OptionalPath = Annotated[Path | None, BLANK]
TotpSecret = Annotated[SecretStr, AfterValidator(_totp_secret)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)]
ZoneName = Annotated[str, AfterValidator(_zone)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
NoticeRules = Annotated[str, AfterValidator(_notice_rules)]
StrategyNames = Annotated[str, AfterValidator(_strategy_names)]
TelegramId = Annotated[str, AfterValidator(_telegram_id)]
DiscordId = Annotated[str, AfterValidator(_discord_id)]
TelegramPeople = Annotated[str, AfterValidator(_telegram_people)]
DiscordPeople = Annotated[str, AfterValidator(_discord_people)]
HttpAddress = Annotated[str, AfterValidator(lambda value: address(value, ("https", "http")))]
StreamAddress = Annotated[str, AfterValidator(lambda value: address(value, ("wss", "ws")))]

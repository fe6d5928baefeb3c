"""The settings as people may see them: every variable in words, and of a secret only whether there is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import SecretStr

from chatbot.config import Settings
from chatbot.program import Setting, Source

# The first field of each group, as they stand in Settings.
GROUPS = {
    "kalshi_env": "exchange",
    "dry_run_setting": "safety",
    "strategies_text": "consensus",
    "telegram_bot_token": "telegram",
    "discord_bot_token": "discord",
    "data_dir": "service",
}
EFFECTIVE = {  # what holds where nothing is said depends on other variables
    "kalshi_env": "environment",
    "dry_run_setting": "dry_run",
    "control_lost_setting": "control_lost_minutes",
    "kalshi_api_key_id": "key_masked",
}
NOTHING = "not set"

Told = Mapping[str, tuple[str, Source]]  # by the variable's name: what holds in its place, and who said so


def listed(settings: Settings, given: frozenset[str], process: frozenset[str], told: Told) -> Iterator[Setting]:
    """Every variable in order; `given` are the fields that are set, `process` the names that the environment sets."""
    group = ""
    for field in Settings.model_fields:
        group, name = GROUPS.get(field, group), variable(field)
        value, source = told.get(name) or (shown(settings, field), _source(field in given, name in process))
        yield Setting(group, name, value, source)


def variable(field: str) -> str:
    """The name that users type for a field."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else field.upper()


def shown(settings: Settings, field: str) -> str:
    """A field's value in words that hold no secret."""
    value = getattr(settings, EFFECTIVE.get(field, field))
    match value:
        case SecretStr():
            return "set" if value.get_secret_value() else NOTHING
        case bool():
            return str(value).lower()
        case None | "":
            return NOTHING
        case float() | Path():
            return f"{value:g}" if isinstance(value, float) else str(value)
        case _:
            return str(value)


def _source(given: bool, by_process: bool) -> Source:
    if not given:
        return "default"
    return "environment" if by_process else ".env"

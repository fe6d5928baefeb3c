"""The settings: read once from `.env` and the process environment, checked, and never changed after.

Every name that users type is a field below, in lower case. A wrong value is one sentence that names the variable, its
value (never a secret's) and the fix; an unknown name is refused, because a limit that is silently ignored is worse
than none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from chatbot.config_rules import (
    HOSTS,
    address,
    key_file,
    masked,
    one_of,
    people,
    private_key,
    require,
    stream_of,
)
from chatbot.config_sources import from_file, from_process
from trading.domain.errors import Misconfigured

ROLES = ("viewer", "operator", "owner")
CONTROL_LOST_PRODUCTION_MINUTES = 30.0

Usd = Annotated[Decimal, Field(gt=0, le=1_000_000)]
Seconds = Annotated[float, Field(ge=1, le=86_400)]


def _blank(value: object) -> object:
    """`off`, or nothing after the equals sign, means: not set."""
    return None if value in ("", "off") else value


class Settings(BaseSettings):
    """Frozen. Dollars are Decimals, durations seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", case_sensitive=False, validate_default=False)

    # exchange
    kalshi_env: Literal["simulated", "demo", "production"] | None = None
    kalshi_use_demo: bool | None = None
    kalshi_api_key_id: str = ""
    kalshi_private_key_path: Annotated[Path | None, BeforeValidator(_blank)] = None
    kalshi_private_key: SecretStr = SecretStr("")
    kalshi_subaccount: Annotated[int, Field(ge=0, le=63)] = 0
    kalshi_api_base: str = ""
    kalshi_ws_url: str = ""

    # safety
    dry_run_setting: bool | None = Field(None, validation_alias="DRY_RUN")
    dry_run_balance_usd: Usd = Decimal("1000")
    max_order_usd: Usd = Decimal("10")
    max_position_usd: Usd = Decimal("20")
    max_exposure_usd: Usd = Decimal("50")
    daily_loss_limit_usd: Usd = Decimal("25")
    weekly_loss_limit_usd: Usd = Decimal("75")
    max_open_orders: Annotated[int, Field(ge=1, le=1000)] = 10
    max_orders_per_minute: Annotated[int, Field(ge=1, le=1000)] = 10
    max_consecutive_rejections: Annotated[int, Field(ge=1, le=1000)] = 5
    low_balance_usd: Annotated[Decimal, Field(ge=0)] = Decimal("20")
    control_lost_setting: Annotated[Annotated[float, Field(gt=0, le=10_080)] | None, BeforeValidator(_blank)] = Field(
        None, validation_alias="CONTROL_LOST_MINUTES"
    )
    totp_secret: SecretStr = SecretStr("")
    on_stop: Literal["cancel", "leave"] = "cancel"

    # consensus
    strategies_text: str = Field("consensus", validation_alias="STRATEGIES")
    strategies_file: Annotated[Path | None, BeforeValidator(_blank)] = None
    kalshi_event_ticker_prefix: Annotated[str, Field(pattern=r"^[A-Z0-9]+$")] = "KXBTC15M"
    stake_usd: Usd = Decimal("5.0")
    poll_seconds: Seconds = 5
    momentum_window_seconds: Seconds = 60
    momentum_dead_zone_bp: Annotated[float, Field(ge=0, le=1000)] = 1
    sample_age_seconds: Seconds = 15
    min_price: Annotated[Decimal, Field(gt=0, lt=1)] = Decimal("0.35")
    max_price: Annotated[Decimal, Field(gt=0, lt=1)] = Decimal("0.65")
    entry_window_seconds: Seconds = 600
    order_timeout_seconds: Seconds = 10

    # telegram
    telegram_bot_token: SecretStr = SecretStr("")
    telegram_chat_id: str = ""
    telegram_topic_id: str = ""
    telegram_users_text: str = Field("", validation_alias="TELEGRAM_USERS")
    telegram_api_base: str = ""

    # discord
    discord_bot_token: SecretStr = SecretStr("")
    discord_guild_id: str = ""
    discord_channel_id: str = ""
    discord_log_channel_id: str = ""
    discord_users_text: str = Field("", validation_alias="DISCORD_USERS")
    discord_api_base: str = ""

    # service
    data_dir: Path = Path("data")
    instance_name: Annotated[str, Field(max_length=32)] = ""
    consensus_trades_csv: Annotated[Path | None, BeforeValidator(_blank)] = None
    timezone: str = "UTC"
    daily_digest_at: str = "20:00"
    notify: str = ""
    heartbeat_url: SecretStr = SecretStr("")
    health_port: Annotated[Annotated[int, Field(ge=1, le=65_535)] | None, BeforeValidator(_blank)] = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    sim_seed: Annotated[int, Field(ge=0)] = 1
    sim_speed: Annotated[float, Field(gt=0, le=1000)] = 20
    allow_custom_kalshi_api: bool = False

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` gathered: which source wins stands in one place."""
        return (init_settings,)

    # --- one field at a time

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("is no time zone: use a name such as UTC or America/New_York") from None
        return value

    @field_validator("daily_digest_at")
    @classmethod
    def _hour(cls, value: str) -> str:
        require(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value), "is no time of day: write HH:MM, for example 20:00")
        return value

    @field_validator("notify")
    @classmethod
    def _events(cls, value: str) -> str:
        wanted = r"[a-z_]+:(on|silent|off)"
        fits = not value or re.fullmatch(rf"{wanted}(\s*,\s*{wanted})*", value)
        require(fits, "is not event:on|silent|off, separated by commas: for example order:silent,settlement:on")
        return value

    @field_validator("strategies_text")
    @classmethod
    def _strategies(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",") if name.strip()]
        require(names, "names no strategy: use consensus")
        require(len(names) == len(set(names)), "names a strategy twice: name each once")
        for name in names:
            one_of(name, ("consensus",), "strategy")
        return value

    @field_validator("telegram_chat_id", "telegram_topic_id")
    @classmethod
    def _telegram_id(cls, value: str) -> str:
        require(re.fullmatch(r"-?\d*", value), "is no Telegram id: it is a number, for example -1001234567890")
        return value

    @field_validator("discord_guild_id", "discord_channel_id", "discord_log_channel_id")
    @classmethod
    def _discord_id(cls, value: str) -> str:
        require(re.fullmatch(r"\d*", value), "is no Discord id: it is a number of 17 to 20 digits")
        return value

    @field_validator("telegram_users_text")
    @classmethod
    def _telegram_people(cls, value: str) -> str:
        people(value, ROLES, groups=False)
        return value

    @field_validator("discord_users_text")
    @classmethod
    def _discord_people(cls, value: str) -> str:
        people(value, ROLES, groups=True)
        return value

    @field_validator("kalshi_api_base", "telegram_api_base", "discord_api_base")
    @classmethod
    def _http(cls, value: str) -> str:
        return address(value, ("https", "http"))

    @field_validator("kalshi_ws_url")
    @classmethod
    def _ws(cls, value: str) -> str:
        return address(value, ("wss", "ws"))

    # --- fields together

    @model_validator(mode="after")
    def _together(self) -> Self:
        require(self.min_price < self.max_price, f"MIN_PRICE={self.min_price} must be below MAX_PRICE={self.max_price}")
        self._which_environment()
        self._chats()
        self._key()
        if self.environment == "production" and self.custom_address and not self.allow_custom_kalshi_api:
            name = "KALSHI_API_BASE" if self.custom_address == self.kalshi_api_base else "KALSHI_WS_URL"
            raise ValueError(
                f"{name}={self.custom_address} is not Kalshi's own address, which production refuses: "
                "remove it, or set ALLOW_CUSTOM_KALSHI_API=true if you mean it"
            )
        return self

    def _chats(self) -> None:
        """A bot that talks must know where to."""
        if self.telegram_bot_token.get_secret_value():
            nowhere = "TELEGRAM_BOT_TOKEN is set without TELEGRAM_CHAT_ID: set the chat that notices go to"
            require(self.telegram_notice_chat, nowhere)
        if self.discord_bot_token.get_secret_value():
            for name, value in (("GUILD", self.discord_guild_id), ("CHANNEL", self.discord_channel_id)):
                require(value, f"DISCORD_BOT_TOKEN is set without DISCORD_{name}_ID: set the id that Discord shows")

    def _which_environment(self) -> None:
        if self.kalshi_use_demo is None or self.kalshi_env is None:
            return
        if self.kalshi_use_demo != (self.kalshi_env == "demo") and (self.kalshi_use_demo or self.kalshi_env == "demo"):
            raise ValueError(
                f"KALSHI_USE_DEMO={str(self.kalshi_use_demo).lower()} contradicts KALSHI_ENV={self.kalshi_env}: "
                "keep KALSHI_ENV alone"
            )

    def _key(self) -> None:
        """The key is whole, readable, and there where real orders need it."""
        inline, path = self.kalshi_private_key.get_secret_value(), self.kalshi_private_key_path
        require(not (inline and path), "KALSHI_PRIVATE_KEY and KALSHI_PRIVATE_KEY_PATH are both set: keep one of them")
        has_key, key_id = bool(inline or path), self.kalshi_api_key_id
        if key_id and not has_key:
            raise ValueError("KALSHI_API_KEY_ID is set without its key: set KALSHI_PRIVATE_KEY_PATH to the PEM file")
        if has_key and not key_id:
            raise ValueError("KALSHI_PRIVATE_KEY_PATH is set without KALSHI_API_KEY_ID: set the id that belongs to it")
        if path:
            key_file(path.expanduser(), strict=self.environment == "production")
        elif inline:
            private_key(self.private_key_pem(), "KALSHI_PRIVATE_KEY")
        if self.environment != "simulated" and not self.dry_run and not has_key:
            raise ValueError(
                f"KALSHI_API_KEY_ID is missing: KALSHI_ENV={self.environment} with DRY_RUN=false needs a key; "
                "set it, or set DRY_RUN=true"
            )

    # --- what follows from them

    @property
    def environment(self) -> str:
        """simulated, demo or production; production only when it is said."""
        if self.kalshi_env:
            return self.kalshi_env
        return "demo" if self.kalshi_use_demo or self.kalshi_api_key_id else "simulated"

    @property
    def dry_run(self) -> bool:
        """On unless said otherwise; off by default only where the money is play money."""
        return self.environment != "simulated" if self.dry_run_setting is None else self.dry_run_setting

    @property
    def dry_run_locked(self) -> bool:
        """An explicit DRY_RUN=true, which chat cannot open."""
        return self.dry_run_setting is True

    @property
    def control_lost_minutes(self) -> float | None:
        """How long no chat may be reachable before no new risk is taken; None: for ever."""
        if "control_lost_setting" in self.model_fields_set:
            return self.control_lost_setting
        return CONTROL_LOST_PRODUCTION_MINUTES if self.environment == "production" else None

    @property
    def api_base(self) -> str | None:
        """Where the exchange's REST API is; None: the embedded simulated one."""
        return self.kalshi_api_base or HOSTS[self.environment][0]

    @property
    def ws_url(self) -> str | None:
        """Where its stream is."""
        if self.kalshi_ws_url:
            return self.kalshi_ws_url
        return stream_of(self.kalshi_api_base) if self.kalshi_api_base else HOSTS[self.environment][1]

    @property
    def custom_address(self) -> str:
        """The first Kalshi address that is not the environment's own, empty where there is none."""
        given = (self.kalshi_api_base, self.kalshi_ws_url)
        return next((each for each in given if each and each not in HOSTS[self.environment]), "")

    @property
    def data_folder(self) -> Path:
        """The environment's own folder."""
        return self.data_dir.expanduser() / self.environment

    @property
    def strategies(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.strategies_text.split(",") if name.strip())

    @property
    def telegram_users(self) -> dict[str, str]:
        """Account id -> role."""
        return people(self.telegram_users_text, ROLES, groups=False)

    @property
    def telegram_notice_chat(self) -> str:
        """Where notices go: the chat that is named, else the first owner's own (its id is that of the person)."""
        owners = [who for who, role in self.telegram_users.items() if role == "owner"]
        return self.telegram_chat_id or next(iter(owners), "")

    @property
    def discord_users(self) -> dict[str, str]:
        """Account id, or `&` and a guild role's id, -> role."""
        return people(self.discord_users_text, ROLES, groups=True)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def digest_time(self) -> time:
        return time.fromisoformat(self.daily_digest_at)

    @property
    def key_masked(self) -> str:
        return masked(self.kalshi_api_key_id)

    def private_key_pem(self) -> bytes | None:
        """The private key's PEM text, None without a key. Raises OSError."""
        if self.kalshi_private_key_path:
            return self.kalshi_private_key_path.expanduser().read_bytes()
        inline = self.kalshi_private_key.get_secret_value()
        return inline.replace("\\n", "\n").encode() if inline else None

    def secrets(self) -> tuple[str, ...]:
        """Every secret text, so that it can be kept out of every output."""
        values = (getattr(self, name) for name in type(self).model_fields)
        texts = [v.get_secret_value() for v in values if isinstance(v, SecretStr)]
        return tuple(text for text in [*texts, self.kalshi_api_key_id] if text)


def names() -> dict[str, str]:
    """Every variable's name -> what its field is called when the settings are made."""
    fields = Settings.model_fields.items()
    aliases = {key: f.validation_alias for key, f in fields if isinstance(f.validation_alias, str)}
    return {aliases.get(key, key.upper()): aliases.get(key, key) for key, _ in fields}


def load(env_file: Path | None = Path(".env"), environ: Mapping[str, str] | None = None) -> Settings:
    """The settings; the process environment wins over the file. Raises Misconfigured with one sentence."""
    known = names()
    process = os.environ if environ is None else environ
    given = from_file(env_file, known) | from_process(process, known)
    try:
        return Settings.model_validate({known[name]: text for name, text in given.items()})
    except ValidationError as error:
        raise Misconfigured(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong, in one sentence that begins with the variable."""
    first = error.errors(include_url=False)[0]
    words = str(first.get("ctx", {}).get("error", "")) or first["msg"]
    if not first["loc"]:
        return words  # fields together: the sentence names them itself
    name = next(n for n, field in names().items() if field == first["loc"][0])
    secret = name in ("KALSHI_PRIVATE_KEY", "TOTP_SECRET", "HEARTBEAT_URL") or name.endswith("_TOKEN")
    shown = name if secret else f"{name}={first['input']}"
    return f"{shown} {words}" if "ctx" in first and "error" in first["ctx"] else f"{shown} is wrong: {_lower(words)}"


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]

"""The settings: read once from `.env` and the process environment, checked, and never changed after.

Every name that users type is a field below, in lower case. A wrong value is one sentence that names the variable, its
value (never a secret's) and the fix; an unknown name is refused, because a limit that is silently ignored is worse
than none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from chatbot.settings.rules import HOSTS, ROLES, masked, people, stream_of
from chatbot.settings.sources import from_file, from_process
from chatbot.settings.together import (
    discord_channel,
    key_for_orders,
    one_environment,
    own_address,
    pem_of,
    price_band,
    telegram_chat,
    whole_key,
)
from chatbot.settings.types import (
    BLANK,
    DiscordId,
    DiscordPeople,
    HttpAddress,
    LogLevel,
    NoticeRules,
    OptionalPath,
    Seconds,
    StrategyNames,
    StreamAddress,
    TelegramId,
    TelegramPeople,
    TimeOfDay,
    TotpSecret,
    Usd,
    ZoneName,
)
from trading.domain.errors import Misconfigured

CONTROL_LOST_PRODUCTION_MINUTES = 30.0


class Settings(BaseSettings):
    """Frozen. Dollars are Decimals, durations seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", case_sensitive=False, validate_default=False)

    # exchange
    kalshi_env: Literal["simulated", "demo", "production"] | None = None
    kalshi_use_demo: bool | None = None
    kalshi_api_key_id: str = ""
    kalshi_private_key_path: OptionalPath = None
    kalshi_private_key: SecretStr = SecretStr("")
    kalshi_subaccount: Annotated[int, Field(ge=0, le=63)] = 0
    kalshi_api_base: HttpAddress = ""
    kalshi_ws_url: StreamAddress = ""

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
    first_hours: Annotated[float, Field(ge=0, le=8760)] = 48
    low_balance_usd: Annotated[Decimal, Field(ge=0)] = Decimal("20")
    control_lost_setting: Annotated[Annotated[float, Field(gt=0, le=10_080)] | None, BLANK] = Field(
        None, validation_alias="CONTROL_LOST_MINUTES"
    )
    totp_secret: TotpSecret = SecretStr("")
    on_stop: Literal["cancel", "leave"] = "cancel"

    # consensus
    strategies_text: StrategyNames = Field("consensus", validation_alias="STRATEGIES")
    strategies_file: OptionalPath = None
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
    telegram_chat_id: TelegramId = ""
    telegram_topic_id: TelegramId = ""
    telegram_users_text: TelegramPeople = Field("", validation_alias="TELEGRAM_USERS")
    telegram_api_base: HttpAddress = ""

    # discord
    discord_bot_token: SecretStr = SecretStr("")
    discord_guild_id: DiscordId = ""
    discord_channel_id: DiscordId = ""
    discord_log_channel_id: DiscordId = ""
    discord_users_text: DiscordPeople = Field("", validation_alias="DISCORD_USERS")
    discord_api_base: HttpAddress = ""

    # service
    data_dir: Path = Path("data")
    instance_name: Annotated[str, Field(max_length=32)] = ""
    consensus_trades_csv: OptionalPath = None
    timezone: ZoneName = "UTC"
    daily_digest_at: TimeOfDay = "20:00"
    notify: NoticeRules = ""
    heartbeat_url: SecretStr = SecretStr("")
    health_port: Annotated[Annotated[int, Field(ge=1, le=65_535)] | None, BLANK] = None
    log_level: LogLevel = "INFO"
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

    @model_validator(mode="after")
    def _together(self) -> Self:
        inline, path = self.kalshi_private_key.get_secret_value(), self.kalshi_private_key_path
        price_band(self.min_price, self.max_price)
        one_environment(self.kalshi_use_demo, self.kalshi_env)
        telegram_chat(self.telegram_bot_token.get_secret_value(), self.telegram_notice_chat)
        discord_channel(self.discord_bot_token.get_secret_value(), self.discord_guild_id, self.discord_channel_id)
        whole_key(self.kalshi_api_key_id, inline, path, strict=self.environment == "production")
        key_for_orders(self.environment, dry_run=self.dry_run, has_key=bool(inline or path))
        custom, allowed = self.custom_address, self.allow_custom_kalshi_api
        own_address(self.environment, custom, self.kalshi_api_base, allowed=allowed)
        return self

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
        return pem_of(inline) if inline else None

    def secrets(self) -> tuple[str, ...]:
        """Every secret text, so that it can be kept out of every output; addresses also as libraries log them, by their
        paths."""
        values = (getattr(self, name) for name in type(self).model_fields)
        texts = [v.get_secret_value() for v in values if isinstance(v, SecretStr)]
        paths = [urlsplit(text).path.strip("/") for text in texts if "://" in text]
        return tuple(text for text in [*texts, *paths, self.kalshi_api_key_id] if text)


def names() -> dict[str, str]:
    """Every variable's name -> what its field is called when the settings are made."""
    fields = Settings.model_fields.items()
    aliases = {key: f.validation_alias for key, f in fields if isinstance(f.validation_alias, str)}
    return {aliases.get(key, key.upper()): aliases.get(key, key) for key, _ in fields}


def given(env_file: Path | None, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What is set, as text that is not checked yet; the process environment wins. Raises Misconfigured."""
    known = names()
    return from_file(env_file, known) | from_process(os.environ if environ is None else environ, known)


def set_by_process(environ: Mapping[str, str] | None = None) -> frozenset[str]:
    """The names that the process environment sets."""
    process = os.environ if environ is None else environ
    return frozenset(name for name in names() if process.get(name, "").strip())


def load(env_file: Path | None = Path(".env"), environ: Mapping[str, str] | None = None) -> Settings:
    """The settings; the process environment wins over the file. Raises Misconfigured with one sentence."""
    known = names()
    try:
        return Settings.model_validate({known[name]: text for name, text in given(env_file, environ).items()})
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

"""The settings as tables: what each variable makes."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

from chatbot.wiring.engine import limits
from tests.chatbot.settings.given import DEFAULTS, refusal, settings

DEMO_API = "https://external-api.demo.kalshi.co/trade-api/v2"
PRODUCTION_API = "https://external-api.kalshi.com/trade-api/v2"
LOOPBACK = "http://127.0.0.1:8000/trade-api/v2"


def test_with_nothing_set_everything_is_simulated() -> None:
    made = settings()
    assert (made.environment, made.api_base, made.ws_url, made.custom_address) == ("simulated", None, None, "")
    assert made.data_folder == Path("data/simulated")
    assert (made.telegram_users, made.discord_users) == ({}, {})
    assert made.control_lost_minutes is made.health_port is made.consensus_trades_csv is None
    assert not made.key_masked


@pytest.mark.parametrize(("name", "value"), DEFAULTS.items())
def test_defaults(name: str, value: object) -> None:
    assert getattr(settings(), name) == value


@pytest.mark.parametrize(
    ("given", "with_key", "environment", "api_base"),
    [
        ({}, False, "simulated", None),
        ({}, True, "demo", DEMO_API),
        ({"KALSHI_ENV": "demo"}, True, "demo", DEMO_API),
        ({"KALSHI_ENV": "production"}, True, "production", PRODUCTION_API),
        ({"KALSHI_ENV": "production"}, False, "production", PRODUCTION_API),
        ({"KALSHI_ENV": "simulated"}, True, "simulated", None),
        ({"KALSHI_USE_DEMO": "true"}, False, "demo", DEMO_API),
        ({"KALSHI_USE_DEMO": "true"}, True, "demo", DEMO_API),
        ({"KALSHI_USE_DEMO": "false"}, False, "simulated", None),
        ({"KALSHI_USE_DEMO": "false", "KALSHI_ENV": "production"}, True, "production", PRODUCTION_API),
        ({"KALSHI_USE_DEMO": "true", "KALSHI_ENV": "demo"}, False, "demo", DEMO_API),
        ({"KALSHI_ENV": "simulated", "KALSHI_API_BASE": LOOPBACK}, False, "simulated", LOOPBACK),
    ],
)
def test_which_exchange(
    given: dict[str, str], with_key: bool, environment: str, api_base: str | None, key: dict[str, str]
) -> None:
    made = settings(**given, **(key if with_key else {}))
    assert (made.environment, made.api_base) == (environment, api_base)
    assert made.data_folder == Path("data") / environment


def test_a_key_that_says_not_demo_and_nothing_more_is_never_production(key: dict[str, str]) -> None:
    assert settings(KALSHI_USE_DEMO="false", **key).environment == "demo"


@pytest.mark.parametrize(
    ("given", "dry_run", "locked"),
    [
        ({}, False, False),
        ({"KALSHI_ENV": "demo"}, True, False),
        ({"KALSHI_ENV": "production"}, True, False),
        ({"DRY_RUN": "true"}, True, True),
        ({"DRY_RUN": "true", "KALSHI_ENV": "production"}, True, True),
        ({"DRY_RUN": "false"}, False, False),
    ],
)
def test_dry_run_and_its_lock(given: dict[str, str], dry_run: bool, locked: bool) -> None:
    made = settings(**given)
    assert (made.dry_run, made.dry_run_locked) == (dry_run, locked)


def test_control_is_lost_after_half_an_hour_in_production() -> None:
    assert settings(KALSHI_ENV="production").control_lost_minutes == 30
    assert settings(KALSHI_ENV="production", CONTROL_LOST_MINUTES="off").control_lost_minutes is None
    assert settings(CONTROL_LOST_MINUTES="12").control_lost_minutes == 12


@pytest.mark.parametrize(
    ("name", "text", "attribute", "value"),
    [
        ("TELEGRAM_USERS", "123:owner, 456:viewer", "telegram_users", {"123": "owner", "456": "viewer"}),
        ("DISCORD_USERS", "123:owner,&456:operator", "discord_users", {"123": "owner", "&456": "operator"}),
        ("STRATEGIES", " consensus ", "strategies", ("consensus",)),
        ("STAKE_USD", "7.50", "stake_usd", Decimal("7.50")),
        ("TIMEZONE", "America/New_York", "timezone", "America/New_York"),
        ("DAILY_DIGEST_AT", "07:05", "digest_time", time(7, 5)),
        ("LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("HEALTH_PORT", "off", "health_port", None),
        ("HEALTH_PORT", "8080", "health_port", 8080),
        ("ON_STOP", "leave", "on_stop", "leave"),
        ("NOTIFY", "order:silent,settlement:on,cancel:off", "notify", "order:silent,settlement:on,cancel:off"),
        ("NOTIFY", "telegram/order:silent,fill:off", "notify", "telegram/order:silent,fill:off"),
        ("KALSHI_SUBACCOUNT", "3", "kalshi_subaccount", 3),
        ("INSTANCE_NAME", "attic", "instance_name", "attic"),
        ("MAX_OPEN_ORDERS", "", "max_open_orders", 10),
        ("CONSENSUS_TRADES_CSV", "out/trades.csv", "consensus_trades_csv", Path("out/trades.csv")),
    ],
)
def test_values(name: str, text: str, attribute: str, value: object) -> None:
    assert getattr(settings(**{name: text}), attribute) == value


@pytest.mark.parametrize(
    ("given", "stream", "custom"),
    [
        ({"KALSHI_API_BASE": LOOPBACK}, "ws://127.0.0.1:8000/trade-api/ws/v2", LOOPBACK),
        ({"KALSHI_API_BASE": f"{LOOPBACK}/"}, "ws://127.0.0.1:8000/trade-api/ws/v2", LOOPBACK),
        ({"KALSHI_API_BASE": "http://localhost:1/x"}, "ws://localhost:1/trade-api/ws/v2", "http://localhost:1/x"),
        ({"KALSHI_API_BASE": "http://[::1]:1/x"}, "ws://[::1]:1/trade-api/ws/v2", "http://[::1]:1/x"),
        (
            {"KALSHI_ENV": "demo", "KALSHI_API_BASE": "https://proxy.example/x"},
            "wss://proxy.example/trade-api/ws/v2",
            "https://proxy.example/x",
        ),
        (
            {"KALSHI_ENV": "production", "KALSHI_API_BASE": LOOPBACK, "ALLOW_CUSTOM_KALSHI_API": "true"},
            "ws://127.0.0.1:8000/trade-api/ws/v2",
            LOOPBACK,
        ),
    ],
)
def test_custom_addresses(given: dict[str, str], stream: str, custom: str) -> None:
    made = settings(**given)
    assert (made.ws_url, made.custom_address, made.api_base) == (stream, custom, custom)


def test_the_environments_own_address_is_not_custom() -> None:
    made = settings(KALSHI_ENV="production", KALSHI_API_BASE=PRODUCTION_API)
    assert not made.custom_address
    assert str(made.ws_url).startswith("wss://")


def test_a_stream_of_ones_own_is_custom_too() -> None:
    assert settings(KALSHI_ENV="demo", KALSHI_WS_URL="ws://127.0.0.1:1/s").custom_address == "ws://127.0.0.1:1/s"


def test_notices_go_to_the_chat_that_is_named_else_to_the_first_owner() -> None:
    given = {"TELEGRAM_BOT_TOKEN": "1:x", "TELEGRAM_USERS": "7:viewer,8:owner,9:owner"}
    assert settings(**given).telegram_notice_chat == "8"
    assert settings(**given, TELEGRAM_CHAT_ID="-100").telegram_notice_chat == "-100"


def test_the_first_hours_of_real_orders_are_the_hosts_to_say() -> None:
    assert settings().first_hours == 48
    assert limits(settings(FIRST_HOURS="0")).first_hours == 0
    assert refusal(FIRST_HOURS="-1").startswith("FIRST_HOURS=-1 is wrong")


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings().dry_run = False  # type: ignore[misc]

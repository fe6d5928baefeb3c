"""The settings as tables: what each variable makes, and which sentence refuses what is wrong."""

from __future__ import annotations

import os
import re
import stat
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from chatbot.config import Settings, load
from chatbot.wiring.engine import limits
from trading.domain.errors import Misconfigured
from trading.strategies import NAMES

EXAMPLE = Path(__file__).parents[3] / ".env.example"
KEY_ID = "abcd0123-4567-89ef-wxyz"
DEMO_API = "https://external-api.demo.kalshi.co/trade-api/v2"
PRODUCTION_API = "https://external-api.kalshi.com/trade-api/v2"
LOOPBACK = "http://127.0.0.1:8000/trade-api/v2"


def settings(**given: str) -> Settings:
    """What these variables of the process environment make, without any file."""
    return load(None, given)


def refusal(**given: str) -> str:
    with pytest.raises(Misconfigured) as refused:
        settings(**given)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert refused.value.__suppress_context__ or refused.value.__cause__ is None
    return sentence


def pem(key: Any, encryption: KeySerializationEncryption | None = None) -> str:
    form = PrivateFormat.PKCS8
    return str(key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode())


@pytest.fixture(scope="module")
def rsa_pem() -> str:
    return pem(rsa.generate_private_key(65537, 2048))


@pytest.fixture
def key_file(tmp_path: Path, rsa_pem: str) -> Path:
    path = tmp_path / "kalshi.pem"
    path.write_text(rsa_pem)
    path.chmod(0o600)
    return path


@pytest.fixture
def key(key_file: Path) -> dict[str, str]:
    return {"KALSHI_API_KEY_ID": KEY_ID, "KALSHI_PRIVATE_KEY_PATH": str(key_file)}


def test_with_nothing_set_everything_is_simulated() -> None:
    made = settings()
    assert (made.environment, made.api_base, made.ws_url, made.custom_address) == ("simulated", None, None, "")
    assert made.data_folder == Path("data/simulated")
    assert (made.telegram_users, made.discord_users) == ({}, {})
    assert made.control_lost_minutes is made.health_port is made.consensus_trades_csv is None
    assert not made.key_masked


DEFAULTS: dict[str, Any] = {
    "kalshi_subaccount": 0,
    "dry_run_balance_usd": Decimal(1000),
    "max_order_usd": Decimal(10),
    "max_position_usd": Decimal(20),
    "max_exposure_usd": Decimal(50),
    "daily_loss_limit_usd": Decimal(25),
    "weekly_loss_limit_usd": Decimal(75),
    "max_open_orders": 10,
    "max_orders_per_minute": 10,
    "max_consecutive_rejections": 5,
    "low_balance_usd": Decimal(20),
    "on_stop": "cancel",
    "strategies": ("consensus",),
    "kalshi_event_ticker_prefix": "KXBTC15M",
    "stake_usd": Decimal(5),
    "poll_seconds": 5,
    "momentum_window_seconds": 60,
    "momentum_dead_zone_bp": 1,
    "sample_age_seconds": 15,
    "min_price": Decimal("0.35"),
    "max_price": Decimal("0.65"),
    "entry_window_seconds": 600,
    "order_timeout_seconds": 10,
    "data_dir": Path("data"),
    "instance_name": "",
    "timezone": "UTC",
    "digest_time": time(20, 0),
    "notify": "",
    "log_level": "INFO",
    "sim_seed": 1,
    "sim_speed": 20,
    "allow_custom_kalshi_api": False,
}


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


WRONG: list[tuple[dict[str, str], str]] = [
    ({"KALSHI_ENV": "prod"}, r"KALSHI_ENV=prod .*'production'"),
    ({"KALSHI_ENV": "simulated", "KALSHI_USE_DEMO": "true"}, r"KALSHI_USE_DEMO=true contradicts KALSHI_ENV=simulated"),
    (
        {"KALSHI_ENV": "production", "KALSHI_USE_DEMO": "true"},
        r"KALSHI_USE_DEMO=true contradicts KALSHI_ENV=production",
    ),
    ({"KALSHI_ENV": "demo", "KALSHI_USE_DEMO": "false"}, r"KALSHI_USE_DEMO=false contradicts KALSHI_ENV=demo"),
    ({"KALSHI_USE_DEMO": "perhaps"}, r"KALSHI_USE_DEMO=perhaps"),
    ({"KALSHI_API_KEY_ID": KEY_ID}, r"KALSHI_API_KEY_ID .*KALSHI_PRIVATE_KEY_PATH"),
    ({"KALSHI_PRIVATE_KEY_PATH": "/nowhere/key.pem"}, r"KALSHI_PRIVATE_KEY.*KALSHI_API_KEY_ID"),
    ({"KALSHI_PRIVATE_KEY": "x"}, r"KALSHI_PRIVATE_KEY.*KALSHI_API_KEY_ID"),
    ({"KALSHI_ENV": "production", "DRY_RUN": "false"}, r"KALSHI_API_KEY_ID .*production.*DRY_RUN=true"),
    ({"KALSHI_ENV": "demo", "DRY_RUN": "false"}, r"KALSHI_API_KEY_ID .*demo.*DRY_RUN=true"),
    ({"KALSHI_API_BASE": "http://example.com/x"}, r"KALSHI_API_BASE=http://example.com/x .*https"),
    ({"KALSHI_API_BASE": "ftp://127.0.0.1/x"}, r"KALSHI_API_BASE=ftp://127.0.0.1/x .*https"),
    ({"KALSHI_API_BASE": "http://127.0.0.1.example.com/x"}, r"KALSHI_API_BASE=.*https"),
    ({"KALSHI_API_BASE": "http://[::1/x"}, r"KALSHI_API_BASE="),
    ({"KALSHI_API_BASE": "127.0.0.1:8000"}, r"KALSHI_API_BASE=127.0.0.1:8000 "),
    ({"KALSHI_WS_URL": "ws://example.com/x"}, r"KALSHI_WS_URL=ws://example.com/x .*wss"),
    ({"KALSHI_WS_URL": "https://example.com/x"}, r"KALSHI_WS_URL=https://example.com/x .*wss"),
    ({"TELEGRAM_API_BASE": "http://example.com"}, r"TELEGRAM_API_BASE=http://example.com .*https"),
    ({"DISCORD_API_BASE": "http://example.com"}, r"DISCORD_API_BASE=http://example.com .*https"),
    (
        {"KALSHI_ENV": "production", "KALSHI_API_BASE": "https://proxy.example/x"},
        r"KALSHI_API_BASE=https://proxy.example/x .*ALLOW_CUSTOM_KALSHI_API=true",
    ),
    (
        {"KALSHI_ENV": "production", "KALSHI_WS_URL": "wss://proxy.example/x"},
        r"KALSHI_WS_URL=wss://proxy.example/x .*ALLOW_CUSTOM_KALSHI_API=true",
    ),
    ({"DRY_RUN": "maybe"}, r"DRY_RUN=maybe"),
    ({"TELEGRAM_USERS": "somebody"}, r"TELEGRAM_USERS=somebody .*id:role"),
    ({"TELEGRAM_USERS": "123:king"}, r"TELEGRAM_USERS=123:king .*'king'.*viewer, operator, owner"),
    ({"TELEGRAM_USERS": "&123:viewer"}, r"TELEGRAM_USERS=&123:viewer .*id:role"),
    ({"TELEGRAM_USERS": "123:owner,123:viewer"}, r"TELEGRAM_USERS=.*123"),
    ({"DISCORD_USERS": "&456:owner"}, r"DISCORD_USERS=&456:owner .*operator"),
    ({"DISCORD_USERS": " &456 : owner"}, r"DISCORD_USERS=.*operator"),
    ({"STRATEGIES": "consensus,magic"}, r"STRATEGIES=consensus,magic .*'magic'.*consensus"),
    ({"STRATEGIES": ","}, r"STRATEGIES=, .*consensus"),
    ({"STRATEGIES": "consensus,consensus"}, r"STRATEGIES=consensus,consensus"),
    ({"STAKE_USD": "0"}, r"STAKE_USD=0 .*greater than 0"),
    ({"STAKE_USD": "five"}, r"STAKE_USD=five .*decimal"),
    ({"STAKE_USD": "nan"}, r"STAKE_USD=nan"),
    ({"STAKE_USD": "inf"}, r"STAKE_USD=inf"),
    ({"MAX_ORDER_USD": "-1"}, r"MAX_ORDER_USD=-1 .*greater than 0"),
    ({"DAILY_LOSS_LIMIT_USD": "0"}, r"DAILY_LOSS_LIMIT_USD=0"),
    ({"LOW_BALANCE_USD": "-1"}, r"LOW_BALANCE_USD=-1"),
    ({"MIN_PRICE": "0"}, r"MIN_PRICE=0 "),
    ({"MAX_PRICE": "1"}, r"MAX_PRICE=1 "),
    ({"MIN_PRICE": "0.7"}, r"MIN_PRICE=0.7 must be below MAX_PRICE=0.65"),
    ({"POLL_SECONDS": "0.5"}, r"POLL_SECONDS=0.5 .*greater than or equal to 1"),
    ({"POLL_SECONDS": "nan"}, r"POLL_SECONDS=nan"),
    ({"MOMENTUM_WINDOW_SECONDS": "inf"}, r"MOMENTUM_WINDOW_SECONDS=inf"),
    ({"MOMENTUM_DEAD_ZONE_BP": "-1"}, r"MOMENTUM_DEAD_ZONE_BP=-1"),
    ({"ORDER_TIMEOUT_SECONDS": "0"}, r"ORDER_TIMEOUT_SECONDS=0"),
    ({"MAX_OPEN_ORDERS": "0"}, r"MAX_OPEN_ORDERS=0"),
    ({"MAX_OPEN_ORDERS": "2.5"}, r"MAX_OPEN_ORDERS=2.5"),
    ({"KALSHI_SUBACCOUNT": "-1"}, r"KALSHI_SUBACCOUNT=-1"),
    ({"KALSHI_EVENT_TICKER_PREFIX": "kx btc"}, r"KALSHI_EVENT_TICKER_PREFIX=kx btc"),
    ({"CONTROL_LOST_MINUTES": "0"}, r"CONTROL_LOST_MINUTES=0"),
    ({"ON_STOP": "explode"}, r"ON_STOP=explode .*'cancel' or 'leave'"),
    ({"TIMEZONE": "Mars/Olympus"}, r"TIMEZONE=Mars/Olympus .*UTC"),
    ({"TIMEZONE": "../etc/passwd"}, r"TIMEZONE=../etc/passwd .*UTC"),
    ({"DAILY_DIGEST_AT": "24:00"}, r"DAILY_DIGEST_AT=24:00 .*HH:MM"),
    ({"DAILY_DIGEST_AT": "8"}, r"DAILY_DIGEST_AT=8 .*HH:MM"),
    ({"NOTIFY": "order"}, r"NOTIFY=order .*event:on"),
    ({"NOTIFY": "order:loud"}, r"NOTIFY=order:loud .*silent"),
    ({"NOTIFY": "telegram/ordr:on"}, r"NOTIFY=telegram/ordr:on has .*did you mean order\?"),
    ({"NOTIFY": "slack/order:on"}, r"NOTIFY=slack/order:on names the channel 'slack'.*telegram, discord, terminal"),
    ({"NOTIFY": "error:off"}, r"NOTIFY=error:off has .*silent but never off"),
    ({"HEALTH_PORT": "70000"}, r"HEALTH_PORT=70000"),
    ({"LOG_LEVEL": "chatty"}, r"(?i)LOG_LEVEL=chatty .*'DEBUG'"),
    ({"SIM_SPEED": "0"}, r"SIM_SPEED=0"),
    ({"SIM_SEED": "x"}, r"SIM_SEED=x"),
    ({"TELEGRAM_CHAT_ID": "@home"}, r"TELEGRAM_CHAT_ID=@home"),
    ({"DISCORD_GUILD_ID": "home"}, r"DISCORD_GUILD_ID=home"),
    ({"KALSHI_KEY": "x"}, r"KALSHI_KEY in the environment"),
    ({"KALSHI_API_KEYID": "x"}, r"KALSHI_API_KEYID .*KALSHI_API_KEY_ID\?"),
    ({"TELEGRAM_BOT_TOKEN": "1:x"}, r"TELEGRAM_BOT_TOKEN .*TELEGRAM_CHAT_ID"),
    ({"DISCORD_BOT_TOKEN": "x", "DISCORD_CHANNEL_ID": "1"}, r"DISCORD_BOT_TOKEN .*DISCORD_GUILD_ID"),
    ({"TELEGRAM_TOKEN": "x"}, r"TELEGRAM_TOKEN .*TELEGRAM_BOT_TOKEN\?"),
    ({"DISCORD_USER": "x"}, r"DISCORD_USER .*DISCORD_USERS\?"),
]


@pytest.mark.parametrize(
    ("given", "sentence"), WRONG, ids=[",".join(f"{k}={v}" for k, v in g.items()) for g, _ in WRONG]
)
def test_what_is_wrong_is_refused_in_a_sentence(given: dict[str, str], sentence: str) -> None:
    assert re.search(sentence, refusal(**given))


class TestKeys:
    @pytest.mark.parametrize(
        "make", [lambda: rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate]
    )
    def test_rsa_and_ed25519_in_a_file_or_inline(self, tmp_path: Path, make: Any) -> None:
        text = pem(make())
        (tmp_path / "key.pem").write_text(text)
        for given in (
            {"KALSHI_PRIVATE_KEY_PATH": str(tmp_path / "key.pem")},
            {"KALSHI_PRIVATE_KEY": text},
            {"KALSHI_PRIVATE_KEY": text.replace("\n", "\\n")},
        ):
            assert (
                settings(KALSHI_API_KEY_ID=KEY_ID, **given).private_key_pem() or b""
            ).strip() == text.strip().encode()

    def test_the_home_folder_may_be_a_tilde(self, key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(key_file.parent))
        made = settings(KALSHI_API_KEY_ID=KEY_ID, KALSHI_PRIVATE_KEY_PATH=f"~/{key_file.name}")
        assert made.private_key_pem() == key_file.read_bytes()

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
    def test_one_that_others_can_read_is_refused_in_production(self, key: dict[str, str], mode: int) -> None:
        path = key["KALSHI_PRIVATE_KEY_PATH"]
        os.chmod(path, mode)
        assert stat.S_IMODE(os.stat(path).st_mode) == mode
        assert re.search(f"KALSHI_PRIVATE_KEY_PATH=.*chmod 600 {path}", refusal(KALSHI_ENV="production", **key))
        assert settings(KALSHI_ENV="demo", **key).environment == "demo"

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (None, "cannot be read"),
            ("hello", "PEM"),
            (pem(rsa.generate_private_key(65537, 2048), BestAvailableEncryption(b"secret")), "pass"),
            (pem(ec.generate_private_key(ec.SECP256R1())), "RSA"),
        ],
        ids=["missing", "no PEM", "with a password", "elliptic"],
    )
    def test_one_that_is_none_is_refused(self, tmp_path: Path, content: str | None, words: str) -> None:
        path = tmp_path / "key.pem"
        if content is not None:
            path.write_text(content)
        sentence = refusal(KALSHI_API_KEY_ID=KEY_ID, KALSHI_PRIVATE_KEY_PATH=str(path))
        assert re.search(f"KALSHI_PRIVATE_KEY_PATH={path} .*{words}", sentence)

    def test_an_inline_one_that_is_none_is_refused_without_showing_it(self) -> None:
        sentence = refusal(KALSHI_API_KEY_ID=KEY_ID, KALSHI_PRIVATE_KEY="hello-hello")
        assert re.search("KALSHI_PRIVATE_KEY .*PEM", sentence)
        assert "hello" not in sentence

    def test_a_file_and_an_inline_one_together_are_refused(self, key: dict[str, str], rsa_pem: str) -> None:
        sentence = refusal(KALSHI_PRIVATE_KEY=rsa_pem, **key)
        assert re.search("KALSHI_PRIVATE_KEY and KALSHI_PRIVATE_KEY_PATH", sentence)
        assert "BEGIN" not in sentence

    def test_real_orders_need_one_and_have_it(self, key: dict[str, str]) -> None:
        assert not settings(KALSHI_ENV="production", DRY_RUN="false", **key).dry_run

    def test_its_id_is_shown_in_part(self, key: dict[str, str]) -> None:
        assert settings(**key).key_masked == "abcd…wxyz"


def test_secrets_are_never_shown(rsa_pem: str) -> None:
    secret = {
        "KALSHI_PRIVATE_KEY": rsa_pem,
        "TELEGRAM_BOT_TOKEN": "123:telegram-token",
        "DISCORD_BOT_TOKEN": "discord-token",
        "TOTP_SECRET": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    }
    where = {"TELEGRAM_CHAT_ID": "1", "DISCORD_GUILD_ID": "2", "DISCORD_CHANNEL_ID": "3"}
    made = settings(KALSHI_API_KEY_ID=KEY_ID, **secret, **where)
    for text in (repr(made), str(made), made.model_dump_json()):
        assert not [value for value in (*secret.values(), rsa_pem.splitlines()[1]) if value in text]
    assert {made.telegram_bot_token.get_secret_value(), made.totp_secret.get_secret_value()} <= set(made.secrets())


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


class TestSources:
    def test_the_file_is_read_and_the_environment_wins(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("# mine\nSTAKE_USD=7\nPOLL_SECONDS='9'\nexport INSTANCE_NAME=attic\nMAX_PRICE=\n")
        made = load(file, {"STAKE_USD": "8", "PATH": "/bin", "UNRELATED": "x"})
        assert (made.stake_usd, made.poll_seconds, made.instance_name) == (8, 9, "attic")

    def test_an_empty_variable_hides_nothing(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("MAX_ORDER_USD=2\n")
        assert load(file, {"MAX_ORDER_USD": ""}).max_order_usd == 2

    def test_nothing_in_the_file_is_expanded(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("TELEGRAM_BOT_TOKEN=1:a${HOME}b$c\nTELEGRAM_CHAT_ID=1\n")
        assert load(file, {}).telegram_bot_token.get_secret_value() == "1:a${HOME}b$c"

    def test_a_key_may_stand_in_quotes_over_several_lines(self, tmp_path: Path, rsa_pem: str) -> None:
        file = tmp_path / ".env"
        file.write_text(f'KALSHI_API_KEY_ID={KEY_ID}\nKALSHI_PRIVATE_KEY="{rsa_pem}"\n')
        assert load(file, {}).environment == "demo"

    def test_no_file_is_no_error(self, tmp_path: Path) -> None:
        assert load(tmp_path / ".env", {}) == settings()

    def test_by_default_both_are_the_processs_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for name in [name for name in os.environ if name.startswith(("KALSHI_", "TELEGRAM_", "DISCORD_"))]:
            monkeypatch.delenv(name)
        (tmp_path / ".env").write_text("SIM_SEED=5\n")
        monkeypatch.setenv("SIM_SPEED", "7")
        assert (load().sim_seed, load().sim_speed) == (5, 7)

    @pytest.mark.parametrize(
        ("line", "sentence"),
        [
            ("MAX_ODER_USD=5", r"MAX_ODER_USD in .*\.env .*MAX_ORDER_USD\?"),
            ("COLOUR=red", r"COLOUR in .*\.env .*\.env\.example"),
            ("STAKE_USD=0", r"STAKE_USD=0 "),
            ("stake_usd=3", r"stake_usd in .*\.env .*STAKE_USD\?"),
            ("STAKE_USD", r"\.env line 1 is not NAME=value"),
            ("STAKE_USD 5", r"\.env line 1 is not NAME=value"),
            ("# ok\n\nMAX ORDER_USD=5", r"\.env line 3 is not NAME=value"),
        ],
    )
    def test_what_the_file_has_wrong_is_refused(self, tmp_path: Path, line: str, sentence: str) -> None:
        (tmp_path / ".env").write_text(f"{line}\n")
        with pytest.raises(Misconfigured, match=sentence):
            load(tmp_path / ".env", {})

    def test_a_file_that_cannot_be_read_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_bytes(b"STAKE_USD=\xff\xfe\n")
        with pytest.raises(Misconfigured, match=r"\.env"):
            load(tmp_path / ".env", {})


class TestExample:
    """`.env.example` says what the code does."""

    def test_it_names_every_variable_once(self) -> None:
        shown = [name for name, _ in _examples()]
        assert len(shown) == len(set(shown))
        from chatbot.config import names

        assert set(shown) == set(names())

    def test_it_names_every_strategy(self) -> None:
        assert f": {', '.join(NAMES)}. " in " ".join(EXAMPLE.read_text().replace("\n#", " ").split())

    def test_each_is_explained_and_commented_out(self) -> None:
        lines = EXAMPLE.read_text().splitlines()
        assert all(line.startswith("#") or not line for line in lines)
        for number, line in enumerate(lines):
            if re.match(r"# [A-Z_]+=", line):
                assert re.match(r"# [^=]*[.:)]|# .*\w", lines[number - 1])
                assert not re.match(r"# [A-Z_]+=", lines[number - 1])

    def test_it_shows_the_defaults(self, tmp_path: Path) -> None:
        active = "".join(f"{name}={value}\n" for name, value in _examples() if name != "DRY_RUN")
        (tmp_path / ".env").write_text(active)
        made, default = load(tmp_path / ".env", {}), settings()
        assert made.model_dump(exclude={"kalshi_env"}) == default.model_dump(exclude={"kalshi_env"})
        assert made.environment == default.environment
        assert dict(_examples())["DRY_RUN"] == str(settings(KALSHI_ENV="demo").dry_run).lower()

    def test_what_has_a_default_shows_one(self) -> None:
        values = dict(_examples())
        assert {name.upper() for name in DEFAULTS if name.upper() in values and DEFAULTS[name] not in ("",)} <= {
            name for name, value in values.items() if value
        }


def _examples() -> list[tuple[str, str]]:
    return re.findall(r"^# ([A-Z_]+)=(.*)$", EXAMPLE.read_text(), flags=re.MULTILINE)

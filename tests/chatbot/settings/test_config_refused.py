"""Each wrong setting, and the sentence that refuses it."""

from __future__ import annotations

import re

import pytest

from tests.chatbot.settings.given import KEY_ID, refusal

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

"""What the tests of the settings are given: variables, what is refused of them, keys."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from chatbot.config import Settings, load
from trading.domain.errors import Misconfigured

KEY_ID = "abcd0123-4567-89ef-wxyz"

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

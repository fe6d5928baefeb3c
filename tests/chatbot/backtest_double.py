"""A process that plays nothing: what it does with a wish stands in the strategy's name."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from chatbot.backtests import Answer, Short, Wish

FOR_EVER, A_WHILE = 3600.0, 0.5  # seconds
AT = datetime(2026, 1, 5, tzinfo=UTC)


def answer(strategy: str) -> None:
    if strategy == "hang":
        time.sleep(FOR_EVER)
    if strategy == "slow":
        time.sleep(A_WHILE)
    if strategy == "die":
        raise RuntimeError("no paper left")
    if strategy == "garbage":
        sys.stdout.buffer.write(b"{")
        return
    said = ",".join(sorted(os.environ)) if strategy == "environment" else strategy
    short = Short(said, AT, AT, (), (), (), (), Decimal(0), ())
    sys.stdout.buffer.write(msgspec.json.encode(Answer(short)))


if __name__ == "__main__":
    answer(msgspec.json.decode(sys.stdin.buffer.read(), type=Wish).strategy)

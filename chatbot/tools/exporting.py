"""Trades out of the store into a file or standard output; the bot need not be running, and may not be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

from chatbot.config import Settings
from storage.export import write_csv, write_json
from storage.store import TinyStore
from trading.domain.trade import Trade


def export_trades(settings: Settings, form: str, output: Path | None) -> None:
    """Write all trades of the settings' environment, archived ones too, oldest first. Raises StoreRefused, OSError."""
    store = TinyStore.open(settings.data_folder / "store")
    try:
        trades = cast(list[Trade], store.all("trades"))
    finally:
        store.close()
    write = write_csv if form == "csv" else write_json
    write(trades, output or sys.stdout, settings.environment)

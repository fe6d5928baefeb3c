"""Durable storage on TinyDB: hands on the names that others use."""

from storage.durable import Limits
from storage.export import TradesCsv, write_csv, write_json
from storage.store import TinyStore

__all__ = ["Limits", "TinyStore", "TradesCsv", "write_csv", "write_json"]

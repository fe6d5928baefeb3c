"""Durable storage on TinyDB: hands on the names that others use."""

from storage.audit import verify_audit
from storage.durable import Limits
from storage.export import TradesCsv, write_csv, write_json
from storage.store import TinyStore

__all__ = ["Limits", "TinyStore", "TradesCsv", "verify_audit", "write_csv", "write_json"]

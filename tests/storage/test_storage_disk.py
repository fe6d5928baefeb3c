"""The operating system's disk: it syncs what is to survive a power cut, and leaves that out where nothing is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage.disk import RealDisk
from storage.store import TinyStore
from trading.clock import real_now
from trading.domain.records import Control, Put


@pytest.mark.parametrize("synced", [True, False])
def test_a_store_syncs_each_commit_unless_its_folder_is_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: bool
) -> None:
    disk, calls = RealDisk(synced=synced), list[str]()
    store = TinyStore.open(tmp_path, disk=disk)
    monkeypatch.setattr("storage.disk.sys.platform", "linux")
    monkeypatch.setattr(os, "fdatasync", lambda handle: calls.append("file"), raising=False)
    monkeypatch.setattr(os, "fsync", lambda handle: calls.append("folder"))
    row = Control("a", {"is": "there"}, real_now())
    store.commit([Put("control", "a", row)])
    disk.sync_folder(tmp_path)
    assert calls == (["file", "folder"] if synced else [])
    store.close()
    again = TinyStore.open(tmp_path)
    assert again.get("control", "a") == row
    again.close()

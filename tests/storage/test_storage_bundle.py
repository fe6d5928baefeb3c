"""Bundles: what comes out is what went in, for its user alone; and nothing else is ever taken out of one."""

from __future__ import annotations

import gzip
import hashlib
import io
import stat
import tarfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.bundle import MANIFEST, Content, Manifest, pack, read_manifest, unpack
from trading.domain.errors import StoreRefused

MADE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLAIN = Manifest("1.0", 2, "demo", "bot-1", "k12345678", MADE, 7, {"trades": 3})
FILES = {"store/snapshot.json": b"{}" * 700, "store/journal-000000000008.log": bytes(4096), "HALTED": b"host"}


def folder_with(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def found(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def bundle(folder: Path) -> Path:
    source = folder_with(folder / "source", {**FILES, "store/store.lock": b"", "bot.log": b"x", ".env": b"SECRET=1"})
    pack(source, PLAIN, folder / "b.tar.gz")
    return folder / "b.tar.gz"


def test_what_goes_in_comes_out_and_nothing_else(tmp_path: Path) -> None:
    file = bundle(tmp_path)
    manifest = unpack(file, tmp_path / "out")
    assert found(tmp_path / "out") == FILES
    assert read_manifest(file) == manifest
    assert manifest.files["HALTED"] == Content(4, hashlib.sha256(b"host").hexdigest())
    assert msgspec.structs.replace(manifest, files={}) == PLAIN
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.tar.gz", "out", "source"], "nothing is left aside"


def test_a_name_that_is_taken_stays(tmp_path: Path) -> None:
    (tmp_path / "b.tar.gz").write_text("mine")
    with pytest.raises(FileExistsError):
        bundle(tmp_path)
    assert (tmp_path / "b.tar.gz").read_text() == "mine"


Member = tuple[tarfile.TarInfo, bytes]


def plain(name: str, data: bytes, kind: bytes = tarfile.REGTYPE, link: str = "") -> Member:
    header = tarfile.TarInfo(name)
    header.size, header.type, header.linkname = len(data), kind, link
    return header, data


def forged(file: Path, members: Sequence[Member], files: dict[str, bytes], **said: object) -> Path:
    """A bundle made by hand: its manifest tells of `files`."""
    contents = {name: Content(len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()}
    manifest = msgspec.structs.replace(PLAIN, files=contents, **said)
    with tarfile.open(file, "w:gz") as tar:
        for header, data in (plain(MANIFEST, msgspec.json.encode(manifest)), *members):
            tar.addfile(header, io.BytesIO(data))
    return file


A, B = "store/snapshot.json", "HALTED"


@pytest.mark.parametrize(
    ("members", "files", "why"),
    [
        ([plain("../evil", b"x")], {"../evil": b"x"}, "no file of a backup"),
        ([plain("/etc/evil", b"x")], {"/etc/evil": b"x"}, "no file of a backup"),
        ([plain("store/../../evil", b"x")], {"store/../../evil": b"x"}, "no file of a backup"),
        ([plain("store/../HALTED", b"x")], {"store/../HALTED": b"x"}, "no file of a backup"),
        ([plain(".env", b"x")], {".env": b"x"}, "no file of a backup"),
        ([plain("exchange/member.pem", b"x")], {"exchange/member.pem": b"x"}, "no file of a backup"),
        ([plain(A + "\n", b"x")], {A + "\n": b"x"}, "no file of a backup"),
        ([plain(B, b"", tarfile.SYMTYPE, "/etc/passwd")], {B: b""}, "no file of a backup"),
        ([plain(B, b"", tarfile.LNKTYPE, A)], {B: b""}, "no file of a backup"),
        ([plain("store", b"", tarfile.DIRTYPE)], {}, "no file of a backup"),
        ([plain(B, b"", tarfile.FIFOTYPE)], {B: b""}, "no file of a backup"),
        ([plain(A, b"x"), plain(A, b"x")], {A: b"x"}, "not what its manifest"),
        ([plain(A, b"x"), plain(B, b"y")], {A: b"x"}, "not what its manifest"),
        ([plain(A, b"xy")], {A: b"x"}, "not what its manifest"),
        ([plain(A, b"y")], {A: b"x"}, "another checksum"),
        ([plain(A, b"x")], {A: b"x", B: b"y"}, "HALTED is missing"),
    ],
)
def test_what_no_backup_holds_is_refused(
    tmp_path: Path, members: list[Member], files: dict[str, bytes], why: str
) -> None:
    out = tmp_path / "a" / "b" / "out"
    out.mkdir(parents=True)
    with pytest.raises(StoreRefused, match=why):
        unpack(forged(tmp_path / "f.tar.gz", members, files), out)
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and out not in p.parents]
    assert outside == [tmp_path / "f.tar.gz"]


def no_manifest(file: Path) -> None:
    with tarfile.open(file, "w:gz") as tar:
        header, data = plain(A, b"x")
        tar.addfile(header, io.BytesIO(data))


def strange_manifest(file: Path) -> None:
    with tarfile.open(file, "w:gz") as tar:
        header, data = plain(MANIFEST, b'{"version": 1}')
        tar.addfile(header, io.BytesIO(data))


@pytest.mark.parametrize(
    ("write", "why"),
    [
        (no_manifest, "does not begin with"),
        (strange_manifest, "manifest.json cannot be read"),
        (lambda file: forged(file, [], {}, format=2), "newer version"),
        (lambda file: file.write_bytes(b""), "damaged"),
        (lambda file: file.write_bytes(b"no archive at all"), "damaged"),
        (lambda file: file.write_bytes(gzip.compress(b"no tar" * 500)), "damaged"),
    ],
)
def test_what_is_no_backup_is_refused(tmp_path: Path, write: Callable[[Path], object], why: str) -> None:
    file = tmp_path / "f.tar.gz"
    write(file)
    for read in (read_manifest, lambda f: unpack(f, tmp_path / "out")):
        with pytest.raises(StoreRefused, match=why) as refused:
            read(file)
        assert str(file) in str(refused.value)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_goes_unseen(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("damage")
    file = bundle(folder)
    whole = file.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    file.write_bytes(
        whole[:at] if cut else whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    )
    try:
        unpack(file, folder / "out")
    except StoreRefused:
        return
    assert found(folder / "out") == FILES, "only what nobody reads (a date in the header) may differ"

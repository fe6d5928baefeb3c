"""Bundles: one compressed tar file of a folder's files, with a manifest in front that says what each must be.

A bundle may come from anywhere. Only files that a backup has, by name, are taken out of it, each a plain file of the
size and the SHA-256 that the manifest says; links, devices, other paths and anything too much or missing are refused.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from storage.disk import FILE_MODE, RealDisk
from trading.domain.errors import StoreRefused

MANIFEST = "manifest.json"
FORMAT = 1
MANIFEST_BYTES_MAX = 4 * 2**20
CHUNK_BYTES = 2**20
# All that a backup may hold: the store, what the simulated exchange keeps, and the marker of a halt.
ALLOWED = re.compile(
    r"store/(snapshot\.json|journal-\d{12,18}\.log|archive-\d{4}-\d{2}\.json)"
    r"|exchange/(account\.jsonl|seed\.txt)|HALTED"
)
BROKEN = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile)


class Content(msgspec.Struct, frozen=True):
    """What one file must be."""

    size: int  # bytes
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup says about itself. `sequence` is the number of the last commit in it, `installation` the hash by
    which the exchange knows our orders, `rows` how many each table has, `files` what each file must be, by path."""

    version: str
    schema: int
    environment: str
    instance: str
    installation: str
    created_at: datetime
    sequence: int
    rows: dict[str, int]
    files: dict[str, Content] = {}
    format: int = FORMAT


def pack(folder: Path, manifest: Manifest, target: Path) -> Manifest:
    """Write the files of `folder` that a backup has into a new file for its user alone; on disk with its name when
    this returns. The manifest as it is in there. Raises OSError, FileExistsError for a name that is taken."""
    names = sorted(
        n for p in folder.rglob("*") if p.is_file() and ALLOWED.fullmatch(n := p.relative_to(folder).as_posix())
    )
    manifest = msgspec.structs.replace(manifest, files={name: _content(folder / name) for name in names})
    if target.exists():
        raise FileExistsError(f"{target} is there already")
    aside = target.with_name(f".{target.name}.new")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as stream:
        _write(stream, folder, manifest)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(aside, target)
    RealDisk().sync_folder(target.parent)
    return manifest


def read_manifest(file: Path) -> Manifest:
    """What a bundle says about itself; its files are not looked at. Raises StoreRefused, OSError."""
    with _members(file) as (members, stream):
        return _first(file, members, stream)


def unpack(file: Path, folder: Path) -> Manifest:
    """Take everything out into an empty folder, on disk when this returns. Raises StoreRefused for a bundle that is not
    whole or holds what a backup has not, and OSError; the folder then holds a part."""
    with _members(file) as (members, stream):
        manifest, found = _first(file, members, stream), set[str]()
        for member in members:
            wanted = _wanted(file, member, manifest, found)
            found.add(member.name)
            _take(file, stream, member, wanted, folder / member.name)
    if missing := sorted(manifest.files.keys() - found):
        raise _damaged(file, f"{missing[0]} is missing")
    for each in {folder, *(path.parent for path in folder.rglob("*"))}:
        RealDisk().sync_folder(each)
    return manifest


def _write(stream: BinaryIO, folder: Path, manifest: Manifest) -> None:
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=stream) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        data = msgspec.json.format(msgspec.json.encode(manifest))
        tar.addfile(_header(MANIFEST, len(data), manifest), io.BytesIO(data))
        for name, content in manifest.files.items():
            with (folder / name).open("rb") as source:
                tar.addfile(_header(name, content.size, manifest), source)


def _header(name: str, size: int, manifest: Manifest) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = size, FILE_MODE, int(manifest.created_at.timestamp())
    return header


def _content(path: Path) -> Content:
    with path.open("rb") as stream:
        return Content(path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())


# --- reading --------------------------------------------------------------------------------------------------------


@contextmanager
def _members(file: Path) -> Iterator[tuple[Iterator[tarfile.TarInfo], tarfile.TarFile]]:
    """The members one after the other, each to be read before the next; at the end the file's own checksum is held."""
    try:
        with gzip.open(file, "rb") as packed:
            with tarfile.open(fileobj=packed, mode="r|") as tar:
                yield iter(tar), tar
            while packed.read(CHUNK_BYTES):
                pass
    except BROKEN as error:
        raise _damaged(file, str(error) or type(error).__name__) from error


def _first(file: Path, members: Iterator[tarfile.TarInfo], stream: tarfile.TarFile) -> Manifest:
    member = next(members, None)
    if member is None or member.name != MANIFEST or not member.isreg() or member.size > MANIFEST_BYTES_MAX:
        raise StoreRefused(f"{file} is no backup of this program: it does not begin with a {MANIFEST}")
    data = stream.extractfile(member)
    assert data, "a plain file has content"
    try:
        manifest = msgspec.json.decode(data.read(), type=Manifest)
    except msgspec.DecodeError as error:
        raise _damaged(file, f"its {MANIFEST} cannot be read: {error}") from error
    if manifest.format > FORMAT:
        raise StoreRefused(f"{file} was made by a newer version ({manifest.version}): restore it with that one")
    return manifest


def _wanted(file: Path, member: tarfile.TarInfo, manifest: Manifest, found: set[str]) -> Content:
    """What this member must be. Raises StoreRefused for one that must not be there."""
    if not member.isreg() or not ALLOWED.fullmatch(member.name):
        raise StoreRefused(f"{file} holds {member.name!r}, which is no file of a backup: do not trust it")
    wanted = manifest.files.get(member.name)
    if wanted is None or member.name in found or member.size != wanted.size:
        raise _damaged(file, f"{member.name} is not what its {MANIFEST} says")
    return wanted


def _take(file: Path, stream: tarfile.TarFile, member: tarfile.TarInfo, wanted: Content, path: Path) -> None:
    data, digest = stream.extractfile(member), hashlib.sha256()
    assert data, "a plain file has content"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as target:
        while chunk := data.read(CHUNK_BYTES):
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    if digest.hexdigest() != wanted.sha256:
        raise _damaged(file, f"{member.name} has another checksum than its {MANIFEST} says")


def _damaged(file: Path, why: str) -> StoreRefused:
    return StoreRefused(f"{file} is damaged ({why}): take another backup")

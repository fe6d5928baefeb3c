"""The key pair of the simulated member: made once, kept in a folder, read back afterwards.

RSA 2048 in PKCS#1 PEM, as the exchange hands keys out; the file is its owner's only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from trading.domain.errors import Misconfigured
from trading.exchange.simulated.scopes import FULL, Rights
from trading.exchange.simulated.venue import PublicKey

KEY_NAME = "member.pem"
KEY_BITS = 2048
PUBLIC_EXPONENT = 65537


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client needs to sign, and what the exchange lets it do."""

    key_id: str
    private_key_path: Path
    rights: Rights = FULL


def make_key(folder: Path, rights: Rights = FULL) -> Credentials:
    """The member's key in `folder`, generated when there is none. Raises Misconfigured for a file that is no key.

    The rights are not kept in the file: they are those of this call.
    """
    path = folder / KEY_NAME
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write_new(path)
    return Credentials(_key_id(public_key(path)), path, rights)


def public_key(private_key_path: Path) -> PublicKey:
    """The public half of a PEM file with an RSA or Ed25519 private key. Raises Misconfigured.

    Whether the private half fits is not proved: who signs with it does that, and it takes longer than all else here.
    """
    try:
        pem = private_key_path.read_bytes()
        key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    except ValueError as problem:
        raise Misconfigured(f"{private_key_path} is no private key in PEM form; remove it to make one") from problem
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise Misconfigured(f"{private_key_path} is neither an RSA nor an Ed25519 key")
    return key.public_key()


def member_keys(credentials: Credentials) -> dict[str, PublicKey]:
    """For `open_venue`: who may sign."""
    return {credentials.key_id: public_key(credentials.private_key_path)}


def _write_new(path: Path) -> None:
    """Written aside and renamed, so that half a key is never found."""
    key = generate_private_key(PUBLIC_EXPONENT, KEY_BITS)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    aside = path.with_suffix(".new")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _key_id(key: PublicKey) -> str:
    """A UUID that belongs to the key, so that it need not be kept beside it."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return str(UUID(bytes=sha256(der).digest()[:16], version=4))

"""What a setting's value must be like: each rule raises ValueError with words that follow the variable's name."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

# The exchange's own addresses (REST, stream) as its documentation recommends them since 2026-05.
HOSTS: Mapping[str, tuple[str | None, str | None]] = {
    "simulated": (None, None),
    "demo": (
        "https://external-api.demo.kalshi.co/trade-api/v2",
        "wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2",
    ),
    "production": (
        "https://external-api.kalshi.com/trade-api/v2",
        "wss://external-api-ws.kalshi.com/trade-api/ws/v2",
    ),
}
ROLES = ("viewer", "operator", "owner")
STREAM_PATH = "/trade-api/ws/v2"
ONE_TIME_BYTES_MIN = 14  # 112 bits, as NIST SP 800-63B asks of a shared secret
MASK_LENGTH_MIN = 12  # a shorter id would be shown nearly whole


def require(fits: object, sentence: str) -> None:
    """Raise ValueError(sentence) unless it fits."""
    if not fits:
        raise ValueError(sentence)


def one_of(value: str, known: Sequence[str], what: str) -> None:
    require(value in known, f"names the {what} {value!r}, which is unknown: use {', '.join(known)}")


def people(text: str, roles: Sequence[str], *, groups: bool) -> dict[str, str]:
    """`123:owner,456:viewer` as id -> role; with `groups`, `&789:operator` names a guild role, at most operator."""
    found: dict[str, str] = {}
    for part in (p.strip() for p in text.split(",")):
        if not part:
            continue
        who, _, role = part.partition(":")
        form = r"&?\d+" if groups else r"\d+"
        require(re.fullmatch(form, who.strip()), f"has {part!r}: write id:role, for example 123456789:owner")
        one_of(role.strip(), roles, "role")
        if who.startswith("&") and role.strip() == "owner":
            raise ValueError(f"gives {part!r}: a guild role can be operator at most, owners are named by their own id")
        require(who.strip() not in found, f"names {who.strip()} twice: give each one role")
        found[who.strip()] = role.strip()
    return found


def address(value: str, schemes: tuple[str, str]) -> str:
    """An address that is encrypted, or on this machine; without a slash at its end."""
    if not value:
        return ""
    parts = urlsplit(value)
    secure, _ = schemes
    require(parts.scheme in schemes and parts.hostname, f"is no address: it begins with {secure}://")
    local = _loopback(parts.hostname or "")
    require(parts.scheme == secure or local, f"is neither {secure} nor on this machine: use {secure}://")
    require(not parts.username and not parts.query, "must hold no user name and no query")
    return value.rstrip("/")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def stream_of(rest: str) -> str:
    """The stream's address on the same host as a REST address."""
    scheme = "wss" if rest.startswith("https") else "ws"
    return f"{scheme}://{urlsplit(rest).netloc}{STREAM_PATH}"


def key_file(path: Path, *, strict: bool) -> None:
    """A readable PEM file; where strict, readable by its owner alone."""
    name = f"KALSHI_PRIVATE_KEY_PATH={path}"
    try:
        pem, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ValueError(
            f"{name} cannot be read ({reason}): give the path of the PEM file that Kalshi gave you"
        ) from None
    if strict and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ValueError(f"{name} can be read by others on this machine: run chmod 600 {path}")
    private_key(pem, name)


def private_key(pem: bytes | None, name: str) -> None:
    """An RSA or Ed25519 private key without a passphrase. Whether an RSA key's numbers fit together is found out where
    it is loaded to be used: that takes a quarter of a second for one of 4,096 bits."""
    try:
        key = load_pem_private_key(pem or b"", password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(
            f"{name} is no private key in PEM form: it begins with -----BEGIN, has no passphrase"
        ) from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ValueError(f"{name} is neither an RSA nor an Ed25519 key: make a new API key at Kalshi")


def one_time_secret(text: str) -> str:
    """The secret of one-time codes as authenticators take it, without the spaces in which people write it."""
    secret = re.sub(r"[\s-]", "", text).rstrip("=").upper()
    try:
        size = len(base64.b32decode(secret + "=" * (-len(secret) % 8)))
    except (binascii.Error, ValueError):
        raise ValueError(
            "is no secret in base32, only the letters A to Z and the digits 2 to 7: kalshi-chatops totp --new makes one"
        ) from None
    require(not secret or size >= ONE_TIME_BYTES_MIN, "is too short to be safe: kalshi-chatops totp --new makes one")
    return secret


def masked(key_id: str) -> str:
    """Enough of an id to recognise it."""
    return f"{key_id[:4]}…{key_id[-4:]}" if len(key_id) >= MASK_LENGTH_MIN else "…" if key_id else ""

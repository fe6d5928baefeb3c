"""Signing requests with an exchange key.

The signed text is the time in milliseconds, the method and the full path from the host's root (with `/trade-api/v2`,
without the query), concatenated; RSA keys sign it with PSS, SHA-256 and a 32-byte salt, Ed25519 keys directly. The
body is not signed. Source: the exchange's page on API keys and `auth.py` of its Python client 3.34.
"""

from __future__ import annotations

import base64
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from trading.clock import real_now
from trading.domain.errors import Misconfigured

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

SALT_BYTES = 32  # the digest's length; other lengths are not documented to work
RSA_BITS_MIN = 2048
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=SALT_BYTES)
_FIX = "use the PEM file that the exchange gave when the API key was created (KALSHI_PRIVATE_KEY_PATH)"


def load_private_key(pem: bytes) -> PrivateKey:
    """The RSA or Ed25519 key in `pem` (PKCS#1 or PKCS#8, without password). Raises Misconfigured."""
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise Misconfigured(f"the private key is protected by a password, which a bot cannot type: {_FIX}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise Misconfigured(f"the private key is not a readable PEM private key: {_FIX}") from None
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < RSA_BITS_MIN:
            raise Misconfigured(f"the private key has {key.key_size} bits, at least {RSA_BITS_MIN} are needed: {_FIX}")
        return key
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    raise Misconfigured(f"the private key is neither RSA nor Ed25519: {_FIX}")


class Signer:
    """Signs for one key id; holds the secret and shows it nowhere. Raises Misconfigured for an id that is none."""

    def __init__(self, key_id: str, key: PrivateKey) -> None:
        if not key_id.isascii() or not key_id.isprintable() or not key_id.split() == [key_id]:
            raise Misconfigured("KALSHI_API_KEY_ID is empty or no id: copy it from the exchange's page of API keys")
        self.key_id = key_id
        self._key = key

    def __repr__(self) -> str:
        return "Signer(<secret>)"

    def headers(self, method: str, path: str, at: datetime | None = None) -> dict[str, str]:
        """The three access headers for `method` on `path` (from the host's root, without the query).

        `at` is real time, not the clock's: the exchange compares it with its own (default: now).
        """
        timestamp = str(int((at or real_now()).timestamp() * 1000))
        signature = self._sign(f"{timestamp}{method.upper()}{path}".encode())
        return {
            "KALSHI-ACCESS-KEY": self.key_id,
            "KALSHI-ACCESS-TIMESTAMP": timestamp,
            "KALSHI-ACCESS-SIGNATURE": base64.b64encode(signature).decode("ascii"),
        }

    def _sign(self, text: bytes) -> bytes:
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(text)
        return self._key.sign(text, _PSS, hashes.SHA256())

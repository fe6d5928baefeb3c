"""Who signed a request: the three headers, their time against the real clock, and the signature over the path.

Signed is timestamp (milliseconds) + METHOD + the full path without its query; RSA keys sign with PSS, SHA-256 and a
32-byte salt, Ed25519 keys plainly. The window of -15 to +30 seconds is inferred from measurements on the live hosts.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from trading.exchange.simulated.refusals import VenueError
from trading.exchange.simulated.venue import PublicKey

KEY_HEADER = "KALSHI-ACCESS-KEY"
TIMESTAMP_HEADER = "KALSHI-ACCESS-TIMESTAMP"
SIGNATURE_HEADER = "KALSHI-ACCESS-SIGNATURE"
OLDEST_SECONDS, NEWEST_SECONDS = -15.0, 30.0  # of the timestamp against the real time
SALT_BYTES = 32
_PADDING = PSS(MGF1(SHA256()), SALT_BYTES)


def check_signature(
    keys: Mapping[str, PublicKey], headers: Mapping[str, str], method: str, path: str, now: datetime
) -> None:
    """Nothing when the request is signed as it must be; `now` is real time. Raises VenueError 401."""
    key_id, timestamp, signature = (headers.get(h, "") for h in (KEY_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER))
    if not key_id:
        raise VenueError(401, "token_authentication_failure", "no access key in the headers")
    if not signature:
        raise VenueError(401, "signature_is_missing_from_headers", "signature is missing from headers")
    if not _timely(timestamp, now):
        raise VenueError(401, "header_timestamp_expired", "header timestamp expired")
    key = keys.get(key_id)
    if key is None:
        raise VenueError(401, "authentication_error", "authentication error", "NOT_FOUND")
    if not _signed(key, signature, f"{timestamp}{method}{path}".encode()):
        raise VenueError(401, "authentication_error", "authentication error", "INCORRECT_API_KEY_SIGNATURE")


def _timely(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit()):
        return False
    return OLDEST_SECONDS <= int(timestamp) / 1000 - now.timestamp() <= NEWEST_SECONDS


def _signed(key: PublicKey, signature: str, text: bytes) -> bool:
    try:
        raw = b64decode(signature, validate=True)
        if isinstance(key, RSAPublicKey):
            key.verify(raw, text, _PADDING, SHA256())
        else:
            key.verify(raw, text)
    except (InvalidSignature, ValueError):
        return False
    return True

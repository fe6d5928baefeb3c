"""Reading what the exchange says when it does not do something, and what the caller can do about it.

Error bodies come in four shapes: `{"error": {"code", "message", "details"}}` (mostly), flat `{"code", "message"}`,
`{"msg"}`, and `{"error": "text"}`, all seen on the live exchange in 2026; anything else (a page of a proxy) is kept as
a short text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from trading.domain.errors import ChatopsError, NotFound, Paused, Rejected, Unauthorized, Unavailable

PAUSED_CODES = frozenset({"trading_is_paused", "exchange_is_paused"})
CLOSED_CODES = frozenset({"market_inactive", "market_closed"})  # in either case: the documents and the wire differ
EXISTS_CODE = "order_already_exists"
TOO_MANY_CODE = "too_many_requests"
TEXT_CHARS_MAX = 200  # of an answer that is no JSON
BODY_BYTES_MAX = 64 * 1024  # of an error's body that is looked at
UNDECIDED = frozenset({408, 425, 499})  # 4xx that a proxy may send after passing the request on


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is not a success. `code` is the exchange's own, or `http_<status>` where it gave none."""

    status: int
    code: str
    message: str = ""
    details: str = ""

    @property
    def text(self) -> str:
        """Code, message and details in one line."""
        return ": ".join(part for part in (self.code, self.message, self.details) if part)

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed a moment later."""
        return self.status == 429 or self.status >= 500 or self.status in UNDECIDED

    @property
    def proves_not_taken(self) -> bool:
        """Whether an order that got this answer is certainly not in the book."""
        return 400 <= self.status < 500 and self.status not in UNDECIDED and self.code != EXISTS_CODE


def read_refusal(status: int, body: bytes) -> Refusal:
    """The refusal in an answer of any shape; never raises."""
    try:
        data = json.loads(body[:BODY_BYTES_MAX])
    except ValueError:
        data = body[:TEXT_CHARS_MAX].decode("utf-8", "replace").strip()
    code, message, details = _parts(data)
    fallback = TOO_MANY_CODE if status == 429 else f"http_{status}"
    return Refusal(status, code or fallback, message, details)


def _parts(data: object) -> tuple[str, str, str]:
    if not isinstance(data, dict):
        return "", _text(data), ""
    inner = data.get("error", data)
    if not isinstance(inner, dict):
        return "", _text(inner), ""
    return (
        _text(inner.get("code")),
        _text(inner.get("message")) or _text(inner.get("msg")),
        _text(inner.get("details")),
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    return (value if isinstance(value, str) else json.dumps(value))[:TEXT_CHARS_MAX]


def read_error(refusal: Refusal, what: str, skew_seconds: float | None = None) -> ChatopsError:
    """What to raise when `what` (a read or a cancel, named in words) was refused."""
    if refusal.status in (401, 403):
        return Unauthorized(f"{what}: {advice(refusal, skew_seconds)}")
    if refusal.status == 404:
        return NotFound(f"{what}: the exchange does not know it ({refusal.text})")
    if refusal.code.lower() in CLOSED_CODES:
        return NotFound(f"{what}: the market is closed ({refusal.text})")
    if refusal.code in PAUSED_CODES:
        return Paused(f"{what}: the exchange is paused ({refusal.text})")
    return Unavailable(f"{what}: HTTP {refusal.status} {refusal.text}")


def order_error(refusal: Refusal, skew_seconds: float | None = None) -> Rejected:
    """What to raise when an order was provably not taken."""
    message = refusal.message or refusal.details
    if refusal.message and refusal.details:
        message = f"{refusal.message} ({refusal.details})"
    if refusal.status in (401, 403):
        message = advice(refusal, skew_seconds)
    return Rejected(refusal.code, message, refusal.status)


def advice(refusal: Refusal, skew_seconds: float | None = None) -> str:
    """One sentence with the fix for a 401 or 403. Variants as seen on the live exchange in 2026."""
    said = f"{refusal.code} {refusal.details} {refusal.message}".lower()
    if "timestamp" in said:
        return f"the exchange refused the time of the request: {_clock_text(skew_seconds)}, keep it right by NTP"
    if "signature_is_missing" in said or "token_authentication" in said:
        return "the exchange wants a signed request: give KALSHI_API_KEY_ID and KALSHI_PRIVATE_KEY_PATH"
    if "incorrect_api_key_signature" in said or "signature" in said:
        return "the signature is wrong: KALSHI_PRIVATE_KEY_PATH must be the key made together with KALSHI_API_KEY_ID"
    if "not_found" in said:
        return "the key id is unknown here: check KALSHI_API_KEY_ID, and KALSHI_ENV (keys belong to one environment)"
    if refusal.status == 403:
        return f"the key may not do this: it needs the right scope (write::trade) and subaccount ({refusal.text})"
    return f"the key was refused: check KALSHI_API_KEY_ID, its private key and KALSHI_ENV ({refusal.text})"


def _clock_text(skew_seconds: float | None) -> str:
    if skew_seconds is None:
        return "check this machine's clock"
    return f"this machine's clock is {abs(skew_seconds):.0f} s {'behind' if skew_seconds > 0 else 'ahead'}"

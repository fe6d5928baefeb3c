"""Signatures: every way to get them wrong, and the two ways to get them right."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from trading.clock import real_now
from trading.exchange.simulated.keys import Credentials, make_key, public_key

PATH = "/trade-api/v2/portfolio/balance"
WRONG = "INCORRECT_API_KEY_SIGNATURE"


def now_ms(offset: float = 0.0) -> str:
    return str(int((real_now().timestamp() + offset) * 1000))


async def ask(caller: Any, headers: dict[str, str], query: str = "") -> tuple[int, dict[str, str]]:
    url = f"{caller.server.base_url}/portfolio/balance{query}"
    async with caller.session.get(url, headers=headers) as answer:
        payload = await answer.json()
    return answer.status, payload.get("error", {})


@pytest.mark.parametrize(
    ("name", "code", "details"),
    [
        ("no headers", "token_authentication_failure", None),
        ("no signature", "signature_is_missing_from_headers", None),
        ("unknown key", "authentication_error", "NOT_FOUND"),
        ("seconds", "header_timestamp_expired", None),
        ("too old", "header_timestamp_expired", None),
        ("too new", "header_timestamp_expired", None),
        ("no number", "header_timestamp_expired", None),
        ("short path", "authentication_error", WRONG),
        ("signed with its query", "authentication_error", WRONG),
        ("other method", "authentication_error", WRONG),
        ("other time", "authentication_error", WRONG),
        ("longest salt", "authentication_error", WRONG),
        ("old padding", "authentication_error", WRONG),
        ("no base64", "authentication_error", WRONG),
    ],
)
async def test_what_is_wrong_is_refused_and_named(caller: Any, name: str, code: str, details: str | None) -> None:
    good = caller.headers("GET", PATH)
    text = f"{good['KALSHI-ACCESS-TIMESTAMP']}GET{PATH}".encode()
    old = caller.key.sign(text, PKCS1v15(), SHA256())
    headers = {
        "no headers": {},
        "no signature": {k: v for k, v in good.items() if not k.endswith("SIGNATURE")},
        "unknown key": good | {"KALSHI-ACCESS-KEY": "00000000-0000-4000-8000-000000000000"},
        "seconds": caller.headers("GET", PATH, now_ms()[:-3]),
        "too old": caller.headers("GET", PATH, now_ms(-16)),
        "too new": caller.headers("GET", PATH, now_ms(32)),
        "no number": caller.headers("GET", PATH, "soon"),
        "short path": caller.headers("GET", "/portfolio/balance"),
        "signed with its query": caller.headers("GET", PATH + "?subaccount=0"),
        "other method": caller.headers("POST", PATH),
        "other time": good | {"KALSHI-ACCESS-TIMESTAMP": now_ms(5)},
        "longest salt": caller.headers("GET", PATH, salt=PSS.MAX_LENGTH),  # type: ignore[arg-type]
        "old padding": good | {"KALSHI-ACCESS-SIGNATURE": b64encode(old).decode()},
        "no base64": good | {"KALSHI-ACCESS-SIGNATURE": "***"},
    }[name]
    status, error = await ask(caller, headers, "?subaccount=0")
    assert (status, error["code"], error.get("details")) == (401, code, details)


@pytest.mark.parametrize("offset", [-10.0, 0.0, 28.0])
async def test_a_clock_that_is_a_little_off_is_fine(caller: Any, offset: float) -> None:
    status, _ = await ask(caller, caller.headers("GET", PATH, now_ms(offset)), "?subaccount=0")
    assert status == 200


async def test_ed25519_keys_sign_too(caller: Any) -> None:
    key = Ed25519PrivateKey.generate()
    caller.server.venue.keys["edward"] = key.public_key()
    timestamp = now_ms()
    signature = b64encode(key.sign(f"{timestamp}GET{PATH}".encode())).decode()
    headers = {
        "KALSHI-ACCESS-KEY": "edward",
        "KALSHI-ACCESS-TIMESTAMP": timestamp,
        "KALSHI-ACCESS-SIGNATURE": signature,
    }
    assert (await ask(caller, headers))[0] == 200
    assert (await ask(caller, headers | {"KALSHI-ACCESS-SIGNATURE": signature[:-4] + "AAA="}))[0] == 401


async def test_public_reads_need_no_signature_and_private_ones_do(caller: Any) -> None:
    assert (await caller.call("GET", "/exchange/status", sign=False))[0] == 200
    assert (await caller.call("GET", "/markets/NOBODY/orderbook", sign=False))[0] == 200
    assert (await caller.call("GET", "/portfolio/orders", sign=False))[0] == 401
    assert (await caller.call("POST", "/portfolio/events/orders", {}, sign=False))[0] == 401
    assert (await caller.call("GET", "/cfbenchmarks/values?id=BRTI", sign=False))[0] == 401


def test_a_key_is_made_once_and_is_its_owners_only(credentials: Credentials) -> None:
    again = make_key(credentials.private_key_path.parent)
    assert again == credentials
    assert credentials.private_key_path.stat().st_mode & 0o777 == 0o600
    assert credentials.private_key_path.read_text().startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert public_key(credentials.private_key_path).public_numbers()  # type: ignore[union-attr]

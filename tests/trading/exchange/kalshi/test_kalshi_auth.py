"""Signatures verify with the public key over the exact text; keys are refused in one sentence; secrets stay hidden."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from trading.domain.errors import Misconfigured
from trading.exchange.kalshi.auth import Signer, load_private_key

AT = datetime(2026, 11, 21, 12, 0, 0, 123000, tzinfo=UTC)
PATH = "/trade-api/v2/portfolio/orders"


def pem(
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey,
    form: PrivateFormat = PrivateFormat.PKCS8,
    encryption: KeySerializationEncryption | None = None,
) -> bytes:
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
def test_rsa_signs_time_method_and_full_path(rsa_key: rsa.RSAPrivateKey, form: PrivateFormat) -> None:
    key = load_private_key(pem(rsa_key, form))
    headers = Signer("id-1", key).headers("get", PATH, AT)
    assert headers["KALSHI-ACCESS-KEY"] == "id-1"
    assert headers["KALSHI-ACCESS-TIMESTAMP"] == str(int(AT.timestamp() * 1000))
    rsa_key.public_key().verify(
        base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"]),
        f"{headers['KALSHI-ACCESS-TIMESTAMP']}GET{PATH}".encode(),
        padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32),
        hashes.SHA256(),
    )


def test_ed25519_signs_the_same_text() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    headers = Signer("id-1", load_private_key(pem(key))).headers("POST", PATH, AT)
    signature = base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"])
    key.public_key().verify(signature, f"{headers['KALSHI-ACCESS-TIMESTAMP']}POST{PATH}".encode())
    with pytest.raises(InvalidSignature):
        key.public_key().verify(signature, f"{headers['KALSHI-ACCESS-TIMESTAMP']}GET{PATH}".encode())


def test_keys_that_do_not_work_are_refused_in_one_sentence(rsa_key: rsa.RSAPrivateKey) -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    bad = {
        "password": pem(rsa_key, encryption=BestAvailableEncryption(b"secret")),
        "PEM": b"-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n",
        "bits": pem(small),
        "neither RSA nor Ed25519": pem(ec.generate_private_key(ec.SECP256R1())),
    }
    for word, data in bad.items():
        with pytest.raises(Misconfigured, match=word) as caught:
            load_private_key(data)
        assert "KALSHI_PRIVATE_KEY_PATH" in str(caught.value)
    with pytest.raises(Misconfigured):
        load_private_key(b"")


def test_an_rsa_key_whose_numbers_do_not_fit_together_is_refused(rsa_key: rsa.RSAPrivateKey) -> None:
    """The settings look at the form alone: here is where it is found out."""
    n = rsa_key.private_numbers()
    spoilt = rsa.RSAPrivateNumbers(n.p, n.q, n.d + 2, n.dmp1, n.dmq1, n.iqmp, n.public_numbers)
    with pytest.raises(Misconfigured, match="not a readable PEM private key"):
        load_private_key(pem(spoilt.private_key(unsafe_skip_rsa_key_validation=True)))


@pytest.mark.parametrize("key_id", ["", "two words", "line\n", "ключ"])
def test_an_id_that_is_none_is_refused(rsa_key: rsa.RSAPrivateKey, key_id: str) -> None:
    with pytest.raises(Misconfigured, match="KALSHI_API_KEY_ID"):
        Signer(key_id, rsa_key)


def test_nothing_secret_is_shown(rsa_key: rsa.RSAPrivateKey) -> None:
    shown = repr(Signer("id-1", rsa_key)) + str(Signer("id-1", rsa_key))
    assert "id-1" not in shown
    assert "Key" not in shown

"""A client of the exchange as anybody could write it from its documentation: no code of the bot's adapter.

Signed is timestamp (milliseconds) + METHOD + the path from the host's root without its query; RSA keys sign with PSS,
SHA-256 and a salt of 32 bytes, Ed25519 keys plainly.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

SECONDS_MAX = 10  # for one answer
PrivateKey = RSAPrivateKey | Ed25519PrivateKey
Sign = Callable[[PrivateKey, bytes], bytes]


def signed(key: PrivateKey, text: bytes) -> bytes:
    """As the documentation has it."""
    if isinstance(key, RSAPrivateKey):
        return key.sign(text, PSS(MGF1(SHA256()), 32), SHA256())
    return key.sign(text)


def milliseconds(seconds_ahead: float = 0.0) -> str:
    return str(int((time.time() + seconds_ahead) * 1000))


@dataclass(frozen=True)
class Client:
    """`where` is what the exchange's command prints first."""

    where: Mapping[str, str]

    @property
    def key(self) -> PrivateKey:
        pem = Path(self.where["private_key_path"]).read_bytes()
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)  # at each call
        assert isinstance(key, RSAPrivateKey | Ed25519PrivateKey)
        return key

    def headers(self, method: str, path: str, timestamp: str = "", sign: Sign = signed) -> dict[str, str]:
        """For a request to that path from the host's root."""
        timestamp = timestamp or milliseconds()
        return {
            "KALSHI-ACCESS-KEY": self.where["key_id"],
            "KALSHI-ACCESS-TIMESTAMP": timestamp,
            "KALSHI-ACCESS-SIGNATURE": b64encode(sign(self.key, f"{timestamp}{method}{path}".encode())).decode(),
        }

    def stream_headers(self) -> dict[str, str]:
        return self.headers("GET", urlsplit(self.where["ws_url"]).path)

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> tuple[int, Any]:
        """Status and JSON; `path` is after the base URL."""
        url = self.where["base_url"] + path
        headers = self.headers(method, urlsplit(url).path)
        answer = requests.request(method, url, params=params, json=body, headers=headers, timeout=SECONDS_MAX)
        return answer.status_code, answer.json() if answer.content else None

    def get(self, path: str, **params: Any) -> Any:
        status, payload = self.call("GET", path, **params)
        assert status == 200, payload
        return payload

    def pages(self, path: str, name: str, **params: Any) -> Iterator[Any]:
        """The items of every page."""
        cursor = ""
        while True:
            page = self.get(path, cursor=cursor, **params)
            yield from page[name]
            cursor = page["cursor"]
            if not cursor:
                return

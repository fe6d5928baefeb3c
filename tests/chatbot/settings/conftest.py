"""An exchange's key, in a file and as variables."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.chatbot.settings.given import KEY_ID, pem


@pytest.fixture(scope="module")
def rsa_pem() -> str:
    return pem(rsa.generate_private_key(65537, 2048))


@pytest.fixture
def key_file(tmp_path: Path, rsa_pem: str) -> Path:
    path = tmp_path / "kalshi.pem"
    path.write_text(rsa_pem)
    path.chmod(0o600)
    return path


@pytest.fixture
def key(key_file: Path) -> dict[str, str]:
    return {"KALSHI_API_KEY_ID": KEY_ID, "KALSHI_PRIVATE_KEY_PATH": str(key_file)}

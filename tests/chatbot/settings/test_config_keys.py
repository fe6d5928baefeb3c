"""The exchange's key and the other secrets: read from a file or a variable, and never shown."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption

from tests.chatbot.settings.given import KEY_ID, pem, refusal, settings


class TestKeys:
    @pytest.mark.parametrize(
        "make", [lambda: rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate]
    )
    def test_rsa_and_ed25519_in_a_file_or_inline(self, tmp_path: Path, make: Any) -> None:
        text = pem(make())
        (tmp_path / "key.pem").write_text(text)
        for given in (
            {"KALSHI_PRIVATE_KEY_PATH": str(tmp_path / "key.pem")},
            {"KALSHI_PRIVATE_KEY": text},
            {"KALSHI_PRIVATE_KEY": text.replace("\n", "\\n")},
        ):
            assert (
                settings(KALSHI_API_KEY_ID=KEY_ID, **given).private_key_pem() or b""
            ).strip() == text.strip().encode()

    def test_the_home_folder_may_be_a_tilde(self, key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(key_file.parent))
        made = settings(KALSHI_API_KEY_ID=KEY_ID, KALSHI_PRIVATE_KEY_PATH=f"~/{key_file.name}")
        assert made.private_key_pem() == key_file.read_bytes()

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
    def test_one_that_others_can_read_is_refused_in_production(self, key: dict[str, str], mode: int) -> None:
        path = key["KALSHI_PRIVATE_KEY_PATH"]
        os.chmod(path, mode)
        assert stat.S_IMODE(os.stat(path).st_mode) == mode
        assert re.search(f"KALSHI_PRIVATE_KEY_PATH=.*chmod 600 {path}", refusal(KALSHI_ENV="production", **key))
        assert settings(KALSHI_ENV="demo", **key).environment == "demo"

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (None, "cannot be read"),
            ("hello", "PEM"),
            (pem(rsa.generate_private_key(65537, 2048), BestAvailableEncryption(b"secret")), "pass"),
            (pem(ec.generate_private_key(ec.SECP256R1())), "RSA"),
        ],
        ids=["missing", "no PEM", "with a password", "elliptic"],
    )
    def test_one_that_is_none_is_refused(self, tmp_path: Path, content: str | None, words: str) -> None:
        path = tmp_path / "key.pem"
        if content is not None:
            path.write_text(content)
        sentence = refusal(KALSHI_API_KEY_ID=KEY_ID, KALSHI_PRIVATE_KEY_PATH=str(path))
        assert re.search(f"KALSHI_PRIVATE_KEY_PATH={path} .*{words}", sentence)

    def test_an_inline_one_that_is_none_is_refused_without_showing_it(self) -> None:
        sentence = refusal(KALSHI_API_KEY_ID=KEY_ID, KALSHI_PRIVATE_KEY="hello-hello")
        assert re.search("KALSHI_PRIVATE_KEY .*PEM", sentence)
        assert "hello" not in sentence

    def test_a_file_and_an_inline_one_together_are_refused(self, key: dict[str, str], rsa_pem: str) -> None:
        sentence = refusal(KALSHI_PRIVATE_KEY=rsa_pem, **key)
        assert re.search("KALSHI_PRIVATE_KEY and KALSHI_PRIVATE_KEY_PATH", sentence)
        assert "BEGIN" not in sentence

    def test_real_orders_need_one_and_have_it(self, key: dict[str, str]) -> None:
        assert not settings(KALSHI_ENV="production", DRY_RUN="false", **key).dry_run

    def test_its_id_is_shown_in_part(self, key: dict[str, str]) -> None:
        assert settings(**key).key_masked == "abcd…wxyz"


def test_secrets_are_never_shown(rsa_pem: str) -> None:
    secret = {
        "KALSHI_PRIVATE_KEY": rsa_pem,
        "TELEGRAM_BOT_TOKEN": "123:telegram-token",
        "DISCORD_BOT_TOKEN": "discord-token",
        "TOTP_SECRET": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    }
    where = {"TELEGRAM_CHAT_ID": "1", "DISCORD_GUILD_ID": "2", "DISCORD_CHANNEL_ID": "3"}
    made = settings(KALSHI_API_KEY_ID=KEY_ID, **secret, **where)
    for text in (repr(made), str(made), made.model_dump_json()):
        assert not [value for value in (*secret.values(), rsa_pem.splitlines()[1]) if value in text]
    assert {made.telegram_bot_token.get_secret_value(), made.totp_secret.get_secret_value()} <= set(made.secrets())

"""Where settings come from: the `.env` file, the environment; and the example of the file."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from chatbot.config import load
from tests.chatbot.settings.given import DEFAULTS, KEY_ID, settings
from trading.domain.errors import Misconfigured
from trading.strategies import NAMES

EXAMPLE = Path(__file__).parents[3] / ".env.example"


class TestSources:
    def test_the_file_is_read_and_the_environment_wins(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("# mine\nSTAKE_USD=7\nPOLL_SECONDS='9'\nexport INSTANCE_NAME=attic\nMAX_PRICE=\n")
        made = load(file, {"STAKE_USD": "8", "PATH": "/bin", "UNRELATED": "x"})
        assert (made.stake_usd, made.poll_seconds, made.instance_name) == (8, 9, "attic")

    def test_an_empty_variable_hides_nothing(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("MAX_ORDER_USD=2\n")
        assert load(file, {"MAX_ORDER_USD": ""}).max_order_usd == 2

    def test_nothing_in_the_file_is_expanded(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("TELEGRAM_BOT_TOKEN=1:a${HOME}b$c\nTELEGRAM_CHAT_ID=1\n")
        assert load(file, {}).telegram_bot_token.get_secret_value() == "1:a${HOME}b$c"

    def test_a_key_may_stand_in_quotes_over_several_lines(self, tmp_path: Path, rsa_pem: str) -> None:
        file = tmp_path / ".env"
        file.write_text(f'KALSHI_API_KEY_ID={KEY_ID}\nKALSHI_PRIVATE_KEY="{rsa_pem}"\n')
        assert load(file, {}).environment == "demo"

    def test_no_file_is_no_error(self, tmp_path: Path) -> None:
        assert load(tmp_path / ".env", {}) == settings()

    def test_by_default_both_are_the_processs_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for name in [name for name in os.environ if name.startswith(("KALSHI_", "TELEGRAM_", "DISCORD_"))]:
            monkeypatch.delenv(name)
        (tmp_path / ".env").write_text("SIM_SEED=5\n")
        monkeypatch.setenv("SIM_SPEED", "7")
        assert (load().sim_seed, load().sim_speed) == (5, 7)

    @pytest.mark.parametrize(
        ("line", "sentence"),
        [
            ("MAX_ODER_USD=5", r"MAX_ODER_USD in .*\.env .*MAX_ORDER_USD\?"),
            ("COLOUR=red", r"COLOUR in .*\.env .*\.env\.example"),
            ("STAKE_USD=0", r"STAKE_USD=0 "),
            ("stake_usd=3", r"stake_usd in .*\.env .*STAKE_USD\?"),
            ("STAKE_USD", r"\.env line 1 is not NAME=value"),
            ("STAKE_USD 5", r"\.env line 1 is not NAME=value"),
            ("# ok\n\nMAX ORDER_USD=5", r"\.env line 3 is not NAME=value"),
        ],
    )
    def test_what_the_file_has_wrong_is_refused(self, tmp_path: Path, line: str, sentence: str) -> None:
        (tmp_path / ".env").write_text(f"{line}\n")
        with pytest.raises(Misconfigured, match=sentence):
            load(tmp_path / ".env", {})

    def test_a_file_that_cannot_be_read_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_bytes(b"STAKE_USD=\xff\xfe\n")
        with pytest.raises(Misconfigured, match=r"\.env"):
            load(tmp_path / ".env", {})


class TestExample:
    """`.env.example` says what the code does."""

    def test_it_names_every_variable_once(self) -> None:
        shown = [name for name, _ in _examples()]
        assert len(shown) == len(set(shown))
        from chatbot.config import names

        assert set(shown) == set(names())

    def test_it_names_every_strategy(self) -> None:
        assert f": {', '.join(NAMES)}. " in " ".join(EXAMPLE.read_text().replace("\n#", " ").split())

    def test_each_is_explained_and_commented_out(self) -> None:
        lines = EXAMPLE.read_text().splitlines()
        assert all(line.startswith("#") or not line for line in lines)
        for number, line in enumerate(lines):
            if re.match(r"# [A-Z_]+=", line):
                assert re.match(r"# [^=]*[.:)]|# .*\w", lines[number - 1])
                assert not re.match(r"# [A-Z_]+=", lines[number - 1])

    def test_it_shows_the_defaults(self, tmp_path: Path) -> None:
        active = "".join(f"{name}={value}\n" for name, value in _examples() if name != "DRY_RUN")
        (tmp_path / ".env").write_text(active)
        made, default = load(tmp_path / ".env", {}), settings()
        assert made.model_dump(exclude={"kalshi_env"}) == default.model_dump(exclude={"kalshi_env"})
        assert made.environment == default.environment
        assert dict(_examples())["DRY_RUN"] == str(settings(KALSHI_ENV="demo").dry_run).lower()

    def test_what_has_a_default_shows_one(self) -> None:
        values = dict(_examples())
        assert {name.upper() for name in DEFAULTS if name.upper() in values and DEFAULTS[name] not in ("",)} <= {
            name for name, value in values.items() if value
        }


def _examples() -> list[tuple[str, str]]:
    return re.findall(r"^# ([A-Z_]+)=(.*)$", EXAMPLE.read_text(), flags=re.MULTILINE)

"""What doctor says of the strategies file."""

from __future__ import annotations

from pathlib import Path

from chatbot.config import load
from chatbot.tools.doctor_strategies import strategies
from chatbot.tools.findings import Finding, fail, ok


def told(folder: Path, text: str, names: str) -> Finding:
    file = folder / "s.toml"
    file.write_text(text)
    return strategies(load(None, {"STRATEGIES": names, "STRATEGIES_FILE": str(file)}))


def test_what_would_trade_is_said(tmp_path: Path) -> None:
    text = '[previous]\npaper = true\nseries = ["KXBTC15M", "KXETH15M"]\n'
    said = "consensus on KXBTC15M; previous on KXBTC15M, KXETH15M, on paper; scanner"
    assert told(tmp_path, text, "consensus,scanner,previous") == ok("strategies", said)


def test_what_is_wrong_is_said_with_where_to_look(tmp_path: Path) -> None:
    wrong = "s.toml [previous] paper = 1 is neither true nor false"
    fix = "docs/strategies.md shows what the file may say"
    assert told(tmp_path, "[previous]\npaper = 1\n", "previous") == fail("strategies", wrong, fix)

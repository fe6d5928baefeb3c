"""What every test may ask for: the reference folder with the exchange's schemas and recorded markets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REFERENCE = Path(os.environ.get("REFERENCE_DIR", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder with `kalshi-api-3.34.0.json` and `data/`; tests that need it are skipped where it is absent."""
    if not (REFERENCE / "data").is_dir():
        pytest.skip(f"no reference data at {REFERENCE}: set REFERENCE_DIR")
    return REFERENCE


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured (`record_property`) at the end of the run."""
    measured = [p for report in terminalreporter.stats.get("passed", []) for p in report.user_properties]
    for name, value in measured:
        terminalreporter.write_line(f"{name}: {value}")

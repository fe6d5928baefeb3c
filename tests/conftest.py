"""What every test may ask for: the reference folder with the exchange's schemas and recorded markets."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.schema_coverage import PROBLEMS_SHOWN, Watch, install, summary
from tests.schemas import Schemas

ROOT = Path(__file__).parent.parent
REFERENCE = Path(os.environ.get("REFERENCE_DIR", ROOT.parent / "shared"))
WATCH = pytest.StashKey[Watch]()
LONG = tuple(ROOT / "tests" / name for name in ("simulation", "flows", "chatbot/tools", "trading/research"))
SEEN = "schema_seen"  # what a worker process tells the one that reports

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # nothing is timed by a test: a busy machine fails none


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder with `kalshi-api-3.34.0.json` and `data/`; tests that need it are skipped where it is absent."""
    if not (REFERENCE / "data").is_dir():
        pytest.skip(f"no reference data at {REFERENCE}: set REFERENCE_DIR")
    return REFERENCE


def pytest_configure(config: pytest.Config) -> None:
    if (REFERENCE / "data").is_dir():
        config.stash[WATCH] = Watch(Schemas(REFERENCE))


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """With `-n auto`: a part of a run is waiting for other processes."""
    cores = yield
    return cores + cores // 2


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays until the end: to look through it for garbage took a third of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: whoever runs several files at a time must not be left with one of them at the end.

    `--dist loadfile` keeps this order with `--no-loadscope-reorder` only; of its own it takes the files of many tests
    first, and those with the longest tests have few.
    """
    items.sort(key=lambda item: next((i for i, f in enumerate(LONG) if item.path.is_relative_to(f)), len(LONG)))


@pytest.fixture(scope="session")
def schema_watch(request: pytest.FixtureRequest) -> Iterator[Watch | None]:
    """Everything that is sent and served in all tests, held against the exchange's schemas; None without reference."""
    watch = request.config.stash.get(WATCH, None)
    with pytest.MonkeyPatch.context() as patch:
        if watch:
            install(watch, patch)
        yield watch


@pytest.fixture(autouse=True)
def _as_the_exchange_describes_it(schema_watch: Watch | None) -> Iterator[None]:
    """A test fails in which something was sent or served that the exchange does not know."""
    yield
    problems = schema_watch.taken_problems() if schema_watch else []
    if problems:
        pytest.fail("\n".join(dict.fromkeys(problems[:PROBLEMS_SHOWN])), pytrace=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Of a worker process: tell the one that reports what was seen."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    watch = session.config.stash.get(WATCH, None)
    if output is not None and watch:
        output[SEEN] = (sorted(watch.operations), sorted(watch.frames))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Of the process that reports: take what a worker has seen."""
    watch = node.config.stash.get(WATCH, None)
    operations, frames = getattr(node, "workeroutput", {}).get(SEEN, ((), ()))
    if watch:
        watch.operations.update(operations)
        watch.frames.update(frames)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what tests measured (`record_property`) and how much of the exchange they have seen."""
    measured = [p for report in terminalreporter.stats.get("passed", []) for p in report.user_properties]
    for name, value in measured:
        terminalreporter.write_line(f"{name}: {value}")
    watch = config.stash.get(WATCH, None)
    if watch and watch.operations:
        terminalreporter.write_line(summary(watch.operations, watch.schemas.operations, "exchange operations"))
        terminalreporter.write_line(summary(watch.frames, watch.schemas.frames, "stream messages"))

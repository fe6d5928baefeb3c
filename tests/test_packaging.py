"""What the package says of itself: it needs what it imports and nothing else, and what is locked is what it allows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.audit import told
from tests.lowest import lowest

ROOT = Path(__file__).parent.parent
PACKAGES = ("chatbot", "trading", "storage")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
DEPENDENCIES = {canonicalize_name(r.name): r for r in map(Requirement, PROJECT["dependencies"])}
EXTRAS = {canonicalize_name(Requirement(text).name) for text in PROJECT["optional-dependencies"]["dask"]}
UNIMPORTED = {"tzdata"}  # zoneinfo reads it by itself


def imported() -> set[str]:
    """The packages of others that our code imports, by the names under which they are installed."""
    modules: set[str] = set()
    for path in (p for package in PACKAGES for p in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add(str(node.module).split(".")[0])
    others = modules - set(sys.stdlib_module_names) - set(PACKAGES)
    known = packages_distributions()
    return {canonicalize_name(known[module][0]) for module in others}


def test_it_needs_what_it_imports_and_nothing_else() -> None:
    assert imported() == (DEPENDENCIES.keys() - UNIMPORTED) | EXTRAS


@pytest.mark.parametrize("requirement", DEPENDENCIES.values(), ids=str)
def test_every_dependency_has_a_lower_bound_and_is_here_within_its_bounds(requirement: Requirement) -> None:
    assert any(bound.operator == ">=" for bound in requirement.specifier)
    assert version(requirement.name) in requirement.specifier


def test_the_lowest_of_each_is_what_is_tested_with(tmp_path: Path) -> None:
    found = lowest(ROOT / "pyproject.toml")
    assert len(found) == len(DEPENDENCIES) + len(PROJECT["optional-dependencies"]["test"])
    bounds = {r.name: b.version for r in DEPENDENCIES.values() for b in r.specifier if b.operator == ">="}
    assert dict(line.split("==") for line in found[: len(bounds)]) == bounds
    bare = tmp_path / "pyproject.toml"
    bare.write_text('[project]\ndependencies = ["rich<16"]\noptional-dependencies = { test = [] }\n')
    with pytest.raises(ValueError, match="rich<16 has no lower bound"):
        lowest(bare)


class TestTheLock:
    TEXT = (ROOT / "deploy" / "requirements.lock").read_text()
    BLOCKS = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)(.*(?:\n +.*)*)", TEXT, re.MULTILINE)

    def test_it_has_a_hash_for_every_package(self) -> None:
        assert len(self.BLOCKS) == len(re.findall(r"^\w", self.TEXT, re.MULTILINE))
        assert [name for name, _, rest in self.BLOCKS if "--hash=sha256:" not in rest] == []

    def test_it_names_what_the_program_and_its_build_need_within_their_bounds(self) -> None:
        locked = {canonicalize_name(name): number for name, number, _ in self.BLOCKS}
        needed = [*DEPENDENCIES.values(), *map(Requirement, PYPROJECT["build-system"]["requires"])]
        outside = [str(r) for r in needed if locked.get(canonicalize_name(r.name), "0") not in r.specifier]
        assert outside == [], "run make lock"


class TestTheAudit:
    def test_it_shows_what_was_found(self) -> None:
        assert told("", "No known vulnerabilities found\n") == "No known vulnerabilities found"
        table = "Name Version ID\naiohttp 3.9.0 PYSEC-1\n"
        assert told(table, "Found 1 known vulnerability in 1 package\n").startswith(table)

    def test_it_says_in_a_line_that_nobody_could_be_asked(self) -> None:
        trace = "Traceback (most recent call last):\n  File x\nConnectionError: no route to pypi.org" + "!" * 500
        for errors in (trace, "ERROR: aiohttp: Dependency not found on PyPI", ""):
            said = told("", errors)
            assert "\n" not in said
            assert "could not be looked up" in said
            assert len(said) < 400
        assert "no route to pypi.org" in told("", trace)


def test_the_pythons_that_it_names_begin_with_the_one_that_it_asks_for() -> None:
    prefix = "Programming Language :: Python :: 3."
    named = [text.removeprefix(prefix) for text in PROJECT["classifiers"] if text.startswith(prefix)]
    assert named == ["11", "12", "13"]
    assert PROJECT["requires-python"] == f">=3.{named[0]}"


def test_it_says_which_version_it_is() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "chatbot", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"kalshi-chatops {version('kalshi-chatops')}\n"

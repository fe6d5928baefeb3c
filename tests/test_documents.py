"""The documents that are made of the code are what the code says now; the others are listed and lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chatbot.command import Risk
from chatbot.commands.registry import COMMANDS, HOST_COMMANDS
from chatbot.config import names
from chatbot.message import Role
from tests.documents.commands_page import natures
from tests.documents.pages import DOCS, MADE, ROOT, outdated

WRITTEN = sorted([*DOCS.glob("*.md"), ROOT / "README.md"])
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
OWN_PATHS = ("/root/", "/home/", "/tmp/", "/Users/")  # of somebody's machine


def anchors(path: Path) -> set[str]:
    """The names of its headings as links have them."""
    found = HEADING.findall(path.read_text())
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in found}


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_what_is_made_of_the_code_is_up_to_date(path: Path) -> None:
    assert path not in outdated(), f"docs/{path.name} is not what the code says: run make docs"


def test_every_command_and_every_setting_stands_there() -> None:
    commands, settings = ((DOCS / name).read_text() for name in ("commands.md", "configuration.md"))
    for name in (*COMMANDS, *HOST_COMMANDS, "confirm"):
        assert f"\n### /{name}\n" in commands
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", settings, re.MULTILINE)) == set(names())


def test_a_command_has_every_nature_that_its_words_can_give_it() -> None:
    def told(name: str) -> set[tuple[Role, Risk]]:
        return {(each.role, each.risk) for each in natures(COMMANDS[name])}

    look, lower, higher = (Role.OPERATOR, Risk.NONE), (Role.OPERATOR, Risk.LOWERS), (Role.OWNER, Risk.RAISES)
    assert told("kill") == {lower}
    assert told("dryrun") == told("limit") == {lower, higher}
    assert told("stake") == {look, lower, higher}


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text()):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name) if name else path
        assert target.exists(), f"{path.name} links to {link}, which is not there"
        assert not anchor or anchor in anchors(target), f"{path.name} links to {link}, which has no such heading"


def test_every_document_is_on_the_list() -> None:
    listed = set(LINK.findall((DOCS / "README.md").read_text()))
    titled = {path.name for path in DOCS.glob("*.md") if path.read_text().startswith("# ")}  # no mere part of one
    assert titled - {"README.md"} <= listed


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_no_document_speaks_of_somebodys_machine(path: Path) -> None:
    text = path.read_text()
    assert [each for each in OWN_PATHS if each in text] == []

"""The container, its compose file and the units of systemd: every command, variable, file and figure in them is one
that the program has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from chatbot.cli import EXIT_MISCONFIGURED, app
from chatbot.config import names
from chatbot.life import starts

ROOT = Path(__file__).parent.parent
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
PROGRAM = "/opt/kalshi-chatops/bin/kalshi-chatops"
SYSTEM = {"PATH", "HOME", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
GOODBYE_SECONDS = 10  # within which the program ends after it was asked to
EXPOSURE_MAX = 2.5  # of 10, as systemd counts it; from 2.5 on it says no more that a unit is protected well


def known(words: list[str]) -> bool:
    """Whether the program has this command, with these options."""
    command: Any = typer.main.get_command(app).commands.get(words[0])  # type: ignore[attr-defined]
    options = {name for parameter in command.params for name in parameter.opts} if command else set()
    return command is not None and {word for word in words[1:] if word.startswith("--")} <= options


LINES = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
STEPS = [tuple(line.split(None, 1)) for line in LINES if line and not line.startswith("#")]


def steps(name: str) -> list[str]:
    """What stands behind each instruction of this name in the Dockerfile."""
    return [rest for step, rest in STEPS if step == name]


def last(name: str) -> str:
    """The one that holds for the finished image."""
    return steps(name)[-1]


class TestTheImage:
    def test_it_runs_and_asks_for_its_health_by_commands_that_there_are(self) -> None:
        assert json.loads(last("ENTRYPOINT")) == ["kalshi-chatops"]
        assert known(json.loads(last("CMD")))
        asked = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
        assert asked[0] == "kalshi-chatops"
        assert known(asked[1:])

    def test_both_stages_are_one_python_that_the_package_names(self) -> None:
        (base,) = {text.split()[0] for text in steps("FROM")}
        minor = re.fullmatch(r"python:(3\.\d+)-slim-\w+", base)
        assert minor
        classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
        assert f"Programming Language :: Python :: {minor[1]}" in classifiers

    def test_nobody_in_it_is_root_and_it_writes_to_the_volume(self) -> None:
        user = last("USER")
        assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
        made = " ".join(steps("RUN"))
        assert f"--uid {user.split(':')[0]} " in made
        variables = dict(re.findall(r"(\w+)=(\S+)", " ".join(steps("ENV"))))
        assert variables["DATA_DIR"] == last("VOLUME")
        assert {name for name in variables if not name.startswith("PIP_")} <= SYSTEM | names().keys()
        assert last("STOPSIGNAL") == "SIGTERM"

    def test_only_what_is_locked_is_installed(self) -> None:
        installs = [found[1] for text in steps("RUN") if (found := re.search(r"pip install ([^&]*)", text))]
        assert len(installs) == 2
        assert "--require-hashes" in installs[0]
        assert "--no-deps --no-build-isolation" in installs[1]

    def test_what_it_copies_is_there_and_let_through_and_nothing_else_is(self) -> None:
        copied = [text.split()[:-1] for text in steps("COPY") if "--from" not in text]
        sources = {source for each in copied for source in each}
        let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
        assert sources == let_through
        assert [source for source in sources if not (ROOT / source).exists()] == []
        assert [
            source for source in sources if fnmatch(source, "*.env*") or "config" in source or "data" in source
        ] == []


class TestCompose:
    FILE = yaml.safe_load((ROOT / "compose.yaml").read_text())

    @pytest.mark.parametrize("name", FILE["services"])
    def test_a_service_may_do_nothing_but_write_to_its_data(self, name: str) -> None:
        service = self.FILE["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges"]
        assert service["mem_limit"]
        assert "ports" not in service
        assert known(service.get("command", ["run", "--no-terminal"]))
        assert service["user"] == f"${{BOT_USER:-{last('USER')}}}"
        writable = {mount["target"] for mount in service["volumes"] if not mount.get("read_only")}
        inside = {last("VOLUME"), last("WORKDIR")}
        assert writable == (inside if name == "init" else {last("VOLUME")})
        assert {mount["target"] for mount in service["volumes"]} == inside

    @pytest.mark.parametrize("name", FILE["services"])
    def test_a_folder_that_is_not_there_is_told_and_not_made_as_roots(self, name: str) -> None:
        for mount in self.FILE["services"][name]["volumes"]:
            assert mount["source"] == f".{mount['target']}"
            assert (mount["type"], mount["bind"]) == ("bind", {"create_host_path": False})

    def test_it_has_the_time_to_say_goodbye(self) -> None:
        assert int(self.FILE["services"]["bot"]["stop_grace_period"].removesuffix("s")) > GOODBYE_SECONDS

    def test_what_it_keeps_beside_it_is_kept_out_of_the_repository(self) -> None:
        ignored = (ROOT / ".gitignore").read_text().split()
        assert {"/config/", "data/"} <= set(ignored)


def unit(path: Path) -> dict[str, list[str]]:
    """Its settings by name, each as often as it stands there."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            found[name].append(value)
    return found


SERVICES = [path for path in UNITS if path.suffix == ".service"]
BOT = unit(ROOT / "deploy" / "systemd" / "kalshi-chatops.service")


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service_runs_a_command_that_there_is_with_variables_that_there_are(path: Path) -> None:
    program, *words = unit(path)["ExecStart"][0].split()
    assert program == PROGRAM
    assert known(words)
    variables = {pair.split("=")[0] for pair in unit(path)["Environment"][0].split()}
    assert variables <= SYSTEM | names().keys()


def test_the_third_start_is_reached_and_what_cannot_stay_up_is_given_up() -> None:
    burst, interval, pause = (int(BOT[name][0]) for name in ("StartLimitBurst", "StartLimitIntervalSec", "RestartSec"))
    assert burst > starts.STARTS_MAX
    assert interval == starts.WITHIN.total_seconds()
    assert burst * pause < interval
    assert BOT["RestartPreventExitStatus"] == [str(EXIT_MISCONFIGURED)]
    assert int(BOT["TimeoutStopSec"][0]) > GOODBYE_SECONDS


@pytest.fixture
def verifiable(tmp_path: Path) -> list[str]:
    """The units with a program and a user that this machine has."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    for path in UNITS:
        text = path.read_text().replace(PROGRAM, "/bin/true").replace("=kalshi-chatops\n", "=daemon\n")
        (tmp_path / path.name).write_text(text.replace("StateDirectory=daemon", "StateDirectory=kalshi-chatops"))
    return [str(path) for path in sorted(tmp_path.iterdir())]


def test_systemd_finds_nothing_wrong_with_the_units(verifiable: list[str]) -> None:
    done = subprocess.run(["systemd-analyze", "verify", *verifiable], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_calls_the_services_well_protected(verifiable: list[str]) -> None:
    for path in (path for path in verifiable if path.endswith(".service")):
        words = ["systemd-analyze", "security", "--offline=true", "--no-pager", path]
        told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        level = re.search(r"exposure level for \S+: (\d+\.\d)", told)
        assert level
        assert float(level[1]) < EXPOSURE_MAX

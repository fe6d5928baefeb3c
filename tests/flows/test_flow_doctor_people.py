"""What `doctor` and `access list` say of people: who knocked, with a running bot and without; the second factor."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.config import load
from chatbot.knocks import Knocks
from chatbot.message import Person
from chatbot.tools.doctor_people import KNOCKS_SHOWN_MAX, people
from chatbot.tools.findings import Finding
from storage.store import TinyStore
from tests.flows.processes import run, started
from tests.flows.talkers import OWNER, STRANGER, Telegram, seen

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of no bot


def found(folder: Path, **given: str) -> list[Finding]:
    return people(load(None, {"DATA_DIR": str(folder), **given}), running=False)


def knock(folder: Path, *who: Person) -> None:
    store = TinyStore.open(folder / "simulated" / "store")
    for each in who:
        Knocks(store).heard(each)
    store.close()


def test_who_knocked_is_told_with_what_lets_them_in(tmp_path: Path) -> None:
    knock(tmp_path, Person("telegram", "666", "Eve"), Person("discord", "77"))
    _, discord, telegram = found(tmp_path)
    assert telegram.text.startswith("telegram 666 (Eve) 1 time, last ")
    assert telegram.fix == "add to TELEGRAM_USERS as 666:viewer if you know them"
    assert discord.text.startswith("discord 77 1 time, last ")
    assert {telegram.mark, discord.mark} == {"warn"}
    assert len(found(tmp_path, TELEGRAM_USERS="666:viewer", DISCORD_USERS="77:viewer")) == 1


def test_a_crowd_is_summed_up(tmp_path: Path) -> None:
    knock(tmp_path, *(Person("telegram", str(n)) for n in range(1, KNOCKS_SHOWN_MAX + 4)))
    *_, last = found(tmp_path)
    assert (last.text, last.fix) == ("3 more", "kalshi-chatops access list shows them")


@pytest.mark.parametrize(
    ("given", "mark", "text"),
    [
        ({}, "ok", "off (TOTP_SECRET is not set)"),
        ({"TOTP_SECRET": SECRET}, "ok", "on: what raises risk asks for a one-time code"),
        ({"KALSHI_ENV": "production"}, "warn", "off: who has your phone, or your account on a chat, can raise risk"),
        ({"KALSHI_ENV": "production", "DRY_RUN": "true"}, "ok", "off (TOTP_SECRET is not set)"),
    ],
)
def test_the_second_factor_is_told_without_its_secret(
    tmp_path: Path, given: dict[str, str], mark: str, text: str
) -> None:
    [finding] = found(tmp_path, **given)
    assert (finding.mark, finding.text) == (mark, text)
    assert SECRET not in repr(finding)


@pytest.mark.parametrize("secret", ["JBSWY3DPEHPK3PXP", "no base32 at all: 0189", SECRET + "1"])
def test_a_wrong_secret_is_told_without_showing_it(tmp_path: Path, secret: str) -> None:
    done = run("doctor", cwd=tmp_path, TOTP_SECRET=secret)
    assert done.returncode == 1
    assert "TOTP_SECRET is" in done.stdout
    assert "kalshi-chatops totp" in " ".join(done.stdout.split())
    assert secret not in done.stdout + done.stderr


async def test_a_running_bot_is_asked_who_knocked(tmp_path: Path) -> None:
    phone, data = Telegram(), tmp_path / "data"
    await phone.start()
    given = {"DATA_DIR": str(data), "TOTP_SECRET": SECRET, **phone.settings}
    with started("run", "--no-terminal", cwd=tmp_path, **given):
        await seen(phone, "Started")
        for _ in range(3):
            await phone.say(STRANGER, "/status")
        await seen(phone, str(STRANGER))
        listed = run("access", "list", cwd=tmp_path, **given).stdout
        assert f"telegram {STRANGER}" in listed
        assert f"telegram {OWNER}" in listed
        told = people(load(None, given), running=True)
        assert [each.fix for each in told if each.name == "who knocked"] == [
            f"add to TELEGRAM_USERS as {STRANGER}:viewer if you know them"
        ]
        assert "3 times" in told[1].text
        run("access", "grant", "telegram", str(STRANGER), "viewer", cwd=tmp_path, **given)
        assert len(people(load(None, given), running=True)) == 1
    await phone.stop()


def test_the_way_to_an_authenticator(tmp_path: Path) -> None:
    made = run("totp", "--new", cwd=tmp_path)
    line = made.stdout.splitlines()[0]
    assert made.returncode == 0
    (tmp_path / ".env").write_text(line + "\nINSTANCE_NAME=attic\n")
    shown = run("totp", cwd=tmp_path)
    secret = line.partition("=")[2]
    assert f"otpauth://totp/kalshi-chatops:attic?secret={secret}&issuer=kalshi-chatops" in shown.stdout
    assert "▄" in shown.stdout  # the picture to scan
    assert run("totp", "--new", cwd=tmp_path).stdout.splitlines()[0] != line
    (tmp_path / ".env").unlink()
    refused = run("totp", cwd=tmp_path)
    assert refused.returncode == 2
    assert "kalshi-chatops totp --new makes one" in refused.stderr

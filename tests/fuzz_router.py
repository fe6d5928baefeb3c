"""Random and hostile lines through the real router on a fake desk: nothing breaks, nobody gets what is not theirs.

    python -m tests.fuzz_router 100000 [--seed 1]

prints one JSON value and ends with 1 where anything broke. The same seed makes the same lines.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from pyotp import TOTP

from chatbot.access import HOST
from chatbot.channels.telegram_markup import html, keyboard, pages_of, plain, units
from chatbot.channels.terminal_text import blocks_of
from chatbot.commands.registry import COMMANDS, HOST_COMMANDS, offered
from chatbot.line import read_line
from chatbot.message import Incoming, Person, Reply, Role
from chatbot.render import WIDTH_MAX, columns
from tests.doubles.telegram_rules import CALLBACK_BYTES_MAX, TEXT_UNITS_MAX, Refused, parsed
from tests.fuzz_inputs import Source

sys.path.insert(0, str(Path(__file__).parent / "chatbot"))  # where the fakes of the chat lie

from fakes_chat import OPERATOR, OWNER, STRANGER, VIEWER, Chat, chat
from fakes_pages import MANUAL, STALE_FEED

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of every third bot: a second factor
STEPS_TAKEN = tuple(timedelta(seconds=late) for late in (0, -30, 30))
ROUND = 250  # inputs that one bot gets before there is a fresh one
LINES_KEPT = 60
PROBLEMS_SHOWN = 10
STRANGERS = (STRANGER, Person("discord", "1", "Ann"), Person("telegram", "", ""), Person("nowhere", "1"))
PEOPLE = (OWNER, OWNER, OPERATOR, VIEWER, Person("terminal", "host"), Person(HOST, "host"), *STRANGERS)
# How the record begins of what raises risk; the last is a fingerprint, which only what was previewed has.
RAISES = re.compile(r"resume|dry run False|enable|reload|.* (True|False)/")


@dataclass
class Report:
    """What went in and what came out. `problems` is what must not be; the figures before it are what was seen."""

    seed: int
    inputs: int = 0
    answers: int = 0
    refusals: int = 0
    silent: int = 0
    acts: int = 0  # what the desk was made to do
    raised: int = 0  # of these, what raises risk
    commands: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    shown: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def problem(self, what: str, incoming: Incoming, detail: object = "") -> None:
        self.problems[what] += 1
        if len(self.shown) < PROBLEMS_SHOWN:
            person = incoming.person.key
            self.shown.append(f"{what}: {person} in {incoming.chat_id!r} sent {incoming.text[:200]!r}: {detail}"[:600])


async def fuzz(inputs: int, seed: int) -> Report:
    """Send so many inputs, in rounds."""
    report, random, began = Report(seed), Random(seed), time.perf_counter()
    while report.inputs < inputs:
        await _round(min(ROUND, inputs - report.inputs), random, report)
    report.seconds = round(time.perf_counter() - began, 1)
    return report


async def _round(inputs: int, random: Random, report: Report) -> None:
    secret = random.choice(("", "", SECRET))
    commands = offered(codes=bool(secret))
    bot = chat(commands, secret=secret)
    bot.desk.halts = (MANUAL,)
    lines: list[str] = []
    source = Source(random, {**commands, **HOST_COMMANDS}, PEOPLE, bot.times.now, lines)
    for _ in range(inputs):
        _turn(bot, random)
        incoming = source.incoming()
        codes = [TOTP(secret).at(bot.times.now() + late) for late in STEPS_TAKEN] if secret else []
        reply = await _one(bot, incoming, report, codes)
        if reply:
            lines += [button.line for button in (*reply.buttons, *reply.choices)]
            del lines[:-LINES_KEPT]
            if yes := _yes(reply, codes[0] if codes else ""):
                source.asked = replace(incoming, text=yes)


def _yes(reply: Reply, code: str) -> str:
    """What confirms the question that this is; nothing of what is none."""
    typed = {button.typed: button.line for button in reply.buttons}
    return f"yes {code}" if code and "no" in typed else typed.get("yes", "")


def _turn(bot: Chat, random: Random) -> None:
    """The world goes on: time passes, halts come and go."""
    bot.times.pass_(random.choice((0.0, 0.1, 1.0, 5.0, 5.0, 5.0, 70.0)))
    if random.random() < 0.05:
        bot.desk.halts = random.choice(((), (MANUAL,), (MANUAL,), (MANUAL, STALE_FEED)))
        bot.desk.refused = random.choice(("", "", "DRY_RUN=true in the configuration"))


async def _one(bot: Chat, incoming: Incoming, report: Report, codes: Sequence[str] = ()) -> Reply | None:
    """One input, its answer, and what must be true of both. `codes` are the one-time codes of the moment, where one is
    needed."""
    report.inputs += 1
    role, before, errors = bot.access.role_of(incoming.person), _done(bot), len(bot.errors)
    try:
        reply = await bot.router.handle(incoming)
    except Exception as error:  # noqa: BLE001 - that there is none is what is tested
        report.problem("crash", incoming, repr(error))
        return None
    for name, error in bot.errors[errors:]:
        report.problem("unhandled", incoming, f"/{name}: {error!r}")
    _lawful(incoming, role, list((_done(bot) - before).elements()), report, codes)
    if reply is None:
        report.silent += 1
        if role and not incoming.unowned:
            report.problem("no answer", incoming)
        return None
    if role is None or incoming.unowned:
        report.problem("answered a stranger", incoming, reply.title)
    _count(reply, incoming, report)
    _showable(reply, incoming, report)
    if any(code in repr(reply) for code in codes):
        report.problem("repeats a one-time code", incoming, reply.title)
    return reply


def _done(bot: Chat) -> Counter[str]:
    """What was done so far; reading the log is not."""
    return Counter([*bot.desk.done, *(act for act in bot.program.done if act == "reload")])


def _lawful(incoming: Incoming, role: Role | None, acts: list[str], report: Report, codes: Sequence[str] = ()) -> None:
    """Nothing is done for who may not, and what raises risk only by an owner's confirmation."""
    report.acts += len(acts)
    if acts and (role is None or role is Role.VIEWER or incoming.unowned):
        report.problem("done for nobody who may", incoming, acts)
    raised = [act for act in acts if RAISES.match(act)]
    report.raised += len(raised)
    line = read_line(incoming.text)
    digits = "".join((line.word, *line.words))
    confirmed = any(code in digits for code in codes) if codes else line.word in ("confirm", "yes", "y")
    if raised and not (role is Role.OWNER and confirmed):
        report.problem("raised without a yes", incoming, raised)


def _count(reply: Reply, incoming: Incoming, report: Report) -> None:
    report.answers += 1
    report.refusals += reply.failed
    word = read_line(incoming.text).word
    if word in COMMANDS or word in HOST_COMMANDS:
        report.commands[word] += 1


def _showable(reply: Reply, incoming: Incoming, report: Report) -> None:
    """Every channel can show the answer: Telegram parses it, a terminal of 40 columns holds it."""
    try:
        for page in pages_of(reply):
            if parsed(html(page), "HTML") != plain(page) or units(plain(page)) > TEXT_UNITS_MAX:
                report.problem("not as Telegram takes it", incoming, plain(page)[:100])
    except Refused as refused:
        report.problem("Telegram cannot parse it", incoming, refused)
    keys = keyboard(reply)
    sent = [str(key.callback_data) for row in keys.inline_keyboard for key in row] if keys else []
    if any(not 1 <= len(line.encode()) <= CALLBACK_BYTES_MAX for line in sent):
        report.problem("a button Telegram does not take", incoming, sent)
    if any(columns(line) > WIDTH_MAX for block in blocks_of(reply) for line in block.lines):
        report.problem("wider than a phone", incoming, reply.title)


def summary(report: Report) -> dict[str, Any]:
    """The report as plain JSON."""
    made = asdict(report) | {"commands": len(report.commands), "problems": dict(report.problems)}
    return made | {"per_second": round(report.inputs / report.seconds) if report.seconds else None}


def main() -> int:
    parser = argparse.ArgumentParser(description="Random and hostile lines through the router.")
    parser.add_argument("inputs", type=int, nargs="?", default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    report = asyncio.run(fuzz(given.inputs, given.seed))
    print(json.dumps(summary(report), ensure_ascii=True))
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())

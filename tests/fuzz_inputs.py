"""What people, phones and enemies may send a bot: lines made at random from a seed, most of them nearly right."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from chatbot.command import Command, Parameter
from chatbot.message import Incoming, Person

HOSTILE = (
    "",
    " ",
    "\x00",
    "\x1b[2J\x1b]0;owned\x07",
    "\ud800",
    "\u202e/llik",
    "\ufeff\u200b\u2066",
    "a\u0301" * 300,
    "👨‍👩‍👧‍👦" * 50,
    "<b>&lt;</i><pre>",
    "</code></pre><a href='http://evil.example'>x</a>",
    "@everyone <@&1> [x](http://evil.example) ``` || **",
    "{0.__class__} %s%n ${HOME} $(reboot) `id`",
    "'; DROP TABLE trades;--",
    "../../../etc/passwd",
    "__import__('os').system('id')",
    "NaN",
    "-Infinity",
    "1e999999999",
    "-0",
    "9" * 4_000,
    "0x10",
    "1_000",
    "٣",
    "²",
    "½",
    "0.00000000000000000000000000001",
    "x" * 100_000,
    "/" * 2_000,
    "/kill@",
    "@",
    "/@",
    ",",
    "''",
    "=",
)
NOISE = string.printable + "/@,.'\"–—“”‘’…，．：　İıßǅΣςﬁ²½٣\u200b\u200d\u202e\ufeff\u0301😀\x00\x7f\ud800"
NUMBERS = ("1", "-1", "0", "5", "4.50", "2,5", "1,250.50", "1.250,5", "$5", "5 usd", "1e3", "+7", "1" * 15, ".5")
YES_NO = ("yes", "no", "y", "n", "YES!", "yes 123456", "/confirm", "/decline", "/confirm 123456", "/confirm 0" * 3)
AGES = (0.0, 0.0, 0.0, 1.0, 59.0, 61.0, 86_400.0, -30.0, 1e9)  # seconds


@dataclass
class Source:
    """Makes one input after the other. `lines` are what the buttons of earlier answers send, also other people's;
    `asked` is the yes to the newest question, by whom it was asked."""

    random: Random
    commands: Mapping[str, Command]
    people: Sequence[Person]
    now: Callable[[], datetime]
    lines: Sequence[str] = ()
    asked: Incoming | None = None

    def incoming(self) -> Incoming:
        """Somebody's next input."""
        pick = self.random
        if self.asked and pick.random() < 0.5:
            asked, self.asked = self.asked, None
            return replace(asked, sent_at=self.now())
        flags = {flag: pick.random() < 0.02 for flag in ("edited", "forwarded", "anonymous")}
        sent_at = self.now() - timedelta(seconds=pick.choice(AGES))
        person, chat = pick.choice(self.people), pick.choice(("chat", "chat", "chat", "other", ""))
        return Incoming(person, chat, self.text(), sent_at, can_press=pick.random() < 0.5, **flags)

    def text(self) -> str:
        """A line; every fourth has been damaged on its way."""
        made = self.random.choices(
            (self._command, self._question, self._pressed, self._noise, self._hostile, self._answer),
            (40, 15, 15, 10, 12, 8),
        )[0]()
        return self._damaged(made) if self.random.random() < 0.25 else made

    def _command(self) -> str:
        pick = self.random
        command = pick.choice(list(self.commands.values()))
        word = pick.choice((command.name, *command.aliases))
        given = [self._argument(each) for each in command.parameters[: pick.randint(0, len(command.parameters))]]
        surplus = [pick.choice((*HOSTILE, *NUMBERS))] if pick.random() < 0.1 else []
        return pick.choice(("/", "", "/", "//", " / ")) + pick.choice((str, str.upper, str.title))(
            " ".join([word, *given, *surplus])
        )

    def _argument(self, parameter: Parameter) -> str:
        """Mostly what the parameter wants."""
        pick = self.random
        if pick.random() < 0.15:
            return pick.choice((*HOSTILE, *NUMBERS))
        if parameter.choices:
            return pick.choice(parameter.choices)
        return parameter.sample if parameter.kind is str and pick.random() < 0.5 else pick.choice(NUMBERS)

    def _question(self) -> str:
        """What raises risk, as it should be typed."""
        command = self.random.choice([each for each in self.commands.values() if each.preview])
        given = [each.sample if each.kind is str else self.random.choice(NUMBERS) for each in command.parameters]
        return " ".join([f"/{command.name}", *given]) if self.random.random() < 0.8 else "/resume"

    def _pressed(self) -> str:
        return self.random.choice(self.lines) if self.lines else "/status"

    def _answer(self) -> str:
        return self.random.choice(YES_NO)

    def _hostile(self) -> str:
        pick = self.random
        return pick.choice((*HOSTILE, "/help " + pick.choice(HOSTILE), "/confirm " + pick.choice(HOSTILE)))

    def _noise(self) -> str:
        pick = self.random
        if pick.random() < 0.5:
            return "".join(pick.choices(NOISE, k=pick.randint(0, 60)))
        return "".join(chr(pick.randrange(0x110000)) for _ in range(pick.randint(0, 30)))

    def _damaged(self, text: str) -> str:
        """A few characters gone, doubled, swapped or put in."""
        pick, letters = self.random, list(text[:5_000])
        for _ in range(pick.randint(1, 3)):
            at = pick.randrange(len(letters) + 1)
            letters[at : at + pick.randint(0, 2)] = pick.choices(NOISE, k=pick.randint(0, 2)) + letters[at : at + 1]
        return "".join(letters)

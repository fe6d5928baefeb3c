"""Somebody who answers the set-up's questions from a list, and does on a platform what a sentence asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chatbot.tools.init.asking import EndOfAnswers


@dataclass
class Person:
    """`does`: words of a sentence -> what it makes the person do, once, in the loop of the double."""

    answers: list[str]
    does: dict[str, Callable[[], object]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None

    def line(self, question: str, *, secret: bool = False) -> str:
        self.say(question)
        if not self.answers:
            raise EndOfAnswers(f"no answer to {question}")
        return self.answers.pop(0)

    def say(self, text: str) -> None:
        self.said.append(text)
        for words in [each for each in self.does if each in text]:
            do = self.does.pop(words)
            if self.loop:
                self.loop.call_soon_threadsafe(do)
            else:
                do()

    def draw(self, picture: str) -> None:
        self.said.append(picture)

    @property
    def text(self) -> str:
        return "\n".join(self.said)

    def heard(self, *words: str) -> bool:
        """Whether one thing that was said has all of these words."""
        return any(all(word in each for word in words) for each in self.said)


def beside(answers: Sequence[str], does: dict[str, Callable[[], object]] | None = None) -> Person:
    """Somebody whose platform is a double in the running loop."""
    return Person(list(answers), does or {}, loop=asyncio.get_running_loop())

"""What raises risk is asked before it is done: the question under a preview, and what counts as its answer.

Without a second factor the answer is a button, which carries the question's own code. With one it is the six digits
of an authenticator, typed by the person who was asked, in the chat where they were: the button is then not offered, and
an old one means nothing.
"""

from __future__ import annotations

from dataclasses import replace

from chatbot.access import CONFIRMATION_SECONDS, Confirmation, Confirmations
from chatbot.line import Line
from chatbot.message import Button, Incoming, Reply
from chatbot.second_factor import DIGITS, SecondFactor, without_codes

CONFIRM, DECLINE = "confirm", "decline"  # the router's own words; buttons carry them with a question's code
TYPED = {"yes": CONFIRM, "y": CONFIRM, "no": DECLINE, "n": DECLINE}
NOTHING_WAITS = Reply("Nothing waits for a yes or no", note="Send the command again.", failed=True)


class Confirming:
    """The open questions, and the second factor where there is one."""

    def __init__(self, confirmations: Confirmations, second_factor: SecondFactor | None = None) -> None:
        self._confirmations, self._second_factor = confirmations, second_factor

    def typed(self, incoming: Incoming, line: Line) -> Line:
        """A typed yes or no is the button, on a channel that has none and where a question stands open; so is a
        one-time code, alone or behind a yes, on every channel."""
        if self._second_factor and (codes := self._codes(incoming, line)):
            return Line(CONFIRM, codes)
        if incoming.can_press or line.words or line.word not in TYPED:
            return line
        code = self._open(incoming)
        return Line(TYPED[line.word], (code,) if code else ())

    def _codes(self, incoming: Incoming, line: Line) -> tuple[str, ...]:
        """The words that are meant as a one-time code, if any are."""
        if TYPED.get(line.word) == CONFIRM:
            return line.words
        return (line.word, *line.words) if _bare_code(line) and self._open(incoming) else ()

    def check_open(self) -> None:
        """Raises CodesLocked after too many wrong codes."""
        if self._second_factor:
            self._second_factor.check_open()

    def asked(self, incoming: Incoming, line: str, fingerprint: str, shown: Reply) -> Reply:
        """The preview `shown`, with what it takes to say yes or no to it."""
        code = self._confirmations.offer(incoming.person, incoming.chat_id, line, fingerprint).code
        cancel = Button("Cancel", f"/{DECLINE} {code}", typed="no")
        if self._second_factor:
            return replace(shown, note=f"{shown.note} {_wish(incoming)}".strip(), buttons=(cancel,))
        confirm = Button("Confirm", f"/{CONFIRM} {code}", "danger", typed="yes")
        return replace(shown, buttons=(confirm, cancel))

    def answered(self, incoming: Incoming, line: Line) -> Confirmation | None:
        """The question that this answers; None where there is none. It is used up here, but by the yes that still needs
        `prove`. Raises Stale."""
        if self._second_factor and line.word == CONFIRM:
            code = self._open(incoming)
            return self._confirmations.look(code, incoming.person, incoming.chat_id) if code else None
        return self._confirmations.take(line.words[0], incoming.person, incoming.chat_id) if line.words else None

    def prove(self, incoming: Incoming, line: Line, waited: Confirmation) -> None:
        """Check the one-time code and use the question up. Raises WrongCode, which leaves it open, CodesLocked, Stale,
        StoreFailed."""
        if self._second_factor:
            self._second_factor.check("".join(line.words), incoming.person.by)
            self._confirmations.take(waited.code, incoming.person, incoming.chat_id)

    def shown(self, word: str) -> str:
        """A word that somebody typed, as it may be repeated: it may have been a code."""
        return without_codes(word) if self._second_factor else word

    def _open(self, incoming: Incoming) -> str:
        return self._confirmations.code_for(incoming.person, incoming.chat_id)


def _bare_code(line: Line) -> bool:
    """Whether a line is nothing but the digits of a code."""
    digits = "".join((line.word, *line.words))
    return digits.isdecimal() and len(digits) == DIGITS


def _wish(incoming: Incoming) -> str:
    example = f"/{CONFIRM} 123456" if incoming.can_press else "yes 123456"
    return f"To confirm, send {example} within {CONFIRMATION_SECONDS:.0f} s, with the digits of your authenticator."

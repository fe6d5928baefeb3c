"""The second factor: a one-time code (RFC 6238) for what raises risk, where the settings have a secret.

A phone that was taken, or an account on a chat, is then not enough. Each code works once, also across a restart; one
step early or late is taken. WRONG_MAX wrong codes in a row, whoever sent them, lock raising for everybody: six digits
would otherwise be guessed in time. No code is ever shown, logged or kept: the row has the newest time step used.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from pyotp import TOTP

from trading.clock import real_now
from trading.domain.errors import ChatopsError
from trading.domain.records import Control, Put
from trading.ports import Store

ROW = "second_factor"
DIGITS = 6
STEPS_OFF_MAX = 1  # a phone's clock, and the time that typing takes
WRONG_MAX = 5  # in a row
LOCKED_FOR = timedelta(minutes=10)
ISSUER = "kalshi-chatops"
BETWEEN = re.compile(r"[\s.,-]+")  # what a person, a keyboard or a decimal comma puts between digits
LIKE_CODES = re.compile(r"\d{6,}")

Shouted = Callable[[str], None]


class WrongCode(ChatopsError):
    """A code that does not confirm anything."""


class CodesLocked(ChatopsError):
    """Too many wrong codes: nothing can be confirmed for a while."""


class SecondFactor:
    """`secret` is base32; `store` keeps what was used and what was wrong; `told` gets the alert, in one sentence."""

    def __init__(
        self, secret: str, store: Store | None, told: Shouted, *, now: Callable[[], datetime] = real_now
    ) -> None:
        self._totp, self._store, self._told, self._now = TOTP(secret), store, told, now
        row = store.get("control", ROW) if store else None
        kept = row.value if isinstance(row, Control) else {}
        self._last_step, self._wrong = int(kept.get("last_step", "0")), int(kept.get("wrong", "0"))
        until = kept.get("locked_until", "")
        self._locked_until = datetime.fromisoformat(until) if until else None

    def check_open(self) -> None:
        """Raises CodesLocked, with until when."""
        if self._locked_until and self._now() < self._locked_until:
            raise CodesLocked(
                f"{WRONG_MAX} wrong codes were sent: nothing that raises risk is taken before "
                f"{self._locked_until:%H:%M:%S} UTC"
            )

    def check(self, code: str, by: str) -> None:
        """Use a code up; `by` is who sent it. Raises WrongCode, CodesLocked, StoreFailed; any of them: not used."""
        self.check_open()
        digits = BETWEEN.sub("", code)
        if not re.fullmatch(rf"\d{{{DIGITS}}}", digits, re.ASCII):
            raise WrongCode(f"a code is the {DIGITS} digits that your authenticator shows now")
        step = self._step_of(digits)
        if step is None:
            self._count(by)
        elif step <= self._last_step:
            raise WrongCode("this code was used already: wait for the next one")
        else:
            self._keep(step, 0, None)

    def _step_of(self, digits: str) -> int | None:
        """The time step that this is the code of; every one is looked at, so that the time taken says nothing."""
        now = self._totp.timecode(self._now())
        steps = range(now - STEPS_OFF_MAX, now + STEPS_OFF_MAX + 1)
        fits = [step for step in steps if hmac.compare_digest(self._totp.generate_otp(step), digits)]
        return max(fits, default=None)

    def _count(self, by: str) -> None:
        """One more wrong code. Raises WrongCode, CodesLocked."""
        left = WRONG_MAX - self._wrong - 1
        if left > 0:
            self._keep(self._last_step, self._wrong + 1, None)
            raise WrongCode(f"this code is wrong: {left} more like it and nothing can be confirmed for ten minutes")
        until = self._now() + LOCKED_FOR
        self._keep(self._last_step, 0, until)
        self._told(
            f"{WRONG_MAX} wrong one-time codes in a row, the last from {by}: "
            f"nothing that raises risk is taken before {until:%H:%M:%S} UTC"
        )
        self.check_open()

    def _keep(self, last_step: int, wrong: int, locked_until: datetime | None) -> None:
        """Written first: what a crash forgets could be used again."""
        value = {
            "last_step": str(last_step),
            "wrong": str(wrong),
            "locked_until": locked_until.isoformat() if locked_until else "",
        }
        if self._store:
            self._store.commit([Put("control", ROW, Control(ROW, value, self._now()))])
        self._last_step, self._wrong, self._locked_until = last_step, wrong, locked_until


def without_codes(text: str) -> str:
    """The text with all that could be a code blotted out."""
    return LIKE_CODES.sub("***", text)


def enrolment(secret: str, name: str) -> str:
    """The otpauth address with which an authenticator takes this secret; `name` tells the bots of one person apart."""
    return TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)

"""How an authenticator on a phone learns the secret of the one-time codes: for the owner, at the host.

What is printed here is the secret itself: whoever sees it can make the codes. It is in no log and no chat.
"""

from __future__ import annotations

import sys

import segno
from pyotp import random_base32

from chatbot.config import Settings
from chatbot.second_factor import enrolment
from trading.domain.errors import Misconfigured

WARNING = "Whoever sees this can make your codes: show it to nobody, and clear the screen when you are done."


def enrol(settings: Settings) -> None:
    """Print the address of the secret that is set, and a picture of it to scan. Raises Misconfigured without one."""
    secret = settings.totp_secret.get_secret_value()
    if not secret:
        raise Misconfigured("TOTP_SECRET is not set: kalshi-chatops totp --new makes one")
    address = enrolment(secret, settings.instance_name or settings.environment)
    segno.make(address, micro=False).terminal(sys.stdout, compact=True)
    print(address)
    print(WARNING)


def make() -> None:
    """Print a secret as the line that belongs into `.env`."""
    print(f"TOTP_SECRET={random_base32()}")
    print("Put this line into .env, restart the bot, then kalshi-chatops totp shows what to scan.")
    print(WARNING)

"""The set-up's last questions: time zone, hour of the daily report, one-time codes."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import available_timezones

import pyotp
import segno

from chatbot.second_factor import STEPS_OFF_MAX, enrolment
from chatbot.tools.init.asking import Asker, agreed, quoted, until

QUIET_BORDER = 2  # modules of white around it, which cameras need
LOCAL_ZONE = Path("/etc/localtime")  # a link into the system's folder of zones, on Linux and macOS


def rest(asker: Asker, current: Mapping[str, str]) -> dict[str, str]:
    """The values for `.env`: as suggested with one Enter, or each asked."""
    zone = current.get("TIMEZONE") or local_zone()
    hour = current.get("DAILY_DIGEST_AT") or "20:00"
    codes = "one-time codes as they are" if current.get("TOTP_SECRET") else "no one-time codes"
    if agreed(asker, f"Time zone {zone}, daily report at {hour}, {codes}?"):
        return {"TIMEZONE": zone, "DAILY_DIGEST_AT": hour}
    zone = until(asker, f"Time zone [{zone}]", lambda text: zone_of(text or zone))
    hour = until(asker, f"Daily report at [{hour}]", lambda text: hour_of(text or hour))
    return {"TIMEZONE": zone, "DAILY_DIGEST_AT": hour} | _codes(asker, current)


def local_zone() -> str:
    """This machine's time zone where it is told, else UTC."""
    name = str(LOCAL_ZONE.resolve()).partition("zoneinfo/")[2]
    return name if name in available_timezones() and not name.endswith("UTC") else "UTC"


def zone_of(text: str) -> str:
    """A zone by its name, or by the end of it (`Berlin`, `new york`). Raises ValueError with the nearest ones."""
    wanted = text.replace(" ", "_").casefold()
    ends = {name.casefold().rpartition("/")[2]: name for name in sorted(available_timezones(), reverse=True)}
    whole = {name.casefold(): name for name in available_timezones()}
    if found := whole.get(wanted) or ends.get(wanted):
        return found
    near = difflib.get_close_matches(wanted, {**whole, **ends}, n=3, cutoff=0.6)
    names = sorted({whole.get(each) or ends[each] for each in near})
    raise ValueError(
        f"{quoted(text)} is no time zone: {'did you mean ' + ' or '.join(names) + '?' if names else 'such as UTC'}"
    )


def hour_of(text: str) -> str:
    """A time of day as HH:MM: 8, 8:30, 20.00. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,2})(?:[:.h](\d{2}))?h?", text.replace(" ", ""), re.ASCII)
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (24, 0)
    if hour > 23 or minute > 59:
        raise ValueError(f"{quoted(text)} is no time of day: write it like 20:00")
    return f"{hour:02}:{minute:02}"


def _codes(asker: Asker, current: Mapping[str, str]) -> dict[str, str]:
    if current.get("TOTP_SECRET") and agreed(asker, "Keep the one-time codes as they are?"):
        return {}
    if not agreed(asker, "Ask for a one-time code for what raises risk? It needs an authenticator app", default=False):
        return {"TOTP_SECRET": ""}
    secret = pyotp.random_base32()
    address = enrolment(secret, current.get("INSTANCE_NAME") or "owner")
    asker.say("Scan this with the app, and show it to nobody:")
    asker.draw(_to_scan(address))
    asker.say(f"{address}\nOr type this key there: {secret}")
    return {
        "TOTP_SECRET": until(asker, "The code that it shows now [Enter: no codes]", lambda text: _proved(text, secret))
    }


def _to_scan(text: str) -> str:
    drawn = io.StringIO()
    segno.make(text, micro=False).terminal(drawn, compact=True, border=QUIET_BORDER)
    return drawn.getvalue()


def _proved(text: str, secret: str) -> str:
    """The secret, once a code shows that the app has it; empty without a code. Raises ValueError."""
    code = text.replace(" ", "")
    if code and not pyotp.TOTP(secret).verify(code, valid_window=STEPS_OFF_MAX):
        raise ValueError("that is not the code: wait for the next one, and see that the phone's clock is right")
    return secret if code else ""

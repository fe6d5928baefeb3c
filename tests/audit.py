"""What `make audit` says: what pip-audit found in the locked versions, or one sentence where it could not ask.

Without a network it ends in a trace of dozens of lines, which says nothing of what was to be known.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

LOCK = "deploy/requirements.lock"
WORDS = ("--strict", "--require-hashes", "--disable-pip", "--requirement", LOCK)
ANSWERED = re.compile(r"^(No known vulnerabilities found|Found \d+ known vulnerabilit)", re.MULTILINE)
REASON_LENGTH_MAX = 200  # characters


def told(output: str, errors: str) -> str:
    """What to show of what pip-audit printed on its two streams."""
    if ANSWERED.search(errors):
        return (output + errors).strip()
    reason = (errors.strip().splitlines() or ["it said nothing"])[-1]
    if len(reason) > REASON_LENGTH_MAX:
        reason = reason[:REASON_LENGTH_MAX] + "…"
    return f"make audit: the vulnerabilities of {LOCK} could not be looked up ({reason}): try again where PyPI answers"


def main() -> int:
    """Ask, and show the answer; pip-audit's exit code, which is not 0 either where it could not ask."""
    program = Path(sys.executable).with_name("pip-audit")
    done = subprocess.run([program, *WORDS], capture_output=True, text=True, check=False)
    print(told(done.stdout, done.stderr))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())

"""How many mutants of the last `mutmut run` the tests caught, by module; ends with 1 where that is less than LEAST.

Reads `mutmut results --all true` on standard input: lines of `module.function__mutmut_7: survived`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

LEAST = 90  # per cent
CAUGHT = frozenset({"killed", "timeout"})


def tallies(lines: Iterable[str]) -> dict[str, Counter[bool]]:
    """Caught (True) and missed (False) mutants of each module, and of all of them under `all`."""
    found: dict[str, Counter[bool]] = {}
    for line in lines:
        mutant, colon, verdict = line.strip().partition(": ")
        if colon:
            for module in (mutant.rpartition(".")[0], "all"):
                found.setdefault(module, Counter())[verdict in CAUGHT] += 1
    return dict(sorted(found.items(), key=lambda item: (item[0] == "all", item[0])))


def main() -> int:
    """Print the score of each module; 1 where that of all is too low, or nothing was run."""
    found = tallies(sys.stdin)
    for module, tally in found.items():
        print(f"{module:32} {tally[True]:5} of {tally.total():5} caught, {100 * tally[True] / tally.total():5.1f} %")
    every = found.get("all", Counter())
    return int(every[True] * 100 < LEAST * max(every.total(), 1))


if __name__ == "__main__":
    sys.exit(main())

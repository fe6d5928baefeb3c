"""What `make lowest` installs: each dependency at the lowest version that pyproject.toml allows.

Prints one `name==version` a line, of the program and of its tests; other packages come as those allow.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

LOWER = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)")


def lowest(pyproject: Path) -> list[str]:
    """One requirement for each dependency of the program and of its tests. ValueError: one has no lower bound."""
    project = tomllib.loads(pyproject.read_text())["project"]
    named = dict(map(_bound, [*project["dependencies"], *project["optional-dependencies"]["test"]]))
    return [f"{name}=={version}" for name, version in named.items()]


def _bound(requirement: str) -> tuple[str, str]:
    found = LOWER.match(requirement)
    if not found:
        raise ValueError(f"{requirement} has no lower bound: write name>=version")
    return found[1], found[2]


if __name__ == "__main__":
    print("\n".join(lowest(Path(__file__).parent.parent / "pyproject.toml")))

"""A process that restores one backup and the other into the same folder, in turn, until it is killed."""

from __future__ import annotations

import sys
from itertools import cycle
from pathlib import Path

from chatbot.config import load
from chatbot.tools.restore import restore


def main(data: str, *files: str) -> None:
    settings = load(None, {"DATA_DIR": data, "KALSHI_ENV": "demo"})
    print("ready", flush=True)
    for file in cycle(files):
        restore(settings, Path(file), replace=True)
        print(file, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

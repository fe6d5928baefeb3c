"""Which world an account's folder belongs to: its seed, kept in a file beside the journal.

The journal holds what happened, not the world that it happened in: under another seed the same account would go on with
other prices and results, and nobody would notice.
"""

from __future__ import annotations

from pathlib import Path

from trading.domain.errors import Misconfigured

SEED_NAME = "seed.txt"


def remember_seed(folder: Path, seed: int) -> None:
    """Keep the seed in `folder`, which is made when missing; one without a seed is taken over.

    Raises Misconfigured where another one is kept.
    """
    path = folder / SEED_NAME
    if not path.exists():
        _write_new(path, seed)
    kept = path.read_text(encoding="utf-8").strip()
    if kept != str(seed):
        raise Misconfigured(
            f"SIM_SEED or --seed is {seed}, but {folder} is the account of world {kept}: "
            f"set {kept} again, or give another folder with DATA_DIR or --data"
        )


def _write_new(path: Path, seed: int) -> None:
    """Written aside and renamed, so that half a seed is never found."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_text(f"{seed}\n", encoding="utf-8")
    aside.replace(path)

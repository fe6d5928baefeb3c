"""What a sweep runs on: processes of this machine, or an existing Dask cluster, behind the standard executor interface.

Dask is an optional extra. Its workers need this package and the data under the same paths.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from trading.domain.errors import Misconfigured, Unavailable

DASK_SECONDS_MAX = 15.0  # for a scheduler to answer


@contextmanager
def executor(dask: str, processes: int, jobs: int) -> Iterator[Executor]:
    """One for so many jobs: the cluster at `dask` where it is given, else so many processes (0: one for each
    processor). Raises Misconfigured, Unavailable where a process dies."""
    if dask:
        with _cluster(dask) as pool:
            yield pool
        return
    workers = min(processes or os.cpu_count() or 1, max(jobs, 1))
    try:
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            yield pool
    except BrokenExecutor as error:
        raise Unavailable("a process of the sweep has died, maybe for want of memory: try fewer --processes") from error


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        import distributed
    except ImportError:
        raise Misconfigured("--dask needs Dask: install it with pip install 'kalshi-chatops[dask]'") from None
    connect: Any = distributed.Client
    try:
        client = connect(address, timeout=DASK_SECONDS_MAX, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Misconfigured(
            f"no Dask scheduler answers at --dask {address} ({type(error).__name__}): start one, or leave --dask out"
        ) from error
    try:
        yield client.get_executor(pure=False)
    finally:
        client.close()

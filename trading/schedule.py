"""When things happen: a thin trigger over APScheduler, and the only user of it.

A job never runs twice at once and missed turns fold into one. What goes wrong is reported to a callback instead of
being logged and forgotten: APScheduler runs a job that raises again for ever, and a turn skipped because the last one
still runs is easily overlooked. The callback decides (repeated failure halts). It reads real time; the intervals are
divided by the speed of the clock that the rest follows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobEvent,
)
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from trading.clock import real_now

MISFIRE_GRACE_SECONDS = 5  # of real time: a turn later than this counts as missed
INTERVAL_SECONDS_MIN = 0.01  # of real time: no job needs to run more often than this

Report = Callable[[str, str, BaseException | None], None]
Job = Callable[[], Awaitable[object]]
_KINDS = {EVENT_JOB_ERROR: "error", EVENT_JOB_MISSED: "missed", EVENT_JOB_MAX_INSTANCES: "skipped"}


class Schedule:
    """Runs coroutine functions at intervals on the running loop.

    `report(name, kind, error)` is called on the loop: kind is `error` (with what the job raised), `missed` (the loop
    was busy for longer than the grace) or `skipped` (the last turn still runs).
    """

    def __init__(self, speed: float = 1.0, report: Report | None = None) -> None:
        assert speed > 0, "time runs forward"
        self._speed, self._report = speed, report
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": MISFIRE_GRACE_SECONDS},
        )
        self._scheduler.add_listener(self._heard, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    def every(self, name: str, seconds: float, job: Job) -> None:
        """Call `job` every `seconds` of the clock, for the first time as soon as the schedule runs; where the clock
        runs so fast that this is below INTERVAL_SECONDS_MIN of real time, as often as that."""
        interval = max(seconds / self._speed, INTERVAL_SECONDS_MIN)
        self._scheduler.add_job(job, "interval", seconds=interval, id=name, name=name, next_run_time=real_now())

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """No further turn begins; a turn under way ends by itself (APScheduler's own shutdown would cancel it).

        Idempotent.
        """
        self._scheduler.remove_all_jobs()
        if self._scheduler.running:
            self._scheduler.pause()

    def _heard(self, event: JobEvent) -> None:
        if self._report is not None:
            self._report(event.job_id, _KINDS[event.code], getattr(event, "exception", None))

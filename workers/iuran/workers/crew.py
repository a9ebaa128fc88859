"""The crew: the jobs that this process runs at once, and how they come to an end."""

import asyncio
from traceback import format_exc

import structlog

from iuran.core.identifiers import mask_numbers_in
from iuran.workers.execution import run_job
from iuran.workers.jobs import JobName, Lane
from iuran.workers.kinds import lane_of
from iuran.workers.services import WorkerServices

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Crew:
    """Runs up to `services.jobs_at_once` jobs; those beyond stay due, for others or later.

    Of three hands or more one takes nothing but urgent jobs, and another no bulk: however long
    the lane of reminders is, what somebody waits for begins at once. Nor does one kind take all
    hands of the ordinary lane: many subscribers who are slow to answer hold up no other date.
    """

    def __init__(self, services: WorkerServices) -> None:
        self._services = services
        self._running: dict[JobName, asyncio.Task[None]] = {}
        self._stopping = False

    def start(self, name: JobName) -> bool:
        """Begin a job, unless it runs here or all hands are full; return whether it began."""
        if self._stopping or name in self._running or not self._has_hand_for(name.kind):
            return False
        self._running[name] = asyncio.create_task(self._run(name), name=f"{name.kind} {name.key}")
        return True

    async def stop(self) -> None:
        """Begin no more; let running jobs end for `stop_seconds`, then give them back undone."""
        self._stopping = True
        tasks = list(self._running.values())
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._services.stop_seconds)
        for task in late:
            task.cancel()
        if late:
            _log.warning("jobs_interrupted", count=len(late))
            await asyncio.wait(late)

    def _has_hand_for(self, kind: str) -> bool:
        """Whether a kind, its lane and the lanes behind it leave what is kept for others."""
        lane, at_once = lane_of(kind), self._services.jobs_at_once
        behind = sum(lane_of(name.kind) >= lane for name in self._running)
        hands = max(at_once - lane, 1)
        same = sum(name.kind == kind for name in self._running)
        takes_all = lane is Lane.ORDINARY and same >= max(hands - 1, 1)
        return len(self._running) < at_once and behind < hands and not takes_all

    async def _run(self, name: JobName) -> None:
        try:
            await run_job(self._services, name)
        except Exception:  # noqa: BLE001 - the edge: the lease ends, the job comes due again
            _log.warning(
                "job_lost", kind=name.kind, key=name.key, trace=mask_numbers_in(format_exc())
            )
        finally:
            del self._running[name]

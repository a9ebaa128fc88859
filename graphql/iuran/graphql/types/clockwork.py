"""The work that happens without being asked, as the schema shows it: jobs and runs."""

from datetime import datetime
from enum import StrEnum

import strawberry

from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.access import of_clockwork
from iuran.graphql.compiler.declarations import Key, Many, Paged, Source
from iuran.graphql.types.enums import publish
from iuran.graphql.types.instants import instant_of
from iuran.graphql.types.orders import order_by

JOB_ORDER = order_by("Job", ENDED_AT="When it was given up.")
BILLING_RUN_ORDER = order_by("BillingRun", COVERAGE_MONTH="The month that was billed.")


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    DEAD = "DEAD"


publish(
    JobState,
    "Where a job stands.",
    {
        JobState.WAITING: "Waits for its time.",
        JobState.RUNNING: "A worker has it.",
        JobState.DONE: "Done.",
        JobState.DEAD: "Given up after its last attempt: somebody has to look.",
    },
)


@strawberry.type(description="A piece of work that nobody asks for, such as a month's billing.")
class Job:
    """A job."""

    kind: str = strawberry.field(description="What it does, such as `month-roll`.")
    key: str = strawberry.field(description="Which of its kind it is.")
    state: JobState = strawberry.field(description="Where it stands.")
    attempts: int = strawberry.field(description="How often it was tried.")
    next_at: datetime = strawberry.field(description="When it is tried next, or was due.")
    armed_at: datetime = strawberry.field(description="When it was wanted.")
    ended_at: datetime | None = strawberry.field(description="When it ended; null before.")
    last_error: str | None = strawberry.field(description="What went wrong last, if anything did.")


@strawberry.type(description="A month that was billed.")
class BillingRun:
    """A monthly run."""

    coverage_month: CoverageMonth = strawberry.field(description="The month.")
    bills: int = strawberry.field(description="How many bills it issued.")
    finished_at: datetime = strawberry.field(description="When it was finished.")


JOB = Source(
    type_name="Job",
    table="job AS {row}",
    access=of_clockwork(),
    fields={
        "kind": "{row}.kind",
        "key": "{row}.key",
        "state": "{row}.state",
        "attempts": "{row}.attempts",
        "nextAt": "{row}.next_at",
        "armedAt": "{row}.armed_at",
        "endedAt": "{row}.ended_at",
        "lastError": "{row}.last_error",
    },
)
BILLING_RUN = Source(
    type_name="BillingRun",
    table="billing_run AS {row}",
    access=of_clockwork(),
    fields={
        "coverageMonth": "{row}.coverage_month",
        "bills": "{row}.bills",
        "finishedAt": "{row}.finished_at",
    },
)
DEAD_JOBS = Paged(
    target="Job",
    where="{row}.state = 'DEAD'",
    order="ENDED_AT",
    keys=(
        Key(
            sql="{row}.ended_at",
            type="timestamptz",
            written="(extract(epoch FROM {row}.ended_at) * 1000000)::bigint",
            read=instant_of,
        ),
    ),
    list_name="DeadJobCursor",
)
JOBS_DUE = Many(
    target="Job",
    where="{row}.due_at IS NOT NULL",
    order="{row}.due_at, {row}.kind, {row}.key",
    limit="100",
)
BILLING_RUNS = Paged(
    target="BillingRun",
    where="true",
    order="COVERAGE_MONTH",
    keys=(Key(sql="{row}.coverage_month"),),
    list_name="BillingRunCursor",
)

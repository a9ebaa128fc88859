"""Questions about the house itself: its jobs and runs, and what everybody may know."""

from datetime import date
from typing import Annotated

import strawberry

from iuran.graphql.compiler.declarations import Declared, Fallback, Found, LookUp, Root, Way
from iuran.graphql.context import Info
from iuran.graphql.types.clockwork import (
    BILLING_RUN_ORDER,
    BILLING_RUNS,
    DEAD_JOBS,
    JOB_ORDER,
    JOBS_DUE,
    BillingRun,
    Job,
)
from iuran.graphql.types.contacts import (
    REMINDER_QUEUE,
    REMINDER_RULES,
    ReminderQueueFigure,
    ReminderRule,
)
from iuran.graphql.types.fields import declared, resolver
from iuran.graphql.types.information import Information
from iuran.graphql.types.pagination import After, Connection, in_pages
from iuran.graphql.types.reminder_previews import ReminderPreview
from iuran.graphql.types.webhooks import WEBHOOK_ENDPOINTS, WebhookEndpoint
from iuran.graphql.types.weights import counted_as, weighing

PREVIEW_WEIGHT = 1_000


@strawberry.type(description="Questions about the house.")
class HouseQueries:
    """Reads of the house."""

    information: Information = declared(
        description="Whom to call and where to go; known to everybody."
    )
    jobs_due: list[Job] = declared(
        description="Jobs that wait or run, the next one first, at most 100; for operators and "
        "auditors, empty for others.",
        directives=counted_as(20),
    )
    dead_jobs: Connection[Job] = in_pages(
        description="Jobs that were given up, the newest first; for operators and auditors, empty "
        "for others.",
        order_by=JOB_ORDER,
    )
    reminder_rules: list[ReminderRule] = declared(
        description="The schedule of reminders as it holds today, at most 2,000 rules; for "
        "officers, empty for others.",
        directives=counted_as(100),
    )
    reminder_queue: list[ReminderQueueFigure] = declared(
        description="Reminders that wait to go out within 7 days, by day and kind; for operators "
        "and auditors, empty for others.",
        directives=[*counted_as(20), *weighing(10)],
    )

    @resolver(
        description="What would go out on a day, today or later, to at most 20,000 families; for "
        "operators and auditors, null for others.",
        directives=weighing(PREVIEW_WEIGHT),
    )
    async def reminder_preview(
        self,
        info: Info,
        day: Annotated[
            date, strawberry.argument(description="The day, in Jakarta, at most a year ahead.")
        ],
        after: After = strawberry.UNSET,
    ) -> ReminderPreview | None:
        """Look ahead."""
        return await info.context.reads.reminder_preview(day, after=after or None)

    webhook_endpoints: list[WebhookEndpoint] = declared(
        description="Systems that subscribed to events, at most 100; for operators and auditors, "
        "empty for others.",
        directives=[*counted_as(10), *weighing(5)],
    )
    billing_runs: Connection[BillingRun] = in_pages(
        description="The months that were billed, the newest first; for operators and auditors, "
        "empty for others.",
        order_by=BILLING_RUN_ORDER,
    )


HOUSE_LISTS: dict[str, Declared] = {
    "jobsDue": JOBS_DUE,
    "deadJobs": DEAD_JOBS,
    "reminderRules": REMINDER_RULES,
    "reminderQueue": REMINDER_QUEUE,
    "webhookEndpoints": WEBHOOK_ENDPOINTS,
    "billingRuns": BILLING_RUNS,
}
HOUSE_ROOTS: dict[str, Root] = {
    "reminderPreview": Fallback(
        why="the schedule's days are worked out of its rules, and only then families are looked at"
    ),
    "information": LookUp(
        target="Information", ways={"": Way(where="true")}, of=lambda _: Found(way="")
    ),
}

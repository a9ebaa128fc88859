"""Outgoing webhooks as the schema shows them: who is told of events, and how that goes."""

from datetime import datetime
from enum import StrEnum

import strawberry

from iuran.graphql.compiler.access import of_clockwork
from iuran.graphql.compiler.declarations import Key, Many, Paged, Source
from iuran.graphql.types.enums import publish
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.pagination import Connection, in_pages

DELIVERY_ORDER = order_by("WebhookDelivery", TRIED_AT="When it was tried.")


class WebhookState(StrEnum):
    """Whether an endpoint is told of events."""

    PROPOSED = "PROPOSED"
    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


class WebhookResult(StrEnum):
    """What came of a call."""

    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    DEAD = "DEAD"


publish(
    WebhookState,
    "Whether an endpoint is told of events.",
    {
        WebhookState.PROPOSED: "Not yet: a second person has to approve it.",
        WebhookState.ENABLED: "It is.",
        WebhookState.DISABLED: "No longer, by hand or because it did not answer for long.",
    },
)
publish(
    WebhookResult,
    "What came of a call to an endpoint.",
    {
        WebhookResult.DELIVERED: "It took the event.",
        WebhookResult.FAILED: "It did not; it is called again.",
        WebhookResult.DEAD: "It did not, and the event was given up: somebody has to look.",
    },
)


@strawberry.type(description="A call to an endpoint, whatever came of it.")
class WebhookDelivery:
    """A call."""

    attempt: int = strawberry.field(description="How often the event was tried, this one included.")
    result: WebhookResult = strawberry.field(description="What came of it.")
    status: int | None = strawberry.field(
        description="The HTTP status of the answer; null if none came."
    )
    milliseconds: int = strawberry.field(description="How long it took.")
    answer: str = strawberry.field(description="The beginning of the answer, or what went wrong.")
    tried_at: datetime = strawberry.field(description="When.")


@strawberry.type(
    description="A system that subscribed to events by webhook. One person adds it, another "
    "approves it. For operators and auditors."
)
class WebhookEndpoint:
    """An endpoint."""

    name: str = strawberry.field(description="Its name.")
    url: str = strawberry.field(description="Where it listens.")
    kinds: list[str] = strawberry.field(description="Which events it is told; empty for all.")
    facility_code: str | None = strawberry.field(
        description="The facility whose families alone it is told of; null for all."
    )
    state: WebhookState = strawberry.field(description="Whether it is told of events.")
    created_by: str = strawberry.field(description="Who added it.")
    created_at: datetime = strawberry.field(description="When.")
    approved_by: str | None = strawberry.field(description="Who approved it; null while it waits.")
    failing_since: datetime | None = strawberry.field(
        description="Since when it has not taken an event; null while it does."
    )
    waiting: int = strawberry.field(description="Events that wait for it; 10,000 at most are told.")
    dead_letters: int = strawberry.field(
        description="Events that were given up; 10,000 at most are told."
    )
    deliveries: Connection[WebhookDelivery] = in_pages(
        description="The calls to it, the newest first.",
        order_by=DELIVERY_ORDER,
    )


WEBHOOK_DELIVERY = Source(
    type_name="WebhookDelivery",
    table="webhook_attempt AS {row}",
    access=of_clockwork(),
    fields={
        "attempt": "{row}.attempt",
        "result": "{row}.result",
        "status": "{row}.status::integer",
        "milliseconds": "{row}.milliseconds",
        "answer": "{row}.answer",
        "triedAt": "{row}.tried_at",
    },
)
WEBHOOK_ENDPOINT = Source(
    type_name="WebhookEndpoint",
    table="webhook_endpoint AS {row} LEFT JOIN webhook_cursor AS {row}c "
    "ON {row}c.endpoint_id = {row}.endpoint_id",
    access=of_clockwork(),
    fields={
        "name": "{row}.name",
        "url": "{row}.url",
        "kinds": "{row}.kinds",
        "facilityCode": "{row}.facility_code",
        "state": "{row}.state",
        "createdBy": "{row}.created_by",
        "createdAt": "{row}.created_at",
        "approvedBy": "{row}.approved_by",
        "failingSince": "{row}c.failing_since",
        "waiting": "(SELECT count(*) FROM (SELECT FROM webhook_queue AS q "
        "WHERE q.endpoint_id = {row}.endpoint_id LIMIT 10000) AS n)",
        "deadLetters": "(SELECT count(*) FROM (SELECT FROM webhook_dead AS d "
        "WHERE d.endpoint_id = {row}.endpoint_id LIMIT 10000) AS n)",
        "deliveries": Paged(
            target="WebhookDelivery",
            where="{row}.endpoint_id = {parent}.endpoint_id",
            order="TRIED_AT",
            keys=(Key(sql="{row}.attempt_id"),),
            list_name="WebhookDeliveryCursor",
        ),
    },
)
WEBHOOK_ENDPOINTS = Many(
    target="WebhookEndpoint", where="true", order="{row}.endpoint_id", limit="100"
)

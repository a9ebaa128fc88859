"""Webhook endpoints: added by one person, approved by another, paused, and told again."""

import time
from datetime import UTC, datetime, timedelta

import strawberry

from iuran.core.errors import InvalidInputError
from iuran.graphql.changes import Once, Payload
from iuran.graphql.compiler.declarations import One
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import shown_once
from iuran.graphql.problems import SecondPersonNeeded
from iuran.graphql.types.fields import declared
from iuran.graphql.types.webhooks import WebhookEndpoint
from iuran.payments.webhooks import endpoints, repeats

OVERLAP_HOURS = 24
KINDS_MAX = 100


@strawberry.input
class EndpointInput(Once):
    """Which endpoint."""

    name: str = strawberry.field(description="The endpoint's name.")


@strawberry.input
class EndpointReasonInput(EndpointInput):
    """Which endpoint, and why."""

    reason: str = strawberry.field(description="Why; recorded.")


@strawberry.type
class OfEndpoint(Payload):
    """A payload about an endpoint."""

    name: strawberry.Private[str]
    endpoint: WebhookEndpoint | None = declared(
        description="The endpoint as it is now.",
        relation=One(target="WebhookEndpoint", where="{row}.name = {parent}.name"),
    )


@strawberry.type
class OfSecret(OfEndpoint):
    """A payload with a secret."""

    secret: str | None = shown_once(
        description="What signs the calls (`whsec_...`): shown this once and kept nowhere in the "
        "clear. Null if the wish was sent again; if the first answer is lost, rotate."
    )


@strawberry.input(description="A system that wants to be told of events.")
class AddWebhookEndpointInput(EndpointInput):
    """An endpoint."""

    url: str = strawberry.field(description="Where it listens: `https://...`.")
    kinds: list[str] = strawberry.field(
        default_factory=list, description="Which events it is told; all, if none is named."
    )
    facility_code: str | None = strawberry.field(
        default=None, description="A facility: only its own families, letters and claims."
    )


@strawberry.type(description="The endpoint is recorded, and waits for a second person.")
class AddWebhookEndpointPayload(OfSecret):
    """A proposed endpoint."""


@strawberry.input(description="An endpoint that another person added.")
class ApproveWebhookEndpointInput(EndpointInput):
    """An approval."""


@strawberry.type(description="The endpoint is told what happens since it was added.")
class ApproveWebhookEndpointPayload(OfEndpoint):
    """An endpoint in use."""


@strawberry.input(description="An endpoint that is to be told nothing for now.")
class DisableWebhookEndpointInput(EndpointReasonInput):
    """A pause."""


@strawberry.type(description="The endpoint is told nothing; what happens meanwhile waits for it.")
class DisableWebhookEndpointPayload(OfEndpoint):
    """A pause."""


@strawberry.input(description="An endpoint that is to be told again.")
class EnableWebhookEndpointInput(EndpointReasonInput):
    """The end of a pause."""


@strawberry.type(description="The endpoint is told again, from where it was.")
class EnableWebhookEndpointPayload(OfEndpoint):
    """The end of a pause."""


@strawberry.input(description="An endpoint whose secret is replaced.")
class RotateWebhookSecretInput(EndpointInput):
    """A rotation."""

    overlap_hours: int = strawberry.field(
        default=OVERLAP_HOURS,
        description="For how many hours the former secret signs too, 0 to 720.",
    )


@strawberry.type(description="A new secret signs; the former signs too until the overlap ends.")
class RotateWebhookSecretPayload(OfSecret):
    """A rotation."""


@strawberry.input(
    description="Events that an endpoint is told again, each under its former `webhook-id`. "
    "Without positions: all that was given up."
)
class ResendWebhookEventsInput(EndpointInput):
    """Events."""

    first: str | None = strawberry.field(
        default=None, description="The position of the first event, a whole number as a string."
    )
    last: str | None = strawberry.field(
        default=None, description="The position of the last one; the same, if not given."
    )


@strawberry.type(description="The events wait to be sent again.")
class ResendWebhookEventsPayload(OfEndpoint):
    """Events."""

    events: int = strawberry.field(description="How many; at most 10,000 at once.")


@mutation(
    Role.OPERATOR,
    description="Add a system that wants to be told of events; a second person approves it.",
)
async def add_webhook_endpoint(
    acting: Acting, given: AddWebhookEndpointInput
) -> AddWebhookEndpointPayload:
    """Add an endpoint."""
    if len(given.kinds) > KINDS_MAX:
        raise InvalidInputError("kinds", f"name at most {KINDS_MAX} kinds")
    new = endpoints.NewEndpoint(
        name=given.name,
        url=given.url,
        kinds=tuple(given.kinds),
        facility_code=given.facility_code,
    )
    secret = await endpoints.add_endpoint(
        acting.connection, acting.secrets, acting.reach, new, by=acting.by, at=_now()
    )
    return AddWebhookEndpointPayload(name=given.name, secret=secret)


@mutation(
    Role.OPERATOR,
    description="Let an endpoint be told that another person added.",
    problems=(SecondPersonNeeded,),
)
async def approve_webhook_endpoint(
    acting: Acting, given: ApproveWebhookEndpointInput
) -> ApproveWebhookEndpointPayload:
    """Approve an endpoint."""
    await endpoints.approve_endpoint(acting.connection, given.name, by=acting.by, at=_now())
    return ApproveWebhookEndpointPayload(name=given.name)


@mutation(Role.OPERATOR, description="Tell an endpoint nothing for now; it loses nothing by that.")
async def disable_webhook_endpoint(
    acting: Acting, given: DisableWebhookEndpointInput
) -> DisableWebhookEndpointPayload:
    """Pause an endpoint."""
    await endpoints.disable_endpoint(
        acting.connection, given.name, by=acting.by, reason=given.reason, at=_now()
    )
    return DisableWebhookEndpointPayload(name=given.name)


@mutation(Role.OPERATOR, description="Tell a disabled endpoint again, from where it was.")
async def enable_webhook_endpoint(
    acting: Acting, given: EnableWebhookEndpointInput
) -> EnableWebhookEndpointPayload:
    """End a pause."""
    await endpoints.enable_endpoint(
        acting.connection, given.name, by=acting.by, reason=given.reason, at=_now()
    )
    return EnableWebhookEndpointPayload(name=given.name)


@mutation(Role.OPERATOR, description="Replace the secret that signs the calls to an endpoint.")
async def rotate_webhook_secret(
    acting: Acting, given: RotateWebhookSecretInput
) -> RotateWebhookSecretPayload:
    """Rotate a secret."""
    secret = await endpoints.rotate_secret(
        acting.connection,
        acting.secrets,
        given.name,
        overlap=timedelta(hours=given.overlap_hours),
        by=acting.by,
        at=_now(),
    )
    return RotateWebhookSecretPayload(name=given.name, secret=secret)


@mutation(
    Role.OPERATOR,
    description="Tell an endpoint events again: one, a range, or all that was given up.",
)
async def resend_webhook_events(
    acting: Acting, given: ResendWebhookEventsInput
) -> ResendWebhookEventsPayload:
    """Send events again."""
    if given.first is None:
        if given.last is not None:
            raise InvalidInputError("first", "give the first position, too")
        events = await repeats.resend_dead(acting.connection, given.name, by=acting.by, at=_now())
    else:
        first = _position(given.first, "first")
        last = first if given.last is None else _position(given.last, "last")
        events = await repeats.resend(
            acting.connection, given.name, first=first, last=last, by=acting.by, at=_now()
        )
    return ResendWebhookEventsPayload(name=given.name, events=events)


def _position(text: str, field: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > len(str(repeats.POSITION_MAX)):
        raise InvalidInputError(field, "write a position of the log, a whole number")
    return int(text)


def _now() -> datetime:
    """Webhooks live in real time."""
    return datetime.fromtimestamp(time.time(), UTC)

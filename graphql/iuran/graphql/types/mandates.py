"""Autodebit as the schema shows it: the mandate, and what became of each collection."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.declarations import (
    Filter,
    Fragment,
    Key,
    Many,
    One,
    Paged,
    Source,
    of_family,
)
from iuran.graphql.types.enums import publish
from iuran.graphql.types.fields import declared
from iuran.graphql.types.filters import TextFilter, equal_to
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.weights import counted_as

if TYPE_CHECKING:
    from iuran.graphql.types.families import Family

MANDATE_ORDER = order_by("AutodebitMandate", REGISTERED_AT="When the family registered.")

FamilyRef = Annotated["Family", strawberry.lazy("iuran.graphql.types.families")]


class AutodebitOutcome(StrEnum):
    """What became of a collection."""

    EXCLUDED = "EXCLUDED"
    FAILED = "FAILED"
    DEBITED = "DEBITED"


publish(
    AutodebitOutcome,
    "What became of a collection by autodebit.",
    {
        AutodebitOutcome.EXCLUDED: "Not collected: it was paid before the file went to the bank.",
        AutodebitOutcome.FAILED: "The bank could not take the money; `reason` says why.",
        AutodebitOutcome.DEBITED: "The bank took the money.",
    },
)


@strawberry.type(description="What a bank was asked to collect on a day, and what came of it.")
class AutodebitAttempt:
    """A collection."""

    collection_date: date = strawberry.field(description="The day of the collection.")
    amount: Rupiah = strawberry.field(description="How much was to be taken.")
    first_month: CoverageMonth | None = strawberry.field(
        description="The first month that it pays; null if it pays no month."
    )
    last_month: CoverageMonth | None = strawberry.field(description="The last of them.")
    outcome: AutodebitOutcome | None = strawberry.field(
        description="What became of it; null while the bank has not answered."
    )
    reason: str | None = strawberry.field(description="The bank's words, if it has answered.")


@strawberry.type(
    description="A mandate for autodebit (surat kuasa debit): the family lets its bank take what "
    "it owes on the collection days. One lives at a time for an insurance."
)
class AutodebitMandate:
    """A mandate."""

    bank_name: str = strawberry.field(description="The bank.")
    account: str = strawberry.field(description="The account there; only its last digits show.")
    holder_name: str = strawberry.field(description="Whose account it is.")
    given_at: datetime = strawberry.field(description="When it was given.")
    revoked_at: datetime | None = strawberry.field(
        description="When it ended; null while it lives."
    )
    is_active: bool = strawberry.field(description="Whether it lives.")
    family: FamilyRef | None = declared(description="Whose bills it pays.")
    attempts: list[AutodebitAttempt] = declared(
        description="What was collected under it, the newest first; at most 50.",
        directives=counted_as(5),
    )


@strawberry.input(description="Which mandates are wanted.")
class AutodebitMandateFilter:
    """Conditions on mandates."""

    channel: TextFilter | None = strawberry.field(
        default=strawberry.UNSET, description="Of this bank, by its code such as `BRI`."
    )


_RESULT: Final[Fragment] = (
    "FROM autodebit_result AS r WHERE r.family_id = {row}.family_id "
    "AND r.file_id = {row}.file_id AND r.customer_number = {row}.customer_number "
    "ORDER BY r.recorded_at DESC, r.outcome LIMIT 1)"
)

AUTODEBIT_ATTEMPT = Source(
    type_name="AutodebitAttempt",
    table="autodebit_item AS {row} JOIN autodebit_mandate AS {row}m "
    "ON {row}m.family_id = {row}.family_id AND {row}m.mandate_id = {row}.mandate_id "
    "JOIN autodebit_file AS {row}f "
    "ON {row}f.channel_id = {row}m.channel_id AND {row}f.file_id = {row}.file_id",
    access=of_family("{row}.family_id"),
    fields={
        "collectionDate": "{row}f.collection_date",
        "amount": "{row}.amount",
        "firstMonth": "{row}.first_month",
        "lastMonth": "{row}.last_month",
        "outcome": "(SELECT r.outcome " + _RESULT,
        "reason": "(SELECT r.reason " + _RESULT,
    },
)
AUTODEBIT_MANDATE = Source(
    type_name="AutodebitMandate",
    table="autodebit_mandate AS {row} JOIN channel AS {row}c "
    "ON {row}c.channel_id = {row}.channel_id",
    access=of_family("{row}.family_id"),
    fields={
        "bankName": "{row}c.name",
        "account": "{row}.account_masked",
        "holderName": "{row}.holder_name",
        "givenAt": "{row}.given_at",
        "revokedAt": "{row}.revoked_at",
        "isActive": "{row}.revoked_at IS NULL",
        "family": One(target="Family", where="{row}.family_id = {parent}.family_id"),
        "attempts": Many(
            target="AutodebitAttempt",
            where="{row}.family_id = {parent}.family_id AND {row}.mandate_id = {parent}.mandate_id",
            order="{row}.file_id DESC",
            limit="50",
        ),
    },
)
MANDATES_OF_FAMILY = Many(
    target="AutodebitMandate",
    where="{row}.family_id = {parent}.family_id",
    order="{row}.mandate_id DESC",
    limit="20",
)
LIVE_MANDATES = Paged(
    target="AutodebitMandate",
    where="{row}.revoked_at IS NULL",
    order="REGISTERED_AT",
    keys=(Key(sql="{row}.family_id"), Key(sql="{row}.mandate_id")),
    list_name="AutodebitMandateCursor",
    descending=False,
    filters=(
        Filter(
            name="channel",
            type="text",
            where="{row}.channel_id = "
            "(SELECT o.channel_id FROM channel AS o WHERE o.code = upper({channel}))",
            of=equal_to("channel"),
        ),
    ),
)

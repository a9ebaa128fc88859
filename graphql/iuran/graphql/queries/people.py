"""Questions about people: families, participants, and what they are billed."""

import asyncio
from typing import Annotated, Final, cast

import strawberry

from iuran.graphql.compiler.declarations import (
    Arguments,
    ByIds,
    Found,
    Fragment,
    LookUp,
    Root,
    Way,
)
from iuran.graphql.context import Info
from iuran.graphql.errors import IdInvalidError, PageSizeError
from iuran.graphql.global_ids import GlobalId, key_of
from iuran.graphql.reads.loading import Reads
from iuran.graphql.reads.numbers import Number, NumberKind
from iuran.graphql.types.bills import BILL_ORDER, Bill
from iuran.graphql.types.families import BillFilterArgument, Family
from iuran.graphql.types.fields import resolver
from iuran.graphql.types.nodes import ID_DESCRIPTION, Node
from iuran.graphql.types.pagination import PAGE_SIZE_MAX, Connection, in_pages
from iuran.graphql.types.participants import Participant
from iuran.graphql.types.scalars import (
    CardNumber,
    FamilyCardNumber,
    PopulationNumber,
    VirtualAccountNumber,
)
from iuran.graphql.types.viewers import Viewer
from iuran.graphql.types.virtual_accounts import VirtualAccount
from iuran.graphql.types.weights import counted_as
from iuran.payments.virtual_accounts import DEFAULT_PREFIX


@strawberry.input(one_of=True, description="Which family: give exactly one.")
class FamilyBy:
    """The ways to a family."""

    id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The ID of the family."
    )
    family_card_number: FamilyCardNumber | None = strawberry.field(
        default=strawberry.UNSET, description="The number of its family card (No. KK)."
    )
    card_number: CardNumber | None = strawberry.field(
        default=strawberry.UNSET, description="The insurance card number of any member."
    )
    nik: PopulationNumber | None = strawberry.field(
        default=strawberry.UNSET, description="The population number (NIK) of any member."
    )
    va_number: VirtualAccountNumber | None = strawberry.field(
        default=strawberry.UNSET, description="The virtual account number of any member."
    )


@strawberry.input(one_of=True, description="Which participant: give exactly one.")
class ParticipantBy:
    """The ways to a participant."""

    id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The ID of the participant."
    )
    card_number: CardNumber | None = strawberry.field(
        default=strawberry.UNSET,
        description="His insurance card number; the only way for a facility.",
    )
    nik: PopulationNumber | None = strawberry.field(
        default=strawberry.UNSET, description="His population number (NIK)."
    )


@strawberry.type(description="Questions about people.")
class PeopleQueries:
    """Reads of people."""

    @resolver(description="Who you are here, and what you may see.")
    def viewer(self, info: Info) -> Viewer:
        """Say who asks."""
        return Viewer.of(info.context.viewer)

    @resolver(description="An object by its ID, whatever its type.")
    async def node(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 - the argument's name in the schema
            strawberry.ID, strawberry.argument(description=ID_DESCRIPTION)
        ],
    ) -> Node | None:
        """Read any object."""
        return await _node(info.context.reads, id)

    @resolver(
        description="Objects by their IDs, in the order of the IDs; null where there is none.",
        directives=counted_as(PAGE_SIZE_MAX),
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 IDs.")],
    ) -> list[Node | None]:
        """Read any objects."""
        if len(ids) > PAGE_SIZE_MAX:
            raise PageSizeError(f"ask for at most {PAGE_SIZE_MAX} IDs, not {len(ids)}")
        return await asyncio.gather(*(_node(info.context.reads, id_) for id_ in ids))

    @resolver(description="A family by its ID or by any number that its members know.")
    async def family(
        self,
        info: Info,
        by: Annotated[FamilyBy, strawberry.argument(description="Which family.")],
    ) -> Family | None:
        """Find a family."""
        reads = info.context.reads
        if by.id:
            (family_id,) = key_of(by.id, type_name="Family", parts=1)
            return await reads.family(family_id)
        holder = await reads.holder(_number(by))
        return None if holder is None else await reads.family(holder.family_id)

    @resolver(description="A participant by his ID or by a number of his own.")
    async def participant(
        self,
        info: Info,
        by: Annotated[ParticipantBy, strawberry.argument(description="Which participant.")],
    ) -> Participant | None:
        """Find a participant."""
        reads = info.context.reads
        if by.id:
            key = key_of(by.id, type_name="Participant", parts=2)
            return await reads.participant(*key)
        holder = await reads.holder(_number(by))
        if holder is None or holder.participant_id is None:
            return None
        return await reads.participant(
            holder.family_id, holder.participant_id, shown_card=by.card_number or None
        )

    @resolver(description="A virtual account by the number that a payer types.")
    async def virtual_account(
        self,
        info: Info,
        number: Annotated[
            VirtualAccountNumber,
            strawberry.argument(description="The bank's prefix and 11 digits, 16 in all."),
        ],
    ) -> VirtualAccount | None:
        """Find a virtual account."""
        reads = info.context.reads
        holder = await reads.holder(Number(kind=NumberKind.VIRTUAL_ACCOUNT, text=number))
        if holder is None or holder.participant_id is None:
            return None
        return await reads.virtual_account(holder.family_id, holder.participant_id)

    bills: Connection[Bill] | None = in_pages(
        description="The issued bills of a family, the newest month first; null if there is no "
        "such family.",
        family=Annotated[strawberry.ID, strawberry.argument(description="The family's ID.")],
        filter=BillFilterArgument,
        order_by=BILL_ORDER,
    )


def _number(by: FamilyBy | ParticipantBy) -> Number:
    """Return the number that is given; the schema has made sure that exactly one way is."""
    if by.card_number:
        return Number(kind=NumberKind.CARD, text=by.card_number)
    if by.nik:
        return Number(kind=NumberKind.NIK, text=by.nik)
    if isinstance(by, FamilyBy) and by.family_card_number:
        return Number(kind=NumberKind.FAMILY_CARD, text=by.family_card_number)
    if isinstance(by, FamilyBy) and by.va_number:
        return Number(kind=NumberKind.VIRTUAL_ACCOUNT, text=by.va_number)
    raise IdInvalidError("give an ID or a number that is not empty")


async def _node(reads: Reads, text: str) -> Node | None:
    found = GlobalId.parse(text)
    parts = reads.key_parts(found.type_name)
    if not parts:
        raise IdInvalidError("this is a cursor, and no ID of an object")
    key = key_of(text, type_name=found.type_name, parts=parts)
    # Whatever has a key is a Node: a test holds both together.
    return cast("Node | None", await reads.thing(found.type_name, *key))


_OF_A_NUMBER: Final[Fragment] = (
    "{row}n.customer_number = right({va_number}, 11) AND (left({va_number}, -11) = {prefix} "
    "OR EXISTS (SELECT FROM channel AS c WHERE c.va_prefix = left({va_number}, -11)))"
)
_NUMBERS: Final[Fragment] = (
    "virtual_account_number AS {row}n JOIN virtual_account AS {row}a "
    "ON {row}a.family_id = {row}n.family_id AND {row}a.customer_number = {row}n.customer_number, "
)

FAMILY_WAYS = {
    "id": Way(where="{row}.family_id = {id}", values={"id": "bigint"}),
    "familyCardNumber": Way(
        via="family_card_number AS {row}n, ",
        where="{row}n.kk_number = {number} AND {row}.family_id = {row}n.family_id",
        values={"number": "text"},
    ),
    "cardNumber": Way(
        via="participant_card AS {row}n, ",
        where="{row}n.card_number = {number} AND {row}.family_id = {row}n.family_id",
        values={"number": "text"},
    ),
    "nik": Way(
        via="participant_nik AS {row}n, ",
        where="{row}n.nik = {number} AND {row}.family_id = {row}n.family_id",
        values={"number": "text"},
    ),
    "vaNumber": Way(
        via=_NUMBERS,
        where=_OF_A_NUMBER + " AND {row}.family_id = {row}n.family_id",
        values={"va_number": "text", "prefix": "text"},
    ),
}
PARTICIPANT_WAYS = {
    "id": Way(
        where="{row}.family_id = {family} AND {row}.participant_id = {id}",
        values={"family": "bigint", "id": "bigint"},
    ),
    "cardNumber": Way(
        via="participant_card AS {row}n, ",
        where="{row}n.card_number = {number} AND {row}.family_id = {row}n.family_id "
        "AND {row}.participant_id = {row}n.participant_id",
        values={"number": "text"},
        shows_card=True,
    ),
    "nik": Way(
        via="participant_nik AS {row}n, ",
        where="{row}n.nik = {number} AND {row}.family_id = {row}n.family_id "
        "AND {row}.participant_id = {row}n.participant_id",
        values={"number": "text"},
    ),
}


def _family_by(arguments: Arguments) -> Found:
    ((way, text),) = _given(arguments)
    if way == "id":
        return _family_of_id(text)
    if way == "vaNumber":
        return _account_of(text)
    return Found(way=way, values={"number": text})


def _participant_by(arguments: Arguments) -> Found:
    ((way, text),) = _given(arguments)
    if way != "id":
        return Found(way=way, values={"number": text})
    family_id, participant_id = key_of(text, type_name="Participant", parts=2)
    return Found(way=way, values={"family": family_id, "id": participant_id})


def _given(arguments: Arguments) -> list[tuple[str, str]]:
    """Return the one way of a `by`, which the schema has made sure of; raises IdInvalidError."""
    # Of both inputs every member is a text, as the schema has coerced it.
    given = list(cast("dict[str, str]", arguments["by"]).items())
    if not all(text for _, text in given):
        raise IdInvalidError("give an ID or a number that is not empty")
    return given


def _family_of_id(text: str) -> Found:
    (family_id,) = key_of(text, type_name="Family", parts=1)
    return Found(way="id", values={"id": family_id})


def _account_of(number: object) -> Found:
    return Found(way="vaNumber", values={"va_number": number, "prefix": DEFAULT_PREFIX})


PEOPLE_ROOTS: dict[str, Root] = {
    "viewer": LookUp(target="Viewer", ways={"": Way(where="true")}, of=lambda _: Found(way="")),
    "node": ByIds(argument="id", is_list=False),
    "nodes": ByIds(argument="ids", is_list=True),
    "family": LookUp(target="Family", ways=FAMILY_WAYS, of=_family_by),
    "participant": LookUp(target="Participant", ways=PARTICIPANT_WAYS, of=_participant_by),
    "virtualAccount": LookUp(
        target="VirtualAccount",
        ways={
            "vaNumber": Way(
                via=_NUMBERS,
                where=_OF_A_NUMBER + " AND {row}.family_id = {row}n.family_id "
                "AND {row}.participant_id = {row}a.participant_id",
                values={"va_number": "text", "prefix": "text"},
            )
        },
        of=lambda arguments: _account_of(arguments["number"]),
    ),
    "bills": LookUp(
        target="Family",
        ways=FAMILY_WAYS,
        of=lambda arguments: _family_of_id(str(arguments["family"])),
        inner="bills",
    ),
}
"""How each question finds what it asks for."""

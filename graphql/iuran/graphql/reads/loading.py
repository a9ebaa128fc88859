"""The reads of one operation: asked for one by one, done in batches.

What is asked for at one level of an operation becomes one statement, however many rows there are.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TypeVar, cast

from strawberry.dataloader import DataLoader
from strawberry.types.base import StrawberryObjectDefinition

from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.declarations import Arguments, LookUp, Many, One, Paged, Source, Worked
from iuran.graphql.compiler.drafts import Declarations
from iuran.graphql.reads.bills import bill_lines, bills
from iuran.graphql.reads.declared import DeclaredReads, Found, columns_of
from iuran.graphql.reads.families import families
from iuran.graphql.reads.memberships import MembershipKey, memberships
from iuran.graphql.reads.numbers import Holder, Number, holders
from iuran.graphql.reads.participants import ParticipantKey, participants
from iuran.graphql.reads.payables import payables
from iuran.graphql.reads.reading import Reading
from iuran.graphql.reads.reminder_previews import reminder_preview
from iuran.graphql.reads.virtual_accounts import virtual_accounts
from iuran.graphql.types.bill_lines import BillLine
from iuran.graphql.types.bills import Bill
from iuran.graphql.types.families import Family
from iuran.graphql.types.memberships import Membership
from iuran.graphql.types.participants import Participant
from iuran.graphql.types.payables import Payable, PayableRow
from iuran.graphql.types.reminder_previews import ReminderPreview
from iuran.graphql.types.virtual_accounts import VirtualAccount

BATCH_MAX = 1_000


def _number(part: object) -> int:
    return part.ordinal if isinstance(part, CoverageMonth) else int(str(part))


HAND_READ = frozenset({"Family", "Participant", "Membership", "VirtualAccount", "Bill"})
"""Types whose plain reads are written by hand."""

K = TypeVar("K")
V = TypeVar("V")


class Reads:
    """What resolvers ask for. What the viewer may not see reads as None or as empty."""

    def __init__(self, reading: Reading, declarations: Declarations) -> None:
        self._reading = reading
        self._declared = DeclaredReads(reading, declarations)
        self._loaders: dict[object, object] = {}

    async def holder(self, number: Number) -> Holder | None:
        """Find whom a number belongs to."""
        return await self._load(holders, number)

    async def family(self, family_id: int) -> Family | None:
        """Read a family."""
        return await self._load(families, family_id)

    async def participant(
        self, family_id: int, participant_id: int, *, shown_card: str | None = None
    ) -> Participant | None:
        """Read a participant; for a facility, by the card that was shown to it."""
        key = ParticipantKey(
            family_id=family_id,
            participant_id=participant_id,
            shown_card=shown_card if self._reading.scope.by_card else None,
        )
        return next(iter(await self._load(participants, key)), None)

    async def participants_of(self, family_id: int) -> tuple[Participant, ...]:
        """Read the participants of a family."""
        return await self._load(participants, ParticipantKey(family_id=family_id))

    async def membership(self, family_id: int, membership_id: int) -> Membership | None:
        """Read a membership."""
        key = MembershipKey(family_id=family_id, membership_id=membership_id)
        return next(iter(await self._load(memberships, key)), None)

    async def membership_of(
        self, family_id: int, participant_id: int, *, shown_card: str | None
    ) -> Membership | None:
        """Read the membership in which a participant is enrolled this month."""
        key = MembershipKey(
            family_id=family_id, participant_id=participant_id, shown_card=shown_card
        )
        return next(iter(await self._load(memberships, key)), None)

    async def memberships_of(self, family_id: int) -> tuple[Membership, ...]:
        """Read the memberships of a family."""
        return await self._load(memberships, MembershipKey(family_id=family_id))

    async def bill(self, family_id: int, membership_id: int, month: int) -> Bill | None:
        """Read a bill."""
        return await self._load(bills, (family_id, membership_id, month))

    async def bill_lines(
        self, family_id: int, membership_id: int, month: int
    ) -> tuple[BillLine, ...]:
        """Read the lines of a bill."""
        return await self._load(bill_lines, (family_id, membership_id, month))

    async def virtual_account(self, family_id: int, participant_id: int) -> VirtualAccount | None:
        """Read the virtual account of a participant."""
        return await self._load(virtual_accounts, (family_id, participant_id))

    async def payable(
        self, family_id: int, membership_id: int, *, issued_on: date
    ) -> Payable | None:
        """Read what a membership can pay to a number given out on a day."""
        row = await self._load(payables, (family_id, membership_id))
        if row is None:
            return None
        return Payable.of(PayableRow.of(row), issued_on=issued_on, today=self._reading.today)

    async def reminder_preview(self, day: date, *, after: str | None) -> ReminderPreview | None:
        """Look at what would go out on a day."""
        return await reminder_preview(self._reading, day, after=after)

    async def thing(self, type_name: str, *key: int) -> object | None:
        """Read an object of any type by its key."""
        match type_name, key:
            case "Family", (family_id,):
                return await self.family(family_id)
            case "Participant", (family_id, participant_id):
                return await self.participant(family_id, participant_id)
            case "Membership", (family_id, membership_id):
                return await self.membership(family_id, membership_id)
            case "VirtualAccount", (family_id, participant_id):
                return await self.virtual_account(family_id, participant_id)
            case "Bill", (family_id, membership_id, month):
                return await self.bill(family_id, membership_id, month)
            case _:
                found = await self._declared.by_key(type_name, key)
                return None if found is None else found.thing

    def key_parts(self, type_name: str) -> int:
        """Return of how many numbers the IDs of a type are made; 0 if it has none."""
        return self._declared.key_parts(type_name)

    async def declared(self, parent: object, name: str, arguments: Arguments) -> object:
        """Read a field for which there is only a declaration; a root field has no parent."""
        if parent is None:
            return await self._root(name, arguments)
        # Whatever is a parent here is an instance of a Strawberry type.
        definition = cast(
            "StrawberryObjectDefinition", vars(type(parent))["__strawberry_definition__"]
        )
        return await self._related(definition.name, name, columns_of(parent), arguments)

    async def _root(self, name: str, arguments: Arguments) -> object:
        root = self._declared.root(name)
        if not isinstance(root, LookUp):
            raise TypeError(f"nobody says how {name} is looked up")
        found = await self._declared.looked_up(root, arguments)
        if found is None:
            return None
        if root.inner is None:
            return await self._known(root.target, found)
        return await self._related(root.target, root.inner, found.columns, arguments)

    async def _related(
        self, type_name: str, name: str, columns: Mapping[str, object], arguments: Arguments
    ) -> object:
        source = self._declared.source(type_name)
        relation = source.fields[name]
        if isinstance(relation, Worked):
            return await self._worked(source, name, columns)
        if isinstance(relation, Paged):
            known = partial(self._known, relation.target)
            return await self._declared.page(relation, columns, arguments, known=known)
        if not isinstance(relation, One | Many):
            raise TypeError(f"{type_name}.{name} is no relation")
        found = await self._declared.related(relation, columns)
        things = [await self._known(relation.target, one) for one in found]
        if isinstance(relation, Many):
            return things
        return things[0] if things else None

    async def _worked(self, source: Source, name: str, columns: Mapping[str, object]) -> object:
        """Read what Python works out for an object that was read by hand."""
        # Whatever was read by hand keeps its key, and the card that showed it, in attributes.
        shown_card = cast("str | None", columns.get("shown_card"))
        key = [_number(columns[part]) for part in source.key]
        found = await self._declared.by_key(source.type_name, key, shown_card=shown_card)
        return None if found is None else found.shown[name]

    async def _known(self, type_name: str, found: Found) -> object:
        """Return what was found as the resolvers of its type know it."""
        if type_name not in HAND_READ:
            return found.thing
        key = [int(str(found.columns[part])) for part in self._declared.source(type_name).key]
        return await self.thing(type_name, *key)

    async def _load(
        self, batch: Callable[[Reading, Sequence[K]], Awaitable[Sequence[V]]], key: K
    ) -> V:
        loader = self._loaders.get(batch)
        if loader is None:
            loader = DataLoader(partial(batch, self._reading), max_batch_size=BATCH_MAX)
            self._loaders[batch] = loader
        # The dictionary maps each batch function to the loader that was made of it.
        return await cast("DataLoader[K, V]", loader).load(key)

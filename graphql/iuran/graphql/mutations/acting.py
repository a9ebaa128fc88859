"""Who changes what: the transaction of one mutation, and what in it its viewer may touch."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import LiteralString

from iuran.core.claims.records import ClaimKey
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError
from iuran.graphql.errors import IdInvalidError
from iuran.graphql.global_ids import key_of
from iuran.graphql.identity import Viewer
from iuran.graphql.rates import principal_of
from iuran.graphql.refusals import NotFoundError
from iuran.graphql.scope import Scope
from iuran.payments.secrets import Cipher
from iuran.payments.webhooks.addresses import Reach

SUBJECT_LENGTH_MAX = 100

SELECT_FAMILY: LiteralString = """
    SELECT f.family_id
    FROM family AS f
    WHERE f.family_id = $3::bigint AND ($1::boolean OR f.family_id = $2::bigint)
"""

SELECT_PARTICIPANT: LiteralString = """
    SELECT p.family_id
    FROM participant AS p
    WHERE p.family_id = $3::bigint AND p.participant_id = $4::bigint
      AND ($1::boolean OR p.family_id = $2::bigint)
"""

SELECT_MEMBERSHIP: LiteralString = """
    SELECT m.family_id
    FROM membership AS m
    WHERE m.family_id = $3::bigint AND m.membership_id = $4::bigint
      AND ($1::boolean OR m.family_id = $2::bigint)
"""

SELECT_HOLDER: LiteralString = """
    SELECT c.family_id, c.participant_id
    FROM participant_card AS c
    WHERE c.card_number = $1
"""

SELECT_CLAIM: LiteralString = """
    SELECT c.family_id
    FROM claim AS c
    WHERE c.family_id = $3::bigint AND c.claim_id = $4::bigint
      AND ($1::boolean
           OR (c.family_id = $2::bigint AND c.kind = 'REIMBURSEMENT')
           OR (c.facility_code = $5::text AND c.kind = 'FACILITY'))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """One mutation under way. `at` is legal time; the transaction belongs to the caller."""

    connection: Connection
    viewer: Viewer
    scope: Scope
    at: datetime
    cipher: Cipher | None = None
    reach: Reach = field(default_factory=Reach)
    """Where webhooks may go."""

    @property
    def secrets(self) -> Cipher:
        """What encrypts what is kept secret; a server has it unless it was started without."""
        if self.cipher is None:
            raise RuntimeError("this server was started without the installation's key")
        return self.cipher

    @property
    def by(self) -> str:
        """Who is recorded as having done it: the token's subject, or its hash if it is endless."""
        subject = self.viewer.subject
        return subject if len(subject) <= SUBJECT_LENGTH_MAX else principal_of(subject)

    @property
    def today(self) -> date:
        """The WIB date."""
        return wib_date(self.at)

    async def family(self, text: str, *, field: str = "family_id") -> int:
        """Return the key of a family that the viewer may change; raises NotFoundError."""
        (family_id,) = key_given(text, "Family", parts=1, field=field)
        await self._check("family", SELECT_FAMILY, family_id)
        return family_id

    async def participant(self, text: str, *, field: str = "participant_id") -> tuple[int, int]:
        """Return the key of a participant that the viewer may change; raises NotFoundError."""
        family_id, participant_id = key_given(text, "Participant", parts=2, field=field)
        await self._check("participant", SELECT_PARTICIPANT, family_id, participant_id)
        return family_id, participant_id

    async def membership(self, text: str, *, field: str = "membership_id") -> tuple[int, int]:
        """Return the key of a membership that the viewer may change; raises NotFoundError."""
        family_id, membership_id = key_given(text, "Membership", parts=2, field=field)
        await self._check("membership", SELECT_MEMBERSHIP, family_id, membership_id)
        return family_id, membership_id

    @property
    def facility(self) -> str:
        """The code of the viewer's own facility; raises NotFoundError."""
        if self.viewer.facility is None:
            raise NotFoundError("facility")
        return self.viewer.facility

    async def holder(self, card_number: str) -> tuple[int, int]:
        """Return whose card is shown to a facility; raises NotFoundError."""
        row = await self.connection.fetchrow(SELECT_HOLDER, card_number)
        if row is None:
            raise NotFoundError("card")
        return row["family_id"], row["participant_id"]

    async def claim(self, text: str) -> ClaimKey:
        """Return the key of a claim: a facility's own, or a family's own reimbursement."""
        key = key_given(text, "Claim", parts=2, field="claim_id")
        found = await self.connection.fetchval(
            SELECT_CLAIM, *self.scope.families, *key, self.viewer.facility
        )
        if found is None:
            raise NotFoundError("claim")
        family_id, claim_id = key
        return ClaimKey(family_id=family_id, claim_id=claim_id)

    async def _check(self, what: str, statement: LiteralString, *key: int) -> None:
        if await self.connection.fetchval(statement, *self.scope.families, *key) is None:
            raise NotFoundError(what)


def key_given(text: str, type_name: str, *, parts: int, field: str) -> tuple[int, ...]:
    """Read an ID of the input; raises InvalidInputError for what is no ID of that type."""
    try:
        return key_of(text, type_name=type_name, parts=parts)
    except IdInvalidError as error:
        raise InvalidInputError(field, str(error)) from error

"""Fines of stays that need not be paid: one person proposes, another approves."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import LiteralString

from iuran.core.care.certificates import is_certified_unable
from iuran.core.care.letters import LetterUnknownError
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import InvalidInputError
from iuran.core.fines import Debtor
from iuran.core.manual_changes import ChangeKind, Proposal, approve, propose
from iuran.core.money import Rupiah
from iuran.core.segments import CareClass
from iuran.payments.fine_payments import FinePaidError, NoFineError
from iuran.payments.write_offs import WriteOffNotInForceError

SELECT_STAY: LiteralString = """
    SELECT l.membership_id, l.starts_on, m.segment, l.care_class, f.debtor, f.amount, f.paid_at,
           f.relieved_at
    FROM stay_fine AS f
    JOIN eligibility_letter AS l
      ON l.family_id = f.family_id AND l.letter_number = f.letter_number
    JOIN membership AS m ON m.family_id = l.family_id AND m.membership_id = l.membership_id
    WHERE f.family_id = $1 AND f.letter_number = $2
"""

SELECT_RULE: LiteralString = """
    SELECT legal_basis,
           in_force AND effective_from <= $2 AND (effective_to IS NULL OR effective_to >= $2)
               AS applies,
           fines AND $3 = ANY (segments) AND $4 = ANY (care_classes) AS reaches
    FROM write_off_rule
    WHERE rule = $1
"""

RELIEVE: LiteralString = """
    SELECT relieve_stay_fine($1, $2, $3, $4, $5, $6)
"""

CERTIFICATE_BASIS = "Letter of inability for class III (one secondary source)"
CORRECTION_BASIS = "Perpres 64/2020 art. 42(5)-(6): the fine was not owed"


class ReliefGround(StrEnum):
    """Why a fine need not be paid."""

    LAW = "LAW"
    """A law writes it off, as it does arrears ("pemutihan")."""
    CERTIFICATE = "CERTIFICATE"
    """A letter of inability was approved after the admission, and speaks for its day."""
    CORRECTION = "CORRECTION"
    """It was assessed wrongly: another diagnosis, a window that never was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FineRelief:
    """Which stay, on what ground, and by which rule of the write-offs if a law does it."""

    family_id: int
    letter_number: str
    ground: ReliefGround
    rule: str | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelievedFine:
    """Which stay, and the rupiah that need not be paid."""

    letter_number: str
    amount: Rupiah


async def propose_fine_relief(
    connection: Connection, relief: FineRelief, *, proposed_by: str, at: datetime
) -> int:
    """Propose that a stay's fine need not be paid; return the proposal's number.

    Raises LetterUnknownError, NoFineError, FinePaidError, WriteOffNotInForceError while no law in
    force reaches the fine, and InvalidInputError without a letter of inability for the admission.
    """
    stay = await _stay(connection, relief)
    await _basis(connection, relief, stay, on=wib_date(at))
    proposal = Proposal(
        membership_id=stay["membership_id"],
        kind=ChangeKind.FINE_RELIEF,
        reason=relief.reason,
        before={"letter_number": relief.letter_number, "amount": stay["amount"]},
        wanted={
            "letter_number": relief.letter_number,
            "ground": relief.ground.value,
            "rule": relief.rule,
        },
        proposed_by=proposed_by,
        proposed_at=at,
    )
    return await propose(connection, relief.family_id, proposal)


async def approve_fine_relief(
    connection: Connection, family_id: int, change_id: int, *, approved_by: str, at: datetime
) -> RelievedFine:
    """Relieve a stay of its fine, and return it; the stay's claim is no longer held back.

    Raises what `approve` and `propose_fine_relief` raise; the proposal then still waits.
    """
    proposal = await approve(
        connection,
        family_id,
        change_id,
        kind=ChangeKind.FINE_RELIEF,
        approved_by=approved_by,
        at=at,
    )
    rule = proposal.wanted["rule"]
    relief = FineRelief(
        family_id=family_id,
        letter_number=str(proposal.wanted["letter_number"]),
        ground=ReliefGround(str(proposal.wanted["ground"])),
        rule=None if rule is None else str(rule),
        reason=proposal.reason,
    )
    stay = await _stay(connection, relief)
    basis = await _basis(connection, relief, stay, on=wib_date(at))
    ground = relief.ground.value
    amount = await connection.fetchval(
        RELIEVE, family_id, relief.letter_number, change_id, ground, basis, at
    )
    if amount is None:
        raise NoFineError
    return RelievedFine(letter_number=relief.letter_number, amount=Rupiah(amount))


async def _stay(connection: Connection, relief: FineRelief) -> Record:
    stay = await connection.fetchrow(SELECT_STAY, relief.family_id, relief.letter_number)
    if stay is None:
        raise LetterUnknownError
    if stay["amount"] == 0 or stay["relieved_at"] is not None:
        raise NoFineError
    if stay["paid_at"] is not None:
        raise FinePaidError(stay["paid_at"])
    return stay


async def _basis(connection: Connection, relief: FineRelief, stay: Record, *, on: date) -> str:
    """Return the legal basis of a relief; raises why there is none."""
    if relief.ground is ReliefGround.CORRECTION:
        return CORRECTION_BASIS
    if relief.ground is ReliefGround.CERTIFICATE:
        unable = await is_certified_unable(connection, relief.family_id, on=stay["starts_on"])
        if not unable or stay["care_class"] != CareClass.III:
            raise InvalidInputError(
                "ground", "an approved letter of inability has to speak for a stay in class III"
            )
        return CERTIFICATE_BASIS
    return await _law(connection, relief.rule, stay, on=on)


async def _law(connection: Connection, name: str | None, stay: Record, *, on: date) -> str:
    rule = await connection.fetchrow(SELECT_RULE, name, on, stay["segment"], stay["care_class"])
    if name is None or rule is None:
        raise InvalidInputError("rule", "name a rule of the write-offs")
    if not rule["applies"]:
        raise WriteOffNotInForceError(name, rule["legal_basis"])
    if not rule["reaches"] or stay["debtor"] != Debtor.FAMILY:
        raise InvalidInputError("rule", f"{name} does not reach the fine of this stay")
    return str(rule["legal_basis"])

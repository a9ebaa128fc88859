"""What waits for a second person, of every kind, in one list in the order of the proposals.

A row is written with its proposal and goes with the decision, in the same transaction. It repeats
what a list of them shows; what is proposed stands where its kind is kept.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah

NOBODYS = 0
"""The family of what belongs to none."""

INSERT_WAITING: LiteralString = """
    INSERT INTO approval_waiting (family_id, kind, number, amount, reason, proposed_by, proposed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

DELETE_WAITING: LiteralString = """
    DELETE FROM approval_waiting WHERE family_id = $1 AND kind = $2 AND number = $3
"""


class ApprovalKind(StrEnum):
    """What waits."""

    MANUAL_CHANGE = "MANUAL_CHANGE"
    REFUND = "REFUND"
    PAYER_REFUND = "PAYER_REFUND"
    GOVERNMENT_PAYMENT = "GOVERNMENT_PAYMENT"
    WRITE_OFF = "WRITE_OFF"
    FACILITY_CONTRACT = "FACILITY_CONTRACT"
    INABILITY_CERTIFICATE = "INABILITY_CERTIFICATE"
    REMINDER_RULE = "REMINDER_RULE"
    SUSPENSE_PROPOSAL = "SUSPENSE_PROPOSAL"
    DISPUTE = "DISPUTE"
    CAPITATION = "CAPITATION"
    CAPITATION_TARIFF = "CAPITATION_TARIFF"
    WEBHOOK_ENDPOINT = "WEBHOOK_ENDPOINT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What somebody is to approve: `number` is its key within its kind, parts joined by `/`."""

    kind: ApprovalKind
    number: str
    family_id: int = NOBODYS


async def waits(
    connection: Connection,
    subject: Subject,
    *,
    reason: str,
    by: str,
    at: datetime,
    amount: Rupiah | None = None,
) -> None:
    """Note that something waits for a second person; `by` proposed it, `amount` is in rupiah."""
    family_id, kind, number = subject.family_id, subject.kind.value, subject.number
    await connection.execute(INSERT_WAITING, family_id, kind, number, amount, reason, by, at)


async def waits_no_more(connection: Connection, subject: Subject) -> None:
    """Note that something was decided."""
    await connection.execute(DELETE_WAITING, subject.family_id, subject.kind.value, subject.number)

"""A complaint from intake to answer, with its deadline and its history."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import LiteralString, Self

from iuran.core.clock import wib_date
from iuran.core.database.pool import Record
from iuran.core.errors import DomainError
from iuran.core.regulation.rates import parameter
from iuran.core.working_days import working_days_after

TEXT_LENGTH_MAX = 4000

INSERT_COMPLAINT: LiteralString = """
    WITH given AS (SELECT nextval('complaint_number_seq') AS complaint_id)
    INSERT INTO complaint (bucket, complaint_id, channel, category, reporter_name,
                           reporter_contact, reporter_family, text, received_at, received_by,
                           answer_by)
    SELECT complaint_id % 16, complaint_id, $1, $2, $3, $4, $5, $6, $7, $8, $9
    FROM given
    RETURNING bucket, complaint_id
"""

SELECT_COMPLAINT: LiteralString = """
    SELECT bucket, complaint_id, channel, category, reporter_name, reporter_contact,
           reporter_family, text, state, received_at, answer_by, assigned_to, answer, answered_at
    FROM complaint
    WHERE bucket = $1 AND complaint_id = $2
"""

SELECT_OPEN: LiteralString = """
    SELECT bucket, complaint_id, channel, category, reporter_name, reporter_contact,
           reporter_family, text, state, received_at, answer_by, assigned_to, answer, answered_at
    FROM complaint
    WHERE state <> 'ANSWERED' AND (answer_by, complaint_id) > ($1, $2)
    ORDER BY answer_by, complaint_id
    LIMIT $3
"""

LOCK_COMPLAINT: LiteralString = """
    SELECT state, assigned_to FROM complaint
    WHERE bucket = $1 AND complaint_id = $2
    FOR NO KEY UPDATE
"""

ASSIGN: LiteralString = """
    UPDATE complaint SET state = 'ASSIGNED', assigned_to = $3
    WHERE bucket = $1 AND complaint_id = $2
"""

ANSWER: LiteralString = """
    WITH answered AS (
        UPDATE complaint SET state = 'ANSWERED', answer = $3, answered_at = $4
        WHERE bucket = $1 AND complaint_id = $2
        RETURNING complaint_id, reporter_family, received_at
    )
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    SELECT reporter_family, 'complaint.answered',
           jsonb_build_object('complaint_id', complaint_id, 'day', wib_date(received_at)), $4
    FROM answered
    WHERE reporter_family IS NOT NULL
"""

INSERT_EVENT: LiteralString = """
    INSERT INTO complaint_event (bucket, complaint_id, was, state, assigned_to, reason, by_whom,
                                 at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


class ComplaintChannel(StrEnum):
    """How it came in: at a branch, by phone 165, web, social media or Mobile JKN."""

    BRANCH = "BRANCH"
    PHONE = "PHONE"
    WEB = "WEB"
    SOCIAL_MEDIA = "SOCIAL_MEDIA"
    MOBILE = "MOBILE"


class ComplaintCategory(StrEnum):
    """What it is about."""

    MEMBERSHIP = "MEMBERSHIP"
    CONTRIBUTION = "CONTRIBUTION"
    FACILITY = "FACILITY"
    SERVICE = "SERVICE"
    CLAIM = "CLAIM"
    OTHER = "OTHER"


class ComplaintState(StrEnum):
    """Received, in somebody's hands, or answered."""

    RECEIVED = "RECEIVED"
    ASSIGNED = "ASSIGNED"
    ANSWERED = "ANSWERED"


class ComplaintUnknownError(DomainError):
    """There is no such complaint."""

    code = "COMPLAINT_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("there is no such complaint; look its number up again")


class ComplaintClosedError(DomainError):
    """An answered complaint stays as it is; one that is not assigned cannot be answered."""

    code = "COMPLAINT_STEP_IMPOSSIBLE"

    def __init__(self, state: ComplaintState) -> None:
        super().__init__(f"a complaint that is {state.value} cannot take this step")
        self.state = state


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintKey:
    """Which complaint: its number, and the bucket that follows from it."""

    bucket: int
    complaint_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewComplaint:
    """What somebody complains of; the family only if it is known."""

    channel: ComplaintChannel
    category: ComplaintCategory
    reporter_name: str
    reporter_contact: str
    text: str
    family_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint as it stands; `answer_by` is its last day (WIB)."""

    key: ComplaintKey
    channel: ComplaintChannel
    category: ComplaintCategory
    reporter_name: str
    reporter_contact: str
    family_id: int | None
    text: str
    state: ComplaintState
    received_at: datetime
    answer_by: date
    assigned_to: str | None
    answer: str | None
    answered_at: datetime | None

    def is_late_on(self, today: date) -> bool:
        """Whether it was not answered by its last day."""
        answered = today if self.answered_at is None else wib_date(self.answered_at)
        return answered > self.answer_by

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            key=ComplaintKey(bucket=row["bucket"], complaint_id=row["complaint_id"]),
            channel=ComplaintChannel(row["channel"]),
            category=ComplaintCategory(row["category"]),
            reporter_name=row["reporter_name"],
            reporter_contact=row["reporter_contact"],
            family_id=row["reporter_family"],
            text=row["text"],
            state=ComplaintState(row["state"]),
            received_at=row["received_at"],
            answer_by=row["answer_by"],
            assigned_to=row["assigned_to"],
            answer=row["answer"],
            answered_at=row["answered_at"],
        )


def answer_by(received_on: date) -> date:
    """Return the last day for an answer: 5 working days (UU 24/2011 art. 48 [M])."""
    count = parameter("complaint_answer_working_days", received_on)
    return working_days_after(received_on, count)

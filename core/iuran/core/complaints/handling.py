"""Taking a complaint in, giving it to somebody, answering it."""

from datetime import date, datetime

from iuran.core.clock import wib_date
from iuran.core.complaints.records import (
    ANSWER,
    ASSIGN,
    INSERT_COMPLAINT,
    INSERT_EVENT,
    LOCK_COMPLAINT,
    SELECT_COMPLAINT,
    SELECT_OPEN,
    TEXT_LENGTH_MAX,
    Complaint,
    ComplaintClosedError,
    ComplaintKey,
    ComplaintState,
    ComplaintUnknownError,
    NewComplaint,
    answer_by,
)
from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError


async def receive(
    connection: Connection, complaint: NewComplaint, *, by: str, at: datetime
) -> ComplaintKey:
    """Take a complaint in; raises InvalidInputError for an empty or endless text."""
    _check_text("text", complaint.text)
    row = await connection.fetchrow(
        INSERT_COMPLAINT,
        complaint.channel.value,
        complaint.category.value,
        complaint.reporter_name,
        complaint.reporter_contact,
        complaint.family_id,
        complaint.text,
        at,
        by,
        answer_by(wib_date(at)),
    )
    assert row is not None  # noqa: S101 - INSERT ... RETURNING yields its row
    key = ComplaintKey(bucket=row["bucket"], complaint_id=row["complaint_id"])
    received = ComplaintState.RECEIVED.value
    await connection.execute(
        INSERT_EVENT, key.bucket, key.complaint_id, None, received, None, "received", by, at
    )
    return key


async def assign(
    connection: Connection, key: ComplaintKey, *, to: str, by: str, at: datetime
) -> None:
    """Give a complaint to somebody, or to somebody else. Raises ComplaintClosedError."""
    state, _ = await _locked(connection, key)
    if state is ComplaintState.ANSWERED:
        raise ComplaintClosedError(state)
    await connection.execute(ASSIGN, key.bucket, key.complaint_id, to)
    assigned = ComplaintState.ASSIGNED.value
    await connection.execute(
        INSERT_EVENT, key.bucket, key.complaint_id, state.value, assigned, to, "assigned", by, at
    )


async def answer(
    connection: Connection, key: ComplaintKey, text: str, *, by: str, at: datetime
) -> None:
    """Answer an assigned complaint, once.

    Raises ComplaintClosedError, InvalidInputError for an empty or endless text.
    """
    _check_text("answer", text)
    state, assigned_to = await _locked(connection, key)
    if state is not ComplaintState.ASSIGNED:
        raise ComplaintClosedError(state)
    await connection.execute(ANSWER, key.bucket, key.complaint_id, text, at)
    done = ComplaintState.ANSWERED.value
    await connection.execute(
        INSERT_EVENT,
        key.bucket,
        key.complaint_id,
        state.value,
        done,
        assigned_to,
        "answered",
        by,
        at,
    )


async def complaint_of(connection: Connection, key: ComplaintKey) -> Complaint:
    """Return a complaint; raises ComplaintUnknownError."""
    row = await connection.fetchrow(SELECT_COMPLAINT, key.bucket, key.complaint_id)
    if row is None:
        raise ComplaintUnknownError
    return Complaint.of(row)


async def open_complaints(
    connection: Connection, *, after: Complaint | None = None, limit: int = 50
) -> tuple[Complaint, ...]:
    """Return complaints without an answer, the most urgent first, those behind `after`."""
    day = date.min if after is None else after.answer_by
    number = 0 if after is None else after.key.complaint_id
    rows = await connection.fetch(SELECT_OPEN, day, number, limit)
    return tuple(Complaint.of(row) for row in rows)


async def _locked(connection: Connection, key: ComplaintKey) -> tuple[ComplaintState, str | None]:
    row = await connection.fetchrow(LOCK_COMPLAINT, key.bucket, key.complaint_id)
    if row is None:
        raise ComplaintUnknownError
    return ComplaintState(row["state"]), row["assigned_to"]


def _check_text(field: str, text: str) -> None:
    if not 1 <= len(text.strip()) <= len(text) <= TEXT_LENGTH_MAX:
        raise InvalidInputError(field, f"write 1 to {TEXT_LENGTH_MAX} letters")

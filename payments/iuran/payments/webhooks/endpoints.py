"""Endpoints: where a system that subscribes listens, to what, and who let it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, LiteralString, Self

import asyncpg

from iuran.core.approvals import ApprovalKind, Subject, waits, waits_no_more
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.facilities.registry import facility_of
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from iuran.payments.secrets import Cipher
from iuran.payments.webhooks.addresses import Reach
from iuran.payments.webhooks.payloads import FACILITY_KINDS, KINDS, unknown_kinds
from iuran.payments.webhooks.signing_secrets import new_secret, replace_secret

NAME_FORM = re.compile(r"[a-z][a-z0-9-]{1,39}", re.ASCII)
PERSON_LENGTH_MAX = 100
DETAIL_LENGTH_MAX = 500
ENDPOINTS_MAX = 500
EVERY_KIND = "*"
"""How a list of kinds is told that names none."""

SYSTEM = "iuran"
"""Who changes an endpoint when nobody does."""

INSERT_ENDPOINT: LiteralString = """
    INSERT INTO webhook_endpoint (name, url, kinds, facility_code, created_by, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    RETURNING endpoint_id
"""

INSERT_CURSOR: LiteralString = """
    INSERT INTO webhook_cursor (endpoint_id, position)
    SELECT $1::integer, coalesce(least($2::bigint, last_position), last_position)
    FROM event_dispatch
"""

COUNT_ENDPOINTS: LiteralString = """
    SELECT count(*) FROM webhook_endpoint
"""

SELECT_ENDPOINT: LiteralString = """
    SELECT endpoint_id, name, url, kinds, facility_code, state, created_by, created_at, approved_by
    FROM webhook_endpoint
    WHERE name = $1
"""

LOCK_ENDPOINT: LiteralString = """
    SELECT endpoint_id FROM webhook_endpoint WHERE name = $1 FOR UPDATE
"""

APPROVE: LiteralString = """
    UPDATE webhook_endpoint SET state = 'ENABLED', approved_by = $2 WHERE endpoint_id = $1
"""

SET_STATE: LiteralString = """
    UPDATE webhook_endpoint SET state = $2 WHERE endpoint_id = $1 AND state <> $2
"""

FORGET_FAILURES: LiteralString = """
    UPDATE webhook_cursor
    SET pauses = 0, paused_until = '-infinity', failing_since = NULL
    WHERE endpoint_id = $1
"""

INSERT_CHANGE: LiteralString = """
    INSERT INTO webhook_change (endpoint_id, change, detail, changed_by, changed_at)
    VALUES ($1, $2, $3, $4, $5)
"""


class EndpointState(StrEnum):
    """PROPOSED waits for a second person; DISABLED keeps its place and is told nothing."""

    PROPOSED = "PROPOSED"
    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


class Change(StrEnum):
    """What was done to an endpoint."""

    ADDED = "ADDED"
    APPROVED = "APPROVED"
    ENABLED = "ENABLED"
    DISABLED = "DISABLED"
    ROTATED = "ROTATED"
    RESENT = "RESENT"
    REPLAYED = "REPLAYED"


class EndpointUnknownError(DomainError):
    """No endpoint has this name."""

    code: ClassVar[str] = "WEBHOOK_UNKNOWN"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no webhook {name!r}; `iuran webhooks list` shows them")


class EndpointExistsError(DomainError):
    """The name is taken."""

    code: ClassVar[str] = "WEBHOOK_EXISTS"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a webhook {name!r} already; choose another name")


class EndpointStateError(DomainError):
    """What was asked for does not fit the endpoint's state."""

    code: ClassVar[str] = "WEBHOOK_STATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndpoint:
    """What somebody subscribes to. No kinds: all that exist, and that a facility may know."""

    name: str
    url: str
    kinds: tuple[str, ...] = ()
    facility_code: str | None = None
    after_position: int | None = None
    """The last event that it is not told; without it, only what happens from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a system listens."""

    endpoint_id: int
    name: str
    url: str
    kinds: tuple[str, ...]
    facility_code: str | None
    state: EndpointState
    created_by: str
    created_at: datetime
    approved_by: str | None

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            endpoint_id=row["endpoint_id"],
            name=row["name"],
            url=row["url"],
            kinds=tuple(row["kinds"]),
            facility_code=row["facility_code"],
            state=EndpointState(row["state"]),
            created_by=row["created_by"],
            created_at=row["created_at"],
            approved_by=row["approved_by"],
        )


async def add_endpoint(
    connection: Connection, cipher: Cipher, reach: Reach, new: NewEndpoint, *, by: str, at: datetime
) -> str:
    """Register an endpoint that waits for a second person; return its secret, shown only now.

    Raises InvalidInputError, FacilityUnknownError and EndpointExistsError.
    """
    kinds = await _checked(connection, reach, new, at=at)
    person = person_of(by)
    try:
        async with connection.transaction():  # a savepoint: the refusal leaves the rest standing
            endpoint_id: int = await connection.fetchval(
                INSERT_ENDPOINT, new.name, new.url, kinds, new.facility_code, person, at
            )
    except asyncpg.UniqueViolationError as error:
        raise EndpointExistsError(new.name) from error
    await connection.execute(INSERT_CURSOR, endpoint_id, new.after_position)
    told = ", ".join(kinds) or EVERY_KIND
    await waits(connection, _subject_of(new.name), reason=told, by=person, at=at)
    await note_change(connection, endpoint_id, Change.ADDED, by=person, detail=new.url, at=at)
    return await new_secret(connection, cipher, endpoint_id, at=at)


async def find_endpoint(connection: Connection, name: str) -> Endpoint:
    """Return an endpoint; raises EndpointUnknownError."""
    row = await connection.fetchrow(SELECT_ENDPOINT, name)
    if row is None:
        raise EndpointUnknownError(name)
    return Endpoint.of(row)


async def hold_endpoint(connection: Connection, name: str) -> Endpoint:
    """Return an endpoint that nobody else changes before the transaction ends."""
    await connection.execute(LOCK_ENDPOINT, name)
    return await find_endpoint(connection, name)


async def approve_endpoint(connection: Connection, name: str, *, by: str, at: datetime) -> None:
    """Let an endpoint be told what happens since it was added.

    Raises EndpointUnknownError, NothingToApproveError and, because the database refuses the row,
    SecondPersonError.
    """
    endpoint, person = await hold_endpoint(connection, name), person_of(by)
    if endpoint.approved_by is not None:
        raise NothingToApproveError(f"webhook {name}")
    try:
        async with connection.transaction():  # a savepoint: the refusal leaves the rest standing
            await connection.execute(APPROVE, endpoint.endpoint_id, person)
    except asyncpg.CheckViolationError as error:
        raise SecondPersonError(person) from error
    await waits_no_more(connection, _subject_of(name))
    await note_change(connection, endpoint.endpoint_id, Change.APPROVED, by=person, at=at)


def _subject_of(name: str) -> Subject:
    return Subject(kind=ApprovalKind.WEBHOOK_ENDPOINT, number=name)


async def enable_endpoint(
    connection: Connection, name: str, *, by: str, reason: str, at: datetime
) -> None:
    """Tell a disabled endpoint again, from where it was; raises what says why not."""
    endpoint, person = await hold_endpoint(connection, name), person_of(by)
    if endpoint.approved_by is None:
        raise EndpointStateError(f"{name} waits for a second person: `iuran webhooks approve`")
    if endpoint.state is EndpointState.ENABLED:
        raise EndpointStateError(f"{name} is enabled already")
    await connection.execute(SET_STATE, endpoint.endpoint_id, EndpointState.ENABLED)
    await connection.execute(FORGET_FAILURES, endpoint.endpoint_id)
    await note_change(
        connection, endpoint.endpoint_id, Change.ENABLED, by=person, detail=reason, at=at
    )


async def disable_endpoint(
    connection: Connection, name: str, *, by: str, reason: str, at: datetime
) -> None:
    """Tell an endpoint nothing until it is enabled; it loses nothing by that."""
    endpoint, person = await hold_endpoint(connection, name), person_of(by)
    if not await disable(connection, endpoint.endpoint_id, by=person, reason=reason, at=at):
        raise EndpointStateError(f"{name} is disabled already")


async def disable(
    connection: Connection, endpoint_id: int, *, by: str, reason: str, at: datetime
) -> bool:
    """Disable an endpoint and keep why; False if it was before."""
    if await connection.execute(SET_STATE, endpoint_id, EndpointState.DISABLED) != "UPDATE 1":
        return False
    await note_change(connection, endpoint_id, Change.DISABLED, by=by, detail=reason, at=at)
    return True


async def rotate_secret(
    connection: Connection, cipher: Cipher, name: str, *, overlap: timedelta, by: str, at: datetime
) -> str:
    """Give an endpoint a new secret, beside which the former signs for `overlap`; return it."""
    endpoint, person = await hold_endpoint(connection, name), person_of(by)
    secret = await replace_secret(connection, cipher, endpoint.endpoint_id, overlap=overlap, at=at)
    detail = f"the former signs for {overlap}"
    await note_change(
        connection, endpoint.endpoint_id, Change.ROTATED, by=person, detail=detail, at=at
    )
    return secret


async def note_change(
    connection: Connection,
    endpoint_id: int,
    change: Change,
    *,
    by: str,
    at: datetime,
    detail: str = "",
) -> None:
    """Keep who did what."""
    await connection.execute(INSERT_CHANGE, endpoint_id, change, detail[:DETAIL_LENGTH_MAX], by, at)


def person_of(by: str) -> str:
    """Return who does something; raises InvalidInputError for nobody."""
    person = by.strip()
    if not 1 <= len(person) <= PERSON_LENGTH_MAX:
        raise InvalidInputError("by", f"say who does it, in 1 to {PERSON_LENGTH_MAX} letters")
    return person


async def _checked(
    connection: Connection, reach: Reach, new: NewEndpoint, *, at: datetime
) -> list[str]:
    if NAME_FORM.fullmatch(new.name) is None:
        raise InvalidInputError("name", "write 2 to 40 of a-z, 0-9 and -, a letter first")
    reach.check_url(new.url)
    if await connection.fetchval(COUNT_ENDPOINTS) >= ENDPOINTS_MAX:
        raise InvalidInputError("name", f"there are {ENDPOINTS_MAX} webhooks; that is the limit")
    if new.after_position is not None and new.after_position < 0:
        raise InvalidInputError("afterPosition", "positions begin with 1; 0 tells all")
    if unknown := unknown_kinds(new.kinds):
        raise InvalidInputError(
            "kinds", f"there is no kind {', '.join(unknown)}; kinds are {', '.join(KINDS)}"
        )
    if new.facility_code is None:
        return sorted(set(new.kinds))
    await facility_of(connection, new.facility_code, on=wib_date(at))
    if barred := sorted(set(new.kinds) - set(FACILITY_KINDS)):
        raise InvalidInputError(
            "kinds",
            f"a facility is not told of {', '.join(barred)}; it may know "
            f"{', '.join(FACILITY_KINDS)}",
        )
    return sorted(set(new.kinds) or FACILITY_KINDS)

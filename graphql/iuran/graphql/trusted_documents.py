"""Persisted (trusted) documents: the operations of frontends, known before they are asked."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import LiteralString

from iuran.core.database.pool import Connection, Pool
from iuran.graphql.errors import BusyError
from iuran.graphql.limits import Limits

LISTED_MAX = 10_000
KNOWN_SECONDS = 60.0
"""How long a server believes what it has read: a document that is withdrawn ends within this."""

LOAD_DOCUMENTS: LiteralString = """
    INSERT INTO trusted_document (id, name, document, loaded_at)
    SELECT given.id, given.name, given.document, $4::timestamptz
    FROM unnest($1::text[], $2::text[], $3::text[]) AS given (id, name, document)
    ON CONFLICT (id) DO UPDATE SET withdrawn_at = NULL
    WHERE trusted_document.withdrawn_at IS NOT NULL
    RETURNING id
"""

LIST_DOCUMENTS: LiteralString = """
    SELECT id, name, document, loaded_at, withdrawn_at
    FROM trusted_document
    ORDER BY name, id
    LIMIT $1
"""

WITHDRAW_DOCUMENT: LiteralString = """
    UPDATE trusted_document SET withdrawn_at = $2
    WHERE id = $1 AND withdrawn_at IS NULL
    RETURNING id
"""

FIND_DOCUMENT: LiteralString = """
    SELECT document FROM trusted_document WHERE id = $1 AND withdrawn_at IS NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedDocument:
    """A document that frontends may name by its id."""

    name: str
    document: str

    @property
    def id(self) -> str:
        """`sha256:` and the hash of the text."""
        return document_id(self.document)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedDocument:
    """A document as it is stored."""

    id: str
    name: str
    document: str
    loaded_at: datetime
    withdrawn_at: datetime | None


def document_id(text: str) -> str:
    """Return the id of a text, as GraphQL over HTTP writes it."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


async def load_documents(
    connection: Connection, documents: Sequence[TrustedDocument], *, at: datetime
) -> int:
    """Store documents for all servers; return how many were not there. Again changes nothing."""
    distinct = list({one.id: one for one in documents}.values())
    rows = await connection.fetch(
        LOAD_DOCUMENTS,
        [one.id for one in distinct],
        [one.name for one in distinct],
        [one.document for one in distinct],
        at,
    )
    return len(rows)


async def list_documents(connection: Connection) -> list[LoadedDocument]:
    """Return the documents that were ever loaded, by name."""
    return [LoadedDocument(**row) for row in await connection.fetch(LIST_DOCUMENTS, LISTED_MAX)]


async def withdraw_document(connection: Connection, document_id: str, *, at: datetime) -> bool:
    """Take a document away, from all servers within a minute; False if there is no such one."""
    return await connection.fetchval(WITHDRAW_DOCUMENT, document_id, at) is not None


class TrustedDocuments:
    """The stored documents as one server knows them: read when asked for, and kept for a minute.

    What is kept is bounded by its length; ids that do not exist are kept too.
    """

    def __init__(
        self, pool: Pool, limits: Limits, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool = pool
        self._limits = limits
        self._monotonic = monotonic
        self._kept: OrderedDict[str, tuple[str | None, float]] = OrderedDict()
        self._characters = 0

    async def text(self, id_: str) -> str | None:
        """Return the text of a document; raises BusyError when no connection becomes free."""
        kept = self._kept.get(id_)
        if kept is not None and kept[1] > self._monotonic():
            self._kept.move_to_end(id_)
            return kept[0]
        found = await self._read(id_)
        self._keep(id_, found)
        return found

    async def _read(self, id_: str) -> str | None:
        try:
            async with self._pool.acquire(timeout=self._limits.acquire_seconds) as connection:
                found: str | None = await connection.fetchval(FIND_DOCUMENT, id_)
        except TimeoutError as error:
            raise BusyError("too many requests at once; try again in a moment") from error
        return found

    def _keep(self, id_: str, text: str | None) -> None:
        self._drop(id_)
        self._kept[id_] = text, self._monotonic() + KNOWN_SECONDS
        self._characters += _length(id_, text)
        while self._characters > self._limits.trusted_characters:
            self._drop(next(iter(self._kept)))

    def _drop(self, id_: str) -> None:
        if id_ in self._kept:
            text, _ = self._kept.pop(id_)
            self._characters -= _length(id_, text)


def _length(id_: str, text: str | None) -> int:
    return len(id_) + len(text or "")

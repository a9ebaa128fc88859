"""The documents of one claim: adding them, and which are missing."""

from datetime import datetime
from typing import LiteralString

import asyncpg

from iuran.core.claims.documents import documents_needed
from iuran.core.claims.records import Claim, ClaimKey, ClaimStepError, locked_claim
from iuran.core.claims.states import ClaimState
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError, InvalidInputError

INSERT_DOCUMENT: LiteralString = """
    INSERT INTO claim_document (family_id, claim_id, document, sha256, added_at, added_by)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING
"""

SELECT_DOCUMENTS: LiteralString = """
    SELECT DISTINCT document FROM claim_document
    WHERE family_id = $1 AND claim_id = $2
    ORDER BY document
    LIMIT 100
"""

OPEN_FOR_DOCUMENTS = frozenset(
    {ClaimState.DRAFT, ClaimState.INCOMPLETE, ClaimState.PENDING, ClaimState.DISPUTED}
)


class DocumentsMissingError(DomainError):
    """A claim is not complete without these documents."""

    code = "DOCUMENTS_MISSING"

    def __init__(self, documents: frozenset[str]) -> None:
        super().__init__(f"add what the claim still needs: {', '.join(sorted(documents))}")
        self.documents = documents


async def add_document(
    connection: Connection, key: ClaimKey, document: str, *, sha256: str, by: str, at: datetime
) -> None:
    """Add a document, named by its kind and the fingerprint of its bytes; again is no news.

    Raises ClaimStepError while the claim is with the verifier, InvalidInputError for a fingerprint
    or kind of the wrong form, ClaimUnknownError.
    """
    claim = await locked_claim(connection, key, at=at)
    if claim.state not in OPEN_FOR_DOCUMENTS:
        raise ClaimStepError(claim.state, "changed in its documents")
    try:
        await connection.execute(
            INSERT_DOCUMENT, key.family_id, key.claim_id, document, sha256, at, by
        )
    except asyncpg.CheckViolationError as error:
        raise InvalidInputError("document", "give its kind and its SHA-256") from error


async def documents_missing(connection: Connection, claim: Claim) -> frozenset[str]:
    """Return the documents that a claim needs and does not have."""
    rows = await connection.fetch(SELECT_DOCUMENTS, claim.family_id, claim.claim_id)
    needed = documents_needed(claim.kind, claim.care_type, is_emergency=claim.is_emergency)
    return needed - {row["document"] for row in rows}


async def check_documents(connection: Connection, claim: Claim) -> None:
    """Raise DocumentsMissingError unless a claim has all that it needs."""
    missing = await documents_missing(connection, claim)
    if missing:
        raise DocumentsMissingError(missing)

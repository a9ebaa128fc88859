"""Which document a request means, and whether this viewer may send it."""

from iuran.graphql.documents_mode import DocumentsMode
from iuran.graphql.errors import (
    DocumentNotTrustedError,
    PersistedDocumentsOffError,
    PersistedDocumentUnknownError,
    RequestRefusedError,
)
from iuran.graphql.identity import Role, Viewer
from iuran.graphql.requests import OperationRequest
from iuran.graphql.trusted_documents import TrustedDocuments, document_id

STAFF = frozenset(
    {
        Role.BRANCH_OFFICER,
        Role.FINANCE_OFFICER,
        Role.OPERATOR,
        Role.AUDITOR,
        Role.DEVELOPER,
    }
)
"""Roles that may send texts of their own where others may send persisted documents only."""


class DocumentTexts:
    """Finds the text that a request means."""

    def __init__(self, mode: DocumentsMode, trusted: TrustedDocuments) -> None:
        self._mode = mode
        self._trusted = trusted

    async def text_of(self, asked: OperationRequest, viewer: Viewer) -> str:
        """Return the text; raises RequestRefusedError for one that may not be sent or is unknown.

        A text that is a persisted document counts as one: clients may go on sending texts.
        """
        if asked.query is None:
            return await self._persisted(asked.document_id or "")
        if asked.document_id is not None and document_id(asked.query) != asked.document_id:
            raise RequestRefusedError(
                "`documentId` is not the SHA-256 of `query`; send one of them"
            )
        is_free = self._mode is not DocumentsMode.STRICT or viewer.role in STAFF
        if not is_free and await self._trusted.text(document_id(asked.query)) is None:
            raise DocumentNotTrustedError(
                "only persisted documents may be sent here; send `documentId` of a loaded one"
            )
        return asked.query

    async def _persisted(self, id_: str) -> str:
        if self._mode is DocumentsMode.OFF:
            raise PersistedDocumentsOffError.because("PersistedQueryNotSupported: send the `query`")
        text = await self._trusted.text(id_)
        if text is None:
            raise PersistedDocumentUnknownError.because(
                "PersistedQueryNotFound: no document of this id is loaded; send its `query`, or "
                "have it loaded"
            )
        return text

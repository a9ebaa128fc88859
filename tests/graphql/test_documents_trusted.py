"""Persisted documents: loaded from the manifests of builds, named by their hashes."""

import json
from datetime import UTC, datetime
from hashlib import sha256

import asyncpg
import httpx
import pytest

from iuran.core.database.pool import Connection, Pool
from iuran.graphql.documents_mode import DocumentsMode
from iuran.graphql.identity import Role
from iuran.graphql.limits import Limits
from iuran.graphql.manifests import ManifestRefusedError, checked_documents
from iuran.graphql.trusted_documents import (
    KNOWN_SECONDS,
    TrustedDocument,
    TrustedDocuments,
    document_id,
    list_documents,
    load_documents,
    withdraw_document,
)
from tests.graphql.conftest import Frontend, FrontendOf, code_of

NOW = datetime(2026, 1, 5, 2, tzinfo=UTC)
TEXT = "query Me { viewer { role } }"
ID = document_id(TEXT)
HASH = ID.removeprefix("sha256:")


async def sent(frontend: Frontend, role: Role, **body: object) -> httpx.Response:
    headers = {**frontend.headers(role), "accept": "application/graphql-response+json"}
    return await frontend.client.post("/graphql", json=body, headers=headers)


@pytest.fixture
async def loaded(connection: Connection) -> None:
    document = TrustedDocument(name="Me", document=TEXT)
    assert await load_documents(connection, [document, document], at=NOW) == 1
    assert await load_documents(connection, [document], at=NOW) == 0


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("mode", [DocumentsMode.HYBRID, DocumentsMode.STRICT])
@pytest.mark.parametrize(
    "body",
    [
        {"documentId": ID},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": HASH}}},
        {"query": TEXT},
        {"query": TEXT, "documentId": ID, "operationName": "Me"},
    ],
)
async def test_a_loaded_document_may_be_named_or_sent(
    frontend_of: FrontendOf, mode: DocumentsMode, body: dict[str, object]
) -> None:
    answer = await sent(frontend_of(documents_mode=mode), Role.FACILITY, **body)

    assert answer.json()["data"] == {"viewer": {"role": "FACILITY"}}


@pytest.mark.usefixtures("loaded")
async def test_a_loaded_document_may_be_asked_for_by_get(frontend: Frontend) -> None:
    answer = await frontend.client.get(
        "/graphql", params={"documentId": ID}, headers=frontend.headers(Role.AUDITOR)
    )

    assert answer.json()["data"] == {"viewer": {"role": "AUDITOR"}}


async def test_strict_mode_takes_texts_from_staff_only(frontend_of: FrontendOf) -> None:
    frontend = frontend_of(documents_mode=DocumentsMode.STRICT)

    roles = [role for role in Role if role is not Role.PARTICIPANT]
    answers = {role: await sent(frontend, role, query=TEXT) for role in roles}

    refused = {role for role, answer in answers.items() if answer.status_code == 403}
    assert refused == {Role.FACILITY, Role.EMPLOYER}
    assert code_of(answers[Role.FACILITY].json()) == "DOCUMENT_NOT_TRUSTED"


@pytest.mark.parametrize(
    ("mode", "body", "code"),
    [
        (DocumentsMode.HYBRID, {"documentId": ID}, "PERSISTED_QUERY_NOT_FOUND"),
        (DocumentsMode.STRICT, {"documentId": ID}, "PERSISTED_QUERY_NOT_FOUND"),
        (DocumentsMode.OFF, {"documentId": ID}, "PERSISTED_QUERY_NOT_SUPPORTED"),
        (DocumentsMode.HYBRID, {"documentId": HASH}, "BAD_REQUEST"),
        (DocumentsMode.HYBRID, {"documentId": 7}, "BAD_REQUEST"),
        (DocumentsMode.HYBRID, {"documentId": ID.upper()}, "BAD_REQUEST"),
        (DocumentsMode.HYBRID, {"query": "{ __typename }", "documentId": ID}, "BAD_REQUEST"),
        (
            DocumentsMode.HYBRID,
            {"extensions": {"persistedQuery": {"sha256Hash": None, "version": 1}}},
            "BAD_REQUEST",
        ),
    ],
)
async def test_an_id_that_means_nothing_is_refused(
    frontend_of: FrontendOf, mode: DocumentsMode, body: dict[str, object], code: str
) -> None:
    answer = await sent(frontend_of(documents_mode=mode), Role.AUDITOR, **body)

    assert answer.status_code == 400
    assert code_of(answer.json()) == code


async def test_a_withdrawn_document_ends_within_a_minute_and_can_come_back(
    connection: Connection, pool: Pool, loaded: None
) -> None:
    seconds = 0.0
    server = TrustedDocuments(pool, Limits(), monotonic=lambda: seconds)
    assert await server.text(ID) == TEXT

    assert await withdraw_document(connection, ID, at=NOW)
    believed = await server.text(ID)
    seconds += KNOWN_SECONDS + 1
    gone = await server.text(ID)
    twice = await withdraw_document(connection, ID, at=NOW)
    back = await load_documents(connection, [TrustedDocument(name="Me", document=TEXT)], at=NOW)

    assert (believed, gone, twice, back, loaded) == (TEXT, None, False, 1, None)
    assert [one.withdrawn_at for one in await list_documents(connection)] == [None]


async def test_ids_that_do_not_exist_take_bounded_memory_and_no_second_look(pool: Pool) -> None:
    server = TrustedDocuments(pool, Limits().changed({"trusted_characters": "710"}))

    for number in range(30):
        assert await server.text(f"sha256:{number:064}") is None

    assert len(server._kept) == 10  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - its bound


async def test_the_database_refuses_a_text_under_another_hash(connection: Connection) -> None:
    class Lying(TrustedDocument):
        @property
        def id(self) -> str:
            return ID

    with pytest.raises(asyncpg.CheckViolationError):
        await load_documents(connection, [Lying(name="x", document="{ __typename }")], at=NOW)


APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": HASH, "name": "Me", "type": "query", "body": TEXT}],
}


@pytest.mark.parametrize("manifest", [{HASH: TEXT}, {ID: TEXT}, APOLLO])
def test_manifests_of_builds_are_read(manifest: object) -> None:
    (document,) = checked_documents(json.dumps(manifest), Limits())

    assert (document.id, document.name) == (ID, "Me")


FRAGMENT = "fragment A on Viewer { role }"


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ("{}", "holds 0 documents"),
        (json.dumps({HASH: 7}), "no text"),
        (json.dumps({"a" * 40: TEXT}), 'hashAlgorithm: "sha256"'),
        (json.dumps({"0" * 64: TEXT}), "not the SHA-256"),
        (json.dumps({hashed("{ nothing }"): "{ nothing }"}), "Cannot query field 'nothing'"),
        (json.dumps({hashed("{"): "{"}), "Syntax Error"),
        (json.dumps({hashed(FRAGMENT): FRAGMENT}), "no operation"),
        (json.dumps({**APOLLO, "version": 2}), "version 1"),
        (json.dumps({**APOLLO, "operations": [{"id": HASH}]}), "no `body`"),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(manifest: str, told: str) -> None:
    with pytest.raises(ManifestRefusedError) as refused:
        checked_documents(manifest, Limits())

    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("{ viewer { role } }", 200),
        ("{ nothing }", 422),
        ("{", 400),
        ('{ node(id: "nonsense") { id } }', 294),
        ("query A { viewer { role } } query B { viewer { role } }", 422),
    ],
)
async def test_the_newer_drafts_statuses_can_be_turned_on(
    frontend_of: FrontendOf, query: str, status: int
) -> None:
    frontend = frontend_of(draft_statuses=True)

    strict = await frontend.post(query)
    legacy = await frontend.post(query, accept="application/json")

    assert (strict.status_code, legacy.status_code) == (status, 200)

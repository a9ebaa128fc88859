"""Manifests of documents, as the builds of frontends write them.

Three forms are read: `{hash: document}` of graphql-codegen's client preset (persistedDocuments)
and of relay-compiler, and `{"format": "apollo-persisted-query-manifest", "operations": [...]}`.
Hashes must be SHA-256 of the text, since that is what an id promises.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import ClassVar, cast

from graphql import GraphQLError, OperationDefinitionNode, parse

from iuran.core.errors import DomainError
from iuran.graphql.documents import Documents
from iuran.graphql.errors import DocumentRefusedError
from iuran.graphql.limits import Limits
from iuran.graphql.schema import executable_schema
from iuran.graphql.trusted_documents import TrustedDocument

APOLLO = "apollo-persisted-query-manifest"
DOCUMENTS_MAX = 10_000
COST_MAX = 10**8
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class ManifestRefusedError(DomainError):
    """A manifest cannot be read, or holds a document that this API would refuse."""

    code: ClassVar[str] = "MANIFEST_REFUSED"


def checked_documents(manifest: str, limits: Limits) -> list[TrustedDocument]:
    """Read a manifest and check each document; raises ManifestRefusedError, which says which.

    Cost is not checked: it depends on page sizes that come with the variables.
    """
    documents = Documents(executable_schema(), replace(limits, cost=COST_MAX))
    try:
        parsed: object = json.loads(manifest)
    except (ValueError, RecursionError) as error:
        raise ManifestRefusedError(f"the manifest is no JSON: {error}") from error
    found = list(_entries(parsed))
    if not found or len(found) > DOCUMENTS_MAX:
        raise ManifestRefusedError(f"the manifest holds {len(found)} documents, not 1 to 10,000")
    return [_checked(key, text, documents, limits) for key, text in found]


def _entries(parsed: object) -> Iterator[tuple[str, str]]:
    if not isinstance(parsed, dict):
        raise ManifestRefusedError('the manifest is no JSON object such as {"<sha256>": "query"}')
    members = cast("Mapping[str, object]", parsed)  # json.loads makes no others
    if "format" in members or "operations" in members:
        yield from _apollo_entries(members)
        return
    for key, text in members.items():
        if not isinstance(text, str):
            raise ManifestRefusedError(f"what stands under {key!r} is no text of a document")
        yield key, text


def _apollo_entries(members: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    operations = members.get("operations")
    if members.get("format") != APOLLO or members.get("version") != 1:
        raise ManifestRefusedError(f"the manifest is not of the format {APOLLO}, version 1")
    for operation in cast("list[object]", operations if isinstance(operations, list) else []):
        entry = cast("dict[str, object]", operation if isinstance(operation, dict) else {})
        id_, body = entry.get("id"), entry.get("body")
        if not isinstance(id_, str) or not isinstance(body, str):
            raise ManifestRefusedError("an operation of the manifest has no `id` or no `body`")
        yield id_, body


def _checked(key: str, text: str, documents: Documents, limits: Limits) -> TrustedDocument:
    given = key.removeprefix("sha256:")
    if _SHA256.fullmatch(given) is None:
        raise ManifestRefusedError(
            f"{key[:80]!r} is no SHA-256: have the build hash with it, for graphql-codegen "
            '`persistedDocuments: { hashAlgorithm: "sha256" }`'
        )
    if sha256(text.encode(errors="surrogatepass")).hexdigest() != given:
        raise ManifestRefusedError(f"{key} is not the SHA-256 of its document; build it anew")
    try:
        names = _operation_names(text, limits)
        for name in names:
            documents.prepare(text, operation_name=name, variables={}, only_queries=False)
    except DocumentRefusedError as error:
        raise ManifestRefusedError(f"{key}: {error.code}: {error}") from error
    except GraphQLError as error:
        raise ManifestRefusedError(f"{key}: {error.message}") from error
    return TrustedDocument(name=", ".join(name for name in names if name) or "?", document=text)


def _operation_names(text: str, limits: Limits) -> list[str | None]:
    document = parse(text, max_tokens=limits.document_tokens)
    return [
        None if definition.name is None else definition.name.value
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    ] or [None]

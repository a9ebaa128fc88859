"""How much one request may ask for. Everything at this edge has a limit, and each is a setting."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a request, with defaults that every screen of a frontend stays below."""

    body_bytes: int = 100_000
    json_depth: int = 64
    document_characters: int = 15_000
    document_tokens: int = 1_000
    depth: int = 15
    """Fields within fields; the introspection query of GraphiQL needs 15."""
    fragment_nesting: int = 50
    root_fields: int = 10
    aliases: int = 30
    directives: int = 50
    cost: int = 5_000
    """Objects that an operation may read, as its page sizes promise them."""
    validation_errors: int = 5
    cached_characters: int = 200_000
    """Total length of the documents that are kept parsed and validated."""
    statement_milliseconds: int = 5_000
    acquire_seconds: float = 2.0
    request_seconds: float = 10.0

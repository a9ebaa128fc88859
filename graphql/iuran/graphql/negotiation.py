"""Which media type answers, by the `Accept` header (GraphQL over HTTP)."""

from enum import StrEnum

from iuran.graphql.errors import NotAcceptableError


class MediaType(StrEnum):
    """The two ways to write an answer; they differ in their status codes for refused documents."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"


_RANGES = {
    "application/graphql-response+json": MediaType.GRAPHQL,
    "application/json": MediaType.JSON,
    "application/*": MediaType.JSON,
    "*/*": MediaType.JSON,
}


def negotiate(accept: str | None) -> MediaType:
    """Return what a client likes best, JSON if it does not say; raises NotAcceptableError."""
    if accept is None or not accept.strip():
        return MediaType.JSON
    plain = _RANGES.get(accept)
    if plain is not None:
        return plain
    wanted = [_weighed(part) for part in accept.split(",")]
    offered = [(weight, media_type) for weight, media_type in wanted if media_type and weight > 0]
    if not offered:
        raise NotAcceptableError(f"accept {MediaType.GRAPHQL} or {MediaType.JSON}")
    return max(offered, key=lambda offer: offer[0])[1]


def _weighed(part: str) -> tuple[float, MediaType | None]:
    media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                weight = float(value)
            except ValueError:
                weight = 0.0
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            weight = 0.0
    return weight, _RANGES.get(media_type)

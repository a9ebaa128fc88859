"""How much one request may ask for. Everything at this edge has a limit, and each is a setting."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import ClassVar

from iuran.core.errors import DomainError


class LimitInvalidError(DomainError):
    """A limit has no such name, or not such a value."""

    code: ClassVar[str] = "LIMIT_INVALID"


def _limit(default: float, description: str) -> int:
    """Declare a limit with what the table of docs/graphql.md says about it."""
    return field(default=int(default), metadata={"description": description})


def _seconds(default: float, description: str) -> float:
    return field(default=default, metadata={"description": description})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a request, with defaults that every screen of a frontend stays below."""

    body_bytes: int = _limit(100_000, "Length of a body, counted while it arrives.")
    body_seconds: float = _seconds(5.0, "Time for a body to arrive.")
    json_depth: int = _limit(64, "Nesting of the JSON in a body.")
    document_characters: int = _limit(15_000, "Length of a document.")
    document_tokens: int = _limit(1_000, "Tokens in a document.")
    depth: int = _limit(15, "Fields within fields; GraphiQL's introspection needs 15.")
    fragment_nesting: int = _limit(50, "Fragments and fields within each other, all told.")
    root_fields: int = _limit(10, "Fields at the root of an operation.")
    aliases: int = _limit(30, "Aliases in an operation.")
    directives: int = _limit(50, "Directives in an operation.")
    repeats: int = _limit(
        50, "Times that one field of one type is written; validation compares each with each."
    )
    cost: int = _limit(5_000, "Objects that an operation may read, as its pages promise them.")
    validation_errors: int = _limit(5, "Errors of a document that are told.")
    cached_characters: int = _limit(
        100_000, "Total length of the documents that a process keeps parsed and validated."
    )
    trusted_characters: int = _limit(
        2_000_000, "Total length of the persisted documents that a process keeps at hand."
    )
    cached_plan_bytes: int = _limit(
        8_000_000, "Total size, about, of the compiled plans that a process keeps."
    )
    statement_milliseconds: int = _limit(5_000, "Time for one SQL statement.")
    reads_together: int = _limit(
        8, "Small questions of one form that share a statement at most; with 1 none does."
    )
    points_together: int = _limit(
        400, "Points of cost of the questions that share a statement; larger ones are asked alone."
    )
    acquire_seconds: float = _seconds(2.0, "Time to wait for a database connection.")
    request_seconds: float = _seconds(10.0, "Time for a request, all told.")
    points_burst: int = _limit(
        20_000, "Points of cost that somebody may spend at once; not less than `cost`."
    )
    points_per_minute: int = _limit(12_000, "Points that come back to him in a minute.")
    preparing_points: int = _limit(
        20, "Points for a document that a server does not know yet: it is parsed and validated."
    )
    lookups_burst: int = _limit(60, "Numbers (NIK, cards, VA) that somebody may look up at once.")
    lookups_per_minute: int = _limit(60, "Look-ups that come back to him in a minute.")
    organisation_factor: int = _limit(
        10, "How many times as much facilities and employers may: one token, many people."
    )
    live_connections: int = _limit(400, "Connections with subscriptions that a process carries.")
    live_connections_each: int = _limit(20, "Such connections of one principal.")
    live_subscriptions: int = _limit(2_000, "Subscriptions that a process carries.")
    live_subscriptions_each: int = _limit(50, "Subscriptions of one principal.")
    live_subscriptions_a_socket: int = _limit(20, "Subscriptions on one WebSocket.")
    live_messages_per_minute: int = _limit(
        300, "Messages that a client may send on a WebSocket in a minute."
    )
    live_init_seconds: float = _seconds(5.0, "Time for `connection_init` to arrive.")
    live_send_seconds: float = _seconds(
        10.0, "Time for a client to take what it is told; who is slower is cut off, and can resume."
    )
    live_quiet_seconds: float = _seconds(
        15.0, "Silence after which server-sent events send a comment, so that proxies stay awake."
    )

    def changed(self, values: Mapping[str, str]) -> "Limits":
        """Return these limits with others in place; raises LimitInvalidError, which names them."""
        known = {one.name: one.type for one in fields(self)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise LimitInvalidError(
                f"there is no limit {', '.join(unknown)}; docs/graphql.md lists them"
            )
        parsed = {name: _number(name, text, known[name]) for name, text in values.items()}
        # The dictionary holds a number of the field's own type for each name.
        limits: Limits = replace(self, **parsed)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        if limits.points_burst < limits.cost:
            raise LimitInvalidError("points_burst must not be less than cost")
        return limits


def _number(name: str, text: str, kind: object) -> float:
    try:
        number = int(text) if kind in {int, "int"} else float(text)
    except ValueError as error:
        raise LimitInvalidError(f"the limit {name} must be a number, not {text!r}") from error
    if not 0 < number < 2**31:
        raise LimitInvalidError(f"the limit {name} must be more than 0 and less than 2^31")
    return number


def limits_table() -> str:
    """Return the table of docs/graphql.md."""
    rows = [
        f"| `{one.name}` | {one.default:,} | {one.metadata['description']} |"
        for one in fields(Limits)
    ]
    return "\n".join(["| Limit | Default | What it bounds |", "|---|---|---|", *rows]) + "\n"

"""Idempotency keys: a mutation that is sent again changes nothing and answers the same.

The key's row is inserted before the effect and in its transaction. Of two that come at once, the
second waits at the row until the first has ended; a refused one leaves no row, so that it may be
sent again once its reason is gone.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, LiteralString, cast

from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.months import CoverageMonth
from iuran.graphql.identity import Viewer
from iuran.graphql.rates import principal_of

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

KEPT_DAYS = 7
FORGOTTEN_AT_ONCE = 20
_KEY = re.compile(r"[!-~]{8,64}", re.ASCII)

CLAIM_KEY: LiteralString = """
    INSERT INTO mutation_answer (bucket, principal, key, mutation, input_hash, kept_at)
    VALUES ($1::smallint, $2, $3, $4, $5, $6)
    ON CONFLICT (bucket, principal, key) DO NOTHING
    RETURNING bucket
"""

SELECT_ANSWER: LiteralString = """
    SELECT input_hash, answer
    FROM mutation_answer
    WHERE bucket = $1::smallint AND principal = $2 AND key = $3
"""

KEEP_ANSWER: LiteralString = """
    UPDATE mutation_answer SET answer = $4
    WHERE bucket = $1::smallint AND principal = $2 AND key = $3
"""

FORGET_OLD: LiteralString = """
    DELETE FROM mutation_answer AS a
    USING (SELECT bucket, principal, key
           FROM mutation_answer
           WHERE bucket = $1::smallint AND kept_at < $2
           ORDER BY kept_at
           LIMIT $3
           FOR UPDATE SKIP LOCKED) AS old
    WHERE a.bucket = old.bucket AND a.principal = old.principal AND a.key = old.key
"""


class IdempotencyKeyReusedError(DomainError):
    """The key stands for another mutation, or for another input of this one."""

    code: ClassVar[str] = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__(
            "this idempotencyKey was used with another input; make a new key for each new wish, "
            "and keep it only when you send the same again"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OnceKey:
    """A key of somebody, and what it stands for."""

    principal: str
    key: str
    mutation: str
    input_hash: bytes

    @classmethod
    def of(
        cls, viewer: Viewer, key: str, *, mutation: str, given: "DataclassInstance"
    ) -> "OnceKey":
        """Take a key for a mutation with its input; raises InvalidInputError for its form."""
        if _KEY.fullmatch(key) is None:
            raise InvalidInputError(
                "idempotency_key", "write 8 to 64 visible ASCII characters, such as a UUID"
            )
        text = json.dumps([mutation, asdict(given)], sort_keys=True, default=str)
        return cls(
            principal=principal_of(f"{viewer.role}:{viewer.subject}"),
            key=key,
            mutation=mutation,
            input_hash=sha256(text.encode(errors="surrogatepass")).digest(),
        )

    @property
    def place(self) -> tuple[int, str, str]:
        """Parameters $1 to $3 of every statement here."""
        return int(self.principal[:2], 16), self.principal, self.key


async def known_answer(
    connection: Connection, once: OnceKey, *, now: datetime
) -> Mapping[str, object] | None:
    """Take the key in the caller's transaction; return the answer if it was done before.

    Waits for another transaction with the same key. Raises IdempotencyKeyReusedError. `now` is real
    time.
    """
    bucket, *_ = once.place
    await connection.execute(FORGET_OLD, bucket, now - timedelta(days=KEPT_DAYS), FORGOTTEN_AT_ONCE)
    taken = await connection.fetchval(CLAIM_KEY, *once.place, once.mutation, once.input_hash, now)
    if taken is not None:
        return None
    row = await connection.fetchrow(SELECT_ANSWER, *once.place)
    if row is None or row["input_hash"] != once.input_hash:
        raise IdempotencyKeyReusedError
    return _read(row["answer"])


async def keep_answer(connection: Connection, once: OnceKey, answer: Mapping[str, object]) -> None:
    """Keep what the mutation answered, with its effect."""
    await connection.execute(KEEP_ANSWER, *once.place, _written(answer))


def _written(answer: Mapping[str, object]) -> dict[str, object]:
    return {name: _tagged(value) for name, value in answer.items()}


def _tagged(value: object) -> object:
    if isinstance(value, CoverageMonth):
        return {"month": str(value)}
    if isinstance(value, date) and not isinstance(value, datetime):
        return {"date": value.isoformat()}
    if isinstance(value, datetime):
        return {"instant": value.isoformat()}
    return value


def _read(kept: object) -> dict[str, object]:
    # `_written` made it.
    answer = cast("dict[str, object]", kept)
    return {name: _untagged(value) for name, value in answer.items()}


def _untagged(value: object) -> object:
    if not isinstance(value, dict):
        return value
    ((tag, text),) = cast("dict[str, str]", value).items()
    return {
        "month": CoverageMonth.parse,
        "date": date.fromisoformat,
        "instant": datetime.fromisoformat,
    }[tag](text)

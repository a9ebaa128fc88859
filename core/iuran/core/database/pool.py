"""Connections to PostgreSQL, in the role that may do what the product does and nothing more."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
    Record = asyncpg.Record
    _PlainConnection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool
    Record = asyncpg.Record
    _PlainConnection = asyncpg.Connection

APPLICATION_ROLE = "iuran_app"
STATEMENT_LENGTH_MAX = 100_000
"""Characters of a statement that is kept prepared: compiled reads grow with what is selected."""
STATEMENT_TIMEOUT_MILLISECONDS = 30_000

# Plans are cached per connection. One that was made while a table was nearly empty would read all
# of it when it has grown: the first run of a new database took twelve times as long. Every look-up
# of ours has an index, so none may scan where one serves.
SESSION_SETTINGS = {"timezone": "UTC", "search_path": "public"}
APPLICATION_SETTINGS = SESSION_SETTINGS | {
    "role": APPLICATION_ROLE,
    "jit": "off",
    "enable_memoize": "off",  # under LIMIT a generic plan with it took 27 times as long
    "enable_seqscan": "off",
    "synchronous_commit": "on",  # law 2, whatever the server is set to
}

_JSONB_VERSION = b"\x01"  # the first byte of the binary format, the only one inside composites


class _KeptConnection(_PlainConnection):
    """A connection that goes back to its pool without a round trip.

    Nothing of ours leaves a trace in a session: settings are SET LOCAL, locks end with their
    transaction, and nobody listens. An open transaction is still rolled back.
    """

    def get_reset_query(self) -> str:
        """Return what is run when it goes back: nothing."""
        return ""


async def prepare_connection(connection: Connection) -> None:
    """Teach a new connection to read and write `jsonb` as Python values."""
    await connection.set_type_codec(
        "jsonb", encoder=_to_jsonb, decoder=_from_jsonb, schema="pg_catalog", format="binary"
    )


def _to_jsonb(value: object) -> bytes:
    return _JSONB_VERSION + json.dumps(value).encode()


def _from_jsonb(data: bytes) -> object:
    return json.loads(data[len(_JSONB_VERSION) :])


async def open_pool(
    database_url: str,
    *,
    connections_max: int = 10,
    application_name: str = "iuran",
    statement_timeout_milliseconds: int = STATEMENT_TIMEOUT_MILLISECONDS,
) -> Pool:
    """Open a pool whose connections act as the application's role and time out."""
    return await asyncpg.create_pool(
        database_url,
        min_size=1,
        max_size=connections_max,
        init=prepare_connection,
        connection_class=_KeptConnection,
        max_cacheable_statement_size=STATEMENT_LENGTH_MAX,
        command_timeout=statement_timeout_milliseconds / 1000 + 5,
        server_settings=APPLICATION_SETTINGS
        | {
            "application_name": application_name,
            "statement_timeout": str(statement_timeout_milliseconds),
            "idle_in_transaction_session_timeout": "60000",
        },
    )


@asynccontextmanager
async def connected(
    database_url: str, *, role: str | None = APPLICATION_ROLE
) -> AsyncGenerator[Connection]:
    """One connection for a command; `role=None` keeps the rights of the URL's own user."""
    settings = SESSION_SETTINGS if role is None else APPLICATION_SETTINGS | {"role": role}
    connection: asyncpg.Connection[Record] = await asyncpg.connect(
        database_url, server_settings=settings | {"application_name": "iuran"}
    )
    try:
        await prepare_connection(connection)
        yield connection
    finally:
        await connection.close()

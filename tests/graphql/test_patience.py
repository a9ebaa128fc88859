"""Patience with requests that take long."""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from iuran.graphql.errors import TimedOutError
from iuran.graphql.limits import Limits
from iuran.graphql.patience import Patience, Watch
from tests.circles import circles_of
from tests.conftest import PATIENCE_SECONDS


async def test_a_request_that_was_looked_after_leaves_nothing_behind() -> None:
    # given a client that stays, and one that leaves
    looked, never = asyncio.Event(), asyncio.Event()

    async def stays() -> Message:
        looked.set()
        await never.wait()
        raise AssertionError

    async def leaves() -> Message:
        return {"type": "http.disconnect"}

    # when one is answered late, one takes too long, and one is left
    async with circles_of(Patience) as found:
        ends = await asyncio.gather(
            _end_of(stays, PATIENCE_SECONDS, looked),
            _end_of(stays, 0.1, never),
            _end_of(leaves, PATIENCE_SECONDS, never),
        )

    # then
    assert list(ends) == [None, TimedOutError, ClientDisconnect]
    assert found == []


async def _end_of(receive: Receive, seconds: float, until: asyncio.Event) -> type | None:
    """How a request ends that waits for an event."""
    patience = Patience(receive, Watch(Limits(request_seconds=seconds, body_seconds=seconds)))
    patience.has_body()
    try:
        await patience.with_(_waiting(until))
    except (TimedOutError, ClientDisconnect) as error:
        return type(error)
    return None


async def _waiting(until: asyncio.Event) -> None:
    await until.wait()

"""Places: how many connections and subscriptions there are in this process, and whose."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from iuran.graphql.limits import Limits
from iuran.graphql.live.refusals import LiveFullError, TooManySubscriptionsError
from iuran.graphql.metrics import LIVE_CONNECTIONS, LIVE_SUBSCRIPTIONS


class Places:
    """Counts what is open; a place is taken before any work, and given back when all is over."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._connections = 0
        self._subscriptions = 0
        self._connections_of: Counter[str] = Counter()
        self._subscriptions_of: Counter[str] = Counter()

    @contextmanager
    def connection(self, transport: str) -> Generator[None]:
        """Hold a place for a connection, whoever it is; raises LiveFullError."""
        if self._connections >= self._limits.live_connections:
            raise LiveFullError("this server carries all the connections it can; try again")
        self._connections += 1
        LIVE_CONNECTIONS.labels(transport=transport).inc()
        try:
            yield
        finally:
            self._connections -= 1
            LIVE_CONNECTIONS.labels(transport=transport).dec()

    @contextmanager
    def connection_of(self, principal: str) -> Generator[None]:
        """Hold a place for a connection of somebody; raises TooManySubscriptionsError."""
        if self._connections_of[principal] >= self._limits.live_connections_each:
            raise TooManySubscriptionsError("you have too many connections open; close some")
        with _counted(self._connections_of, principal):
            yield

    @contextmanager
    def subscription_of(self, principal: str) -> Generator[None]:
        """Hold a place for a subscription; raises TooManySubscriptionsError or LiveFullError."""
        if self._subscriptions_of[principal] >= self._limits.live_subscriptions_each:
            raise TooManySubscriptionsError("you have too many subscriptions open; end some")
        if self._subscriptions >= self._limits.live_subscriptions:
            raise LiveFullError("this server carries all the subscriptions it can; try again")
        self._subscriptions += 1
        LIVE_SUBSCRIPTIONS.inc()
        try:
            with _counted(self._subscriptions_of, principal):
                yield
        finally:
            self._subscriptions -= 1
            LIVE_SUBSCRIPTIONS.dec()


@contextmanager
def _counted(counter: Counter[str], key: str) -> Generator[None]:
    counter[key] += 1
    try:
        yield
    finally:
        counter[key] -= 1
        if not counter[key]:
            del counter[key]

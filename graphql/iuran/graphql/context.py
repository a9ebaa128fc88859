"""What resolvers are given: who asks, and what may be read for him."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import strawberry

from iuran.graphql.identity import Viewer

if TYPE_CHECKING:
    from iuran.graphql.changes import Changes  # changes read, and reads make types
    from iuran.graphql.live.subscriber import Subscriber  # it reads, and reads make types
    from iuran.graphql.reads.loading import Reads  # reads make types, types ask reads


@dataclass(slots=True, kw_only=True)
class Context:
    """One operation. Each change of a mutation is followed by new reads, which see it."""

    viewer: Viewer
    reads: "Reads"
    changes: "Changes | None" = None
    subscriber: "Subscriber | None" = None

    @property
    def changes_under_way(self) -> "Changes":
        """The changes of a mutation; nothing else has any."""
        if self.changes is None:
            raise RuntimeError("only a mutation changes something")
        return self.changes

    @property
    def subscriber_at_work(self) -> "Subscriber":
        """Who is told; there is one in subscriptions only."""
        if self.subscriber is None:
            raise RuntimeError("only a subscription tells somebody")
        return self.subscriber


Info = strawberry.Info[Context, Any]  # nothing is ever given as root value

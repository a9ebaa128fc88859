"""What resolvers are given: who asks, and what may be read for him."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import strawberry

from iuran.graphql.identity import Viewer

if TYPE_CHECKING:
    from iuran.graphql.reads.loading import Reads  # reads make types, types ask reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One operation."""

    viewer: Viewer
    reads: "Reads"


Info = strawberry.Info[Context, Any]  # nothing is ever given as root value

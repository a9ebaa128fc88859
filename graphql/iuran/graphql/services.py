"""What the edge is given at start-up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypedDict

from iuran.core.clock import Clock
from iuran.core.database.pool import Pool
from iuran.graphql.limits import Limits
from iuran.graphql.rates import Rates


class JwksDocument(TypedDict):
    """A JSON Web Key Set (RFC 7517): the public keys of whoever issues the tokens."""

    keys: Sequence[Mapping[str, str]]


class IntrospectionPolicy(StrEnum):
    """Who may read the schema through the API; the committed SDL is public anyway."""

    OFF = "OFF"
    DEVELOPERS = "DEVELOPERS"
    AUTHENTICATED = "AUTHENTICATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlServices:
    """Everything that the GraphQL edge needs, handed down to its routes."""

    pool: Pool
    clock: Clock
    jwks: JwksDocument
    issuer: str
    audience: str
    limits: Limits = field(default_factory=Limits)
    rates: Rates = field(default_factory=Rates)
    introspection: IntrospectionPolicy = IntrospectionPolicy.DEVELOPERS
    graphiql: bool = False

"""What the edge is given at start-up."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from iuran.core.clock import Clock
from iuran.core.database.pool import Pool
from iuran.core.reminders.events import Channel
from iuran.graphql.documents_mode import DocumentsMode
from iuran.graphql.journal import Journal, log_note
from iuran.graphql.limits import Limits
from iuran.graphql.rates import Rates
from iuran.graphql.signing_keys import SigningKeys
from iuran.payments.receipts.links import ReceiptLinks
from iuran.payments.secrets import Cipher
from iuran.payments.webhooks.addresses import Reach


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
    keys: SigningKeys
    issuer: str
    audience: str
    cipher: Cipher | None = None
    """Encrypts what families entrust to us, such as a bank account; only mutations need it."""
    reach: Reach = field(default_factory=Reach)
    """Where webhooks may go; to the internet alone, unless told."""
    limits: Limits = field(default_factory=Limits)
    rates: Rates = field(default_factory=Rates)
    introspection: IntrospectionPolicy = IntrospectionPolicy.DEVELOPERS
    documents_mode: DocumentsMode = DocumentsMode.HYBRID
    draft_statuses: bool = False
    """Whether answers in `application/graphql-response+json` have the newer draft's statuses."""
    graphiql: bool = False
    journal: Journal = log_note
    """Writes the line of each operation."""
    receipts: ReceiptLinks | None = None
    """What makes links to receipts; without it there are none."""
    channels: Collection[Channel] = tuple(Channel)
    """Over which families are written to."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server is told to stop: subscriptions then end, and come back elsewhere."""

"""What the edge counts."""

from prometheus_client import Counter, Gauge, Histogram

from iuran.core.tallies import Spread, Tally

OPERATIONS = Tally(
    "iuran_graphql_operations",
    "GraphQL requests, by the viewer's role and the code of the first error (OK if none)",
    ["role", "code"],
)
DURATION = Spread(
    "iuran_graphql_operation_seconds",
    "Time from the arrival of a GraphQL request to its answer",
    bounds=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
STATEMENTS = Spread(
    "iuran_graphql_statements",
    "SQL statements that an operation took",
    bounds=(0, 1, 2, 4, 8, 12, 16, 32),
)
DOCUMENT_LOOKUPS = Tally(
    "iuran_graphql_document_lookups",
    "Whether a request's document was known, parsed and validated",
    ["found"],
)
CRASHES = Counter("iuran_graphql_crashes_total", "Errors that nobody expected, masked in answers")
RATE_LIMIT_TAKES = Counter(
    "iuran_graphql_rate_limit_takes_total",
    "Chunks of principals' tokens that were taken, by bucket, from Redis or from this server",
    ["bucket", "source"],
)
RATE_LIMITED = Counter(
    "iuran_graphql_rate_limited_total",
    "Requests refused because their principal has spent his tokens, by bucket",
    ["bucket"],
)
EXECUTIONS = Tally(
    "iuran_graphql_executions",
    "Operations by how they were answered: compiled, or plainly and why",
    ["way"],
)
FLIGHT_SIZE = Spread(
    "iuran_graphql_flight_size",
    "Small questions of one form that shared a statement",
    bounds=(1, 2, 4, 8, 16, 32),
)
FLIGHTS_FAILED = Counter(
    "iuran_graphql_flights_failed_total",
    "Shared statements that failed, after which each question was asked alone",
)
LIVE_CONNECTIONS = Gauge(
    "iuran_graphql_live_connections", "Connections that carry subscriptions now", ["transport"]
)
LIVE_SUBSCRIPTIONS = Gauge("iuran_graphql_live_subscriptions", "Subscriptions that are open now")
LIVE_EVENTS = Counter(
    "iuran_graphql_live_events_total", "Events that were told to subscribers, by type", ["type"]
)
LIVE_EVENT_SECONDS = Histogram(
    "iuran_graphql_live_event_seconds",
    "Time from reading an event for a subscriber until it was handed to the network",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LIVE_ENDS = Counter(
    "iuran_graphql_live_ends_total",
    "Connections with subscriptions that ended, by transport and why",
    ["transport", "reason"],
)
LIVE_LOOKS = Counter(
    "iuran_graphql_live_looks_total",
    "Looks at the table of events, by what came of them",
    ["result"],
)

"""What the money side counts and times, on the default Prometheus registry."""

from prometheus_client import Counter, Gauge, Histogram

SNAP_ANSWERS = Counter(
    "iuran_snap_answers",
    "Answers to banks over SNAP BI",
    ["service", "channel", "response_code"],
)

SNAP_ANSWER_SECONDS = Histogram(
    "iuran_snap_answer_seconds",
    "Time from the request's head to the answer, in seconds; banks give up after about ten",
    ["service", "channel", "response_code"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)

SNAP_INCONSISTENT_PAYMENTS = Counter(
    "iuran_snap_inconsistent_payments",
    "Payments whose reference belongs to another amount or account: reconcile them",
    ["channel"],
)

TRANSACTION_RETRIES = Counter(
    "iuran_transaction_retries",
    "Transactions begun anew after a deadlock, a serialization failure or a lost connection",
    ["reason"],
)

CHANNEL_RELOADS = Counter(
    "iuran_channel_reloads",
    "Reloads of the channel directory from PostgreSQL",
    ["cause"],
)

SETTLEMENT_FLIGHT_SIZE = Histogram(
    "iuran_settlement_flight_size",
    "Payments that shared one call and one commit",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 500),
)

SETTLEMENT_FLIGHTS_FAILED = Counter(
    "iuran_settlement_flights_failed",
    "Shared commits that failed or hung, so that each payment was tried alone",
    ["reason"],
)

SETTLEMENT_WAITING = Gauge(
    "iuran_settlement_waiting",
    "Payments that wait for the commit before theirs",
)

SETTLEMENT_REFUSALS = Counter(
    "iuran_settlement_refusals",
    "Payments that were refused at once because too many were waiting",
)

LOST_PAYMENTS = Counter(
    "iuran_lost_payments",
    "Payments that a bank had and we did not, by the service that found them",
    ["channel", "service"],
)

LOST_PAYMENT_SECONDS = Histogram(
    "iuran_lost_payment_seconds",
    "How long a payer was paid but inactive before the search found his payment, in seconds",
    ["channel"],
    buckets=(60, 180, 300, 600, 1800, 3600, 6 * 3600, 24 * 3600, 72 * 3600),
)

LOST_PAYMENTS_DISPUTED = Counter(
    "iuran_lost_payments_disputed",
    "Payments that a bank tells otherwise than we know them, each once: settle them with it",
    ["channel"],
)

LOST_PAYMENTS_HELD = Counter(
    "iuran_lost_payments_held",
    "Payments told under an id that was never pushed, like one that we have: held as disputes",
    ["channel"],
)

LOST_LINES_UNREADABLE = Counter(
    "iuran_lost_lines_unreadable",
    "Payments of a bank's own status or report that lack a field or have one of another form",
)

RECEIPTS_SHOWN = Counter(
    "iuran_receipts_shown",
    "Receipts that were asked for by their link, as page or PDF, and what came of it",
    ["form", "result"],
)

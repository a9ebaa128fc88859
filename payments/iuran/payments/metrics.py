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

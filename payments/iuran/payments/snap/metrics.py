"""What the SNAP edge counts of transactions that outlived their answers."""

from prometheus_client import Counter, Gauge

SNAP_STRAYS = Gauge(
    "iuran_snap_strays",
    "Transactions whose answer has gone out, and which have not ended yet",
)

SNAP_STRAYS_LEFT = Counter(
    "iuran_snap_strays_left",
    "Transactions that did not end in time for their answer, by where they were",
    ["phase"],
)

SNAP_MESSAGES_KEPT = Counter(
    "iuran_snap_messages_kept",
    "Messages that were stored in the vault with their answers",
)

SNAP_MESSAGES_NOT_KEPT = Counter(
    "iuran_snap_messages_not_kept",
    "Messages that were not stored: too many of unproven senders, a full queue, no database",
    ["cause"],
)

SNAP_QUOTAS_LOCAL = Counter(
    "iuran_snap_quotas_local",
    "Times that Redis did not answer and quotas were counted in the process for some seconds",
)

SNAP_CROWDED_REFUSALS = Counter(
    "iuran_snap_crowded_refusals",
    "Messages that were refused at once because too many strays were under way",
)

"""What the workers count. The names are part of the product: dashboards read them."""

from prometheus_client import Counter, Gauge, Histogram

JOBS = Counter("iuran_jobs", "Jobs that ended, by kind and result", ["kind", "result"])
JOB_SECONDS = Histogram(
    "iuran_job_seconds",
    "How long a job ran, in seconds",
    ["kind"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 3600),
)
JOBS_DEAD = Gauge("iuran_jobs_dead", "Jobs that were given up and wait for somebody to look")
REMINDERS = Counter(
    "iuran_reminders",
    "Messages that were closed or put off, by event and result",
    ["event", "result"],
)
REMINDERS_SCHEDULED = Counter(
    "iuran_reminders_scheduled", "Messages that were scheduled, by event", ["event"]
)
REMINDERS_FALLEN_BACK = Counter(
    "iuran_reminders_fallen_back",
    "Messages that are tried over another channel, by event and that channel",
    ["event", "channel"],
)
DELIVERY_REPORTS = Counter(
    "iuran_delivery_reports", "Reports of deliveries, by way and whether new", ["way", "result"]
)
OUTBOX_EVENTS = Counter("iuran_outbox_events", "Events that were given their place in the order")
OUTBOX_LAG_SECONDS = Gauge(
    "iuran_outbox_lag_seconds", "Age of the oldest event of the last batch, in legal time"
)
BILLS_ISSUED = Counter("iuran_bills_issued", "Bills that the monthly run issued")
MEMBERSHIPS_SUSPENDED = Counter(
    "iuran_memberships_suspended", "Memberships that the monthly run suspended"
)
REDIS_UP = Gauge("iuran_worker_redis_up", "Whether this worker hears wake-ups from Redis")
LEADS = Gauge("iuran_worker_leads", "Whether this worker is the one that ticks")
WEBHOOKS = Counter(
    "iuran_webhooks", "Calls to subscribers, by endpoint and result", ["endpoint", "result"]
)
WEBHOOK_SECONDS = Histogram(
    "iuran_webhook_seconds",
    "How long subscribers take to answer, in seconds",
    ["endpoint"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30),
)
WEBHOOKS_DISABLED = Counter(
    "iuran_webhooks_disabled", "Endpoints that were disabled because they took nothing"
)
RECORDS_PURGED = Counter("iuran_records_purged", "Records older than their retention", ["what"])

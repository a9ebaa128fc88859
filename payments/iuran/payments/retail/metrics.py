"""What the endpoints for aggregators count and time."""

from prometheus_client import Counter, Histogram

RETAIL_ANSWERS = Counter(
    "iuran_retail_answers",
    "Answers to aggregators by what came of their message",
    ["channel", "dialect", "code"],
)

RETAIL_ANSWER_SECONDS = Histogram(
    "iuran_retail_answer_seconds",
    "Time from the request's head to the answer, in seconds; Midtrans gives up after 15",
    ["dialect"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)

RETAIL_ATTENTION = Counter(
    "iuran_retail_attention",
    "Messages that somebody has to look at: suspense, other amounts, refunds, unreadable ones",
    ["channel", "reason"],
)

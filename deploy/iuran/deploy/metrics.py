"""What the HTTP edge counts."""

from prometheus_client import Counter, Gauge

from iuran.core.tallies import Level, Spread, Tally

REQUESTS = Tally("iuran_http_requests", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Spread(
    "iuran_http_request_seconds",
    "Time from a request's head to the end of its answer.",
    ["method", "route"],
    bounds=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
REQUESTS_IN_FLIGHT = Level("iuran_http_requests_in_flight", "Requests being answered now.")
CRASHES = Counter("iuran_http_crashes", "Requests that ended in an unexpected error.", ["route"])
LINES_LOST = Counter("iuran_log_lines_lost", "Log lines that could not be written.")
CLOCK_OFFSET_SECONDS = Gauge(
    "iuran_test_clock_offset_seconds", "How far legal time stands from real time."
)

"""Tallies tell Prometheus what the metrics of prometheus_client would have told."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.registry import Collector

from iuran.core.tallies import Level, Spread, Tally

BOUNDS = (0.001, 0.5, 2, 16)
_numbers = count()


def _told(collector: Collector, name: str) -> list[str]:
    """What is exposed of one collector, without the instants at which counting began."""
    registry = CollectorRegistry()
    registry.register(collector)
    lines = generate_latest(registry).decode().replace(name, "it").splitlines()
    return sorted(line for line in lines if "_created" not in line)


@given(st.lists(st.tuples(st.sampled_from(["GET", "POST"]), st.sampled_from(["200", "404"]))))
def test_a_tally_counts_as_a_counter_does(counted: list[tuple[str, str]]) -> None:
    name = f"iuran_test_tally_{next(_numbers)}"
    ours = Tally(name, "Requests.", ["method", "status"])
    theirs = Counter(name, "Requests.", ["method", "status"], registry=None)

    for labels in counted:
        ours.count(*labels)
        theirs.labels(*labels).inc()

    assert _told(ours, name) == _told(theirs, name)


@given(st.lists(st.floats(0, 32) | st.sampled_from(BOUNDS)))
def test_a_spread_notes_as_a_histogram_does(values: list[float]) -> None:
    name = f"iuran_test_spread_{next(_numbers)}"
    ours = Spread(name, "Seconds.", ["route"], bounds=BOUNDS)
    theirs = Histogram(name, "Seconds.", ["route"], buckets=BOUNDS, registry=None)

    for value in values:
        ours.note(value, "/graphql")
        theirs.labels("/graphql").observe(value)

    assert _told(ours, name) == _told(theirs, name)


def test_what_has_no_labels_is_there_before_it_is_counted() -> None:
    tally, spread = (
        Tally("iuran_test_plain_tally", "."),
        Spread("iuran_test_plain", ".", bounds=[1]),
    )

    assert "it_total 0.0" in _told(tally, "iuran_test_plain_tally")
    assert "it_count 0.0" in _told(spread, "iuran_test_plain")


def test_a_level_tells_how_many_there_are_now() -> None:
    level = Level("iuran_test_level", "Requests being answered now.")

    level.now += 2
    level.now -= 1

    assert "it 1.0" in _told(level, "iuran_test_level")

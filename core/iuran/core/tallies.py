"""Tallies: what is counted so often that counting must cost next to nothing.

The metrics of prometheus_client take a lock, and several calls, for each number. These are plain
numbers that it reads when it is asked. They belong to one event loop: nothing else counts in them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from prometheus_client import REGISTRY
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector


class Tally(Collector):
    """A counter, by its labels."""

    def __init__(self, name: str, documentation: str, labels: Sequence[str] = ()) -> None:
        self._name, self._documentation, self._labels = name, documentation, labels
        self._counts: dict[tuple[str, ...], int] = {} if labels else {(): 0}
        REGISTRY.register(self)

    def count(self, *labels: str) -> None:
        """Count one more."""
        self._counts[labels] = self._counts.get(labels, 0) + 1

    def collect(self) -> Iterable[Metric]:
        """Tell prometheus_client what was counted."""
        family = CounterMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, count in self._counts.items():
            family.add_metric(labels, count)
        return [family]


class Level(Collector):
    """How many there are of something now."""

    def __init__(self, name: str, documentation: str) -> None:
        self._name, self._documentation = name, documentation
        self.now = 0
        REGISTRY.register(self)

    def collect(self) -> Iterable[Metric]:
        """Tell prometheus_client how many there are."""
        return [GaugeMetricFamily(self._name, self._documentation, value=self.now)]


class Spread(Collector):
    """A histogram, by its labels: how often a value was at most each of some bounds."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str] = (),
        *,
        bounds: Sequence[float],
    ) -> None:
        self._name, self._documentation, self._labels = name, documentation, labels
        self._bounds = sorted(bounds)
        self._rows: dict[tuple[str, ...], list[float]] = {}
        if not labels:
            self._row(())
        REGISTRY.register(self)

    def note(self, value: float, *labels: str) -> None:
        """Note one value."""
        row = self._rows.get(labels) or self._row(labels)
        row[bisect_left(self._bounds, value)] += 1
        row[-1] += value

    def _row(self, labels: tuple[str, ...]) -> list[float]:
        """Begin with nothing: a count for each bound, one for what is beyond them, and the sum."""
        row = self._rows[labels] = [0.0] * (len(self._bounds) + 2)
        return row

    def collect(self) -> Iterable[Metric]:
        """Tell prometheus_client what was noted."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, (*counts, total) in self._rows.items():
            family.add_metric(labels, buckets=self._buckets(counts), sum_value=total)
        return [family]

    def _buckets(self, counts: Sequence[float]) -> list[tuple[str, float]]:
        """Return what Prometheus wants: of each bound, how many were not above it."""
        names = [*(str(bound * 1.0) for bound in self._bounds), "+Inf"]
        sums = [sum(counts[: place + 1]) for place in range(len(counts))]
        return list(zip(names, sums, strict=True))

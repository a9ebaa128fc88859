"""Token buckets in memory."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Bucket:
    """Lets `burst` through at once and `a_second` from then on."""

    a_second: float
    burst: int
    _tokens: float | None = None
    _at: float = field(default_factory=time.monotonic)

    def take(self) -> bool:
        """Take one token if there is one."""
        now = time.monotonic()
        tokens = self.burst if self._tokens is None else self._tokens
        tokens = min(tokens + (now - self._at) * self.a_second, self.burst)
        self._at = now
        self._tokens = tokens - 1 if tokens >= 1 else tokens
        return tokens >= 1

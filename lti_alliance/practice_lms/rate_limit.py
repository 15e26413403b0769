"""Let a platform's calls through at a steady rate and no faster."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class RateLimit:
    """A bucket of calls: it holds a second's worth and fills as the platform's time passes."""

    level: float | None = None
    """How many calls may come now; nothing is known before the first."""
    at: float = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def let_through(self, per_s: float, *, now: float) -> bool:
        """Take one call from the bucket, or tell that it is empty; a rate of 0 limits nothing."""
        if per_s <= 0:
            self.level = None
            return True
        with self.lock:
            most = max(1.0, per_s)
            passed = max(0.0, now - self.at)
            level = most if self.level is None else min(most, self.level + passed * per_s)
            self.at = now
            let = level >= 1
            self.level = level - 1 if let else level
            return let

"""Counting what comes, in fixed windows: in this process while it is little, then for all of them.

A round to the shared store costs as much as a statement of the database, and nearly everything that
comes is far below every limit. So each process counts by itself until a tenth of what is allowed
has come within the window; then the shared store counts, and is told of that tenth as well. With
many processes each may let a tenth more through: limits stop floods, they are no quotas.
"""

import threading
import time
from collections.abc import Callable

import structlog
from limits import RateLimitItem
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

_SHARE_COUNTED_HERE = 10
_SWEEP_EVERY_S = 10.0
_WITHOUT_STORE_S = 10.0
"""For how long a store that failed is left alone; each process then counts for itself."""

_STORE_WAITS: dict[str, float | str] = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
"""Seconds after which a store that is silent counts as one that failed."""

_log = structlog.get_logger(__name__)
_Name = tuple[str, str]


class Counts:
    """How often what has come, by scope and by whom it is counted for."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Count in the store at ``url``: ``memory://`` or ``redis://host:port/database``."""
        waits = {} if url.startswith("memory:") else _STORE_WAITS
        self._shared = FixedWindowRateLimiter(storage_from_string(url, **waits))
        self._spare = FixedWindowRateLimiter(MemoryStorage())
        self._clock = clock
        self._lock = threading.Lock()
        self._here: dict[_Name, tuple[float, int]] = {}
        self._sweep_at = 0.0
        self._without_store_until = 0.0

    def hit(self, item: RateLimitItem, scope: str, who: str) -> bool:
        """Count one; say whether it is within what the item allows."""
        few = item.amount // _SHARE_COUNTED_HERE
        before = self._count_here(item, (scope, who))
        if before < few:
            return True
        cost = few + 1 if before == few else 1
        return self._ask(lambda limiter: limiter.hit(item, scope, who, cost=cost))

    def is_used_up(self, item: RateLimitItem, scope: str, who: str) -> bool:
        """Say whether one more would be too much, and count nothing."""
        with self._lock:
            ends, here = self._here.get((scope, who), (0.0, 0))
        if ends <= self._clock() or here <= item.amount // _SHARE_COUNTED_HERE:
            return False
        return not self._ask(lambda limiter: limiter.test(item, scope, who))

    def counted_for(self, who: str) -> set[str]:
        """Return the scopes in which something has lately been counted here for somebody."""
        now = self._clock()
        with self._lock:
            return {s for (s, name), (ends, _) in self._here.items() if name == who and ends > now}

    def shared_count(self, item: RateLimitItem, scope: str, who: str) -> int:
        """Return what the shared store has counted in the present window."""
        return item.amount - self._shared.get_window_stats(item, scope, who).remaining

    def reset(self) -> None:
        """Forget everything that was counted."""
        with self._lock:
            self._here.clear()
        self._ask(lambda limiter: limiter.storage.reset() is not None)

    def _count_here(self, item: RateLimitItem, name: _Name) -> int:
        now = self._clock()
        with self._lock:
            if now >= self._sweep_at:
                self._here = {each: kept for each, kept in self._here.items() if kept[0] > now}
                self._sweep_at = now + _SWEEP_EVERY_S
            ends, before = self._here.get(name, (0.0, 0))
            if ends <= now:
                ends, before = now + item.get_expiry(), 0
            self._here[name] = ends, before + 1
        return before

    def _ask(self, question: Callable[[FixedWindowRateLimiter], bool]) -> bool:
        if self._clock() >= self._without_store_until:
            try:
                return question(self._shared)
            except self._shared.storage.base_exceptions as error:
                self._without_store_until = self._clock() + _WITHOUT_STORE_S
                _log.warning("limits.store_unreachable", reason=type(error).__name__)
        return question(self._spare)

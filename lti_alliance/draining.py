"""Draining: how the threads of one process are kept at work while scores are due."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from lti_alliance.delivering import Deliverer

THREADS = 32
"""Batches under way at once in one process: a few slow platforms leave room for the others."""
OTHERS_APART_S = 0.25
"""While one platform's backlog drains, scores of others that nobody told of are looked for so
often."""


class Drain:
    """The batches that one process has under way; ``wake`` is called when one of them has ended."""

    def __init__(self, deliverer: Deliverer, wake: Callable[[], None]) -> None:
        self._deliverer = deliverer
        self._wake = wake
        self._under_way: set[Future[None]] = set()
        self._freed: deque[Future[None]] = deque()
        """What has ended and not been made good for yet."""
        self._others_at = 0.0
        self.has_backlog = False
        """Whether the last claim was as much as one thread takes: more is likely to wait."""

    def go_on(self, pool: ThreadPoolExecutor, *, has_news: bool) -> None:
        """Begin batches until nothing is due or no thread is free.

        In a long backlog a batch that has ended makes room for one more of the same platform: that
        is claimed without looking first, and what else may be due is looked for now and then, or
        at once when there is news.
        """
        for _ in range(len(self._freed)):
            self._freed.popleft()
            if self.has_backlog:
                self._begin(pool, looks_first=False)
        now = time.monotonic()
        if not self.has_backlog or has_news or now - self._others_at >= OTHERS_APART_S:
            self._others_at = now
            while self._begin(pool, looks_first=True):
                pass

    def _begin(self, pool: ThreadPoolExecutor, *, looks_first: bool) -> bool:
        if len(self._under_way) >= THREADS:
            return False
        claimed = self._deliverer.claim(looks_first=looks_first)
        if claimed is None:
            # Without a look first, it may have been another worker that took the room.
            self.has_backlog = self.has_backlog and looks_first
            return False
        self.has_backlog = claimed.is_full
        future = pool.submit(self._deliverer.deliver, claimed)
        self._under_way.add(future)
        future.add_done_callback(self._ended)
        return True

    def _ended(self, future: Future[None]) -> None:
        self._under_way.discard(future)
        self._freed.append(future)
        self._wake()

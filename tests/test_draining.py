"""Keeping the threads of a worker at work: what is claimed, and how often it is looked first."""

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lti_alliance import draining
from lti_alliance.delivering import Batch
from lti_alliance.draining import Drain


class Deliveries:
    """Stands in for what is due: batches that are handed out, and calls that end when told to."""

    def __init__(self, *batches: Batch | None) -> None:
        self.batches = deque(batches)
        self.looked: list[bool] = []
        self.may_end = threading.Semaphore(0)

    def claim(self, *, looks_first: bool = True) -> Batch | None:
        self.looked.append(looks_first)
        return self.batches.popleft() if self.batches else None

    def deliver(self, _batch: Batch) -> None:
        self.may_end.acquire(timeout=10)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(draining.THREADS) as found:
        yield found


def full() -> Batch:
    return Batch(0.0, [], is_full=True)


def short() -> Batch:
    return Batch(0.0, [])


def begun(due: Deliveries) -> tuple[Drain, threading.Semaphore]:
    """Return a drain and what counts the batches that have ended."""
    ended = threading.Semaphore(0)
    return Drain(due, ended.release), ended  # type: ignore[arg-type]


def test_what_is_due_is_begun_until_nothing_is(pool: ThreadPoolExecutor) -> None:
    """Each claim looks first: looking makes nobody wait."""
    due = Deliveries(full(), short())
    drain, ended = begun(due)
    drain.go_on(pool, has_news=True)
    due.may_end.release(2)

    assert due.looked == [True, True, True]
    assert not drain.has_backlog
    assert all(ended.acquire(timeout=10) for _ in range(2))


def test_a_backlog_goes_on_without_looking(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that has ended is made good for by one claim; nothing else is asked meanwhile."""
    monkeypatch.setattr(draining, "OTHERS_APART_S", 60.0)
    due = Deliveries(full(), None, full())
    drain, ended = begun(due)
    drain.go_on(pool, has_news=True)
    due.may_end.release()
    assert ended.acquire(timeout=10)
    due.looked.clear()
    drain.go_on(pool, has_news=False)
    due.may_end.release()

    assert due.looked == [False]
    assert drain.has_backlog


def test_news_are_looked_at_in_a_backlog(pool: ThreadPoolExecutor) -> None:
    """Another platform's score that has just been wanted does not wait for the backlog."""
    due = Deliveries(full(), None, short(), None)
    drain, _ = begun(due)
    drain.go_on(pool, has_news=True)
    due.looked.clear()
    drain.go_on(pool, has_news=True)
    due.may_end.release(2)

    assert due.looked == [True, True]


def test_others_are_looked_for_now_and_then(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What becomes due by itself tells nobody, and is found all the same."""
    monkeypatch.setattr(draining, "OTHERS_APART_S", 0.0)
    due = Deliveries(full(), None)
    drain, _ = begun(due)
    drain.go_on(pool, has_news=True)
    due.looked.clear()
    drain.go_on(pool, has_news=False)
    due.may_end.release()

    assert due.looked == [True]


def test_no_more_is_claimed_than_threads_are_free(pool: ThreadPoolExecutor) -> None:
    """What cannot be begun is left to other workers."""
    due = Deliveries(*(full() for _ in range(draining.THREADS + 3)))
    drain, _ = begun(due)
    drain.go_on(pool, has_news=True)
    claimed = len(due.looked)
    due.may_end.release(draining.THREADS)

    assert claimed == draining.THREADS

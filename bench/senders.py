"""What the two kinds of sender have in common: made ready, let go, counted."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from bench.lms import Column, Scores


class SenderFailed(Exception):
    """A sender ended or stood still before all scores were sent; the message says why."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A sender that stands ready with everything it has to send."""

    go: Callable[[], float]
    """Let it send, and return the monotonic time of that moment."""
    look: Callable[[], None]
    """Raise ``SenderFailed`` if it has ended."""
    settle: Callable[[], None]
    """Wait until it has noted by itself that all is sent."""
    cpu_s: Callable[[], float]
    """The CPU seconds that its processes have used so far."""
    database_s: Callable[[], float | None] = lambda: None
    """The CPU seconds that its database server has used since it stood ready."""


class Sender(Protocol):
    """A program that sends scores to a practice LMS."""

    @property
    def name(self) -> str:
        """What the report calls it."""
        ...

    def ready(self, column: Column, scores: Scores) -> AbstractContextManager[Sending]:
        """Make it ready for one run."""
        ...

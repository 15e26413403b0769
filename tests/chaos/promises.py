"""What is promised, and the one way of saying that a promise was broken.

The numbers are those of `reference/security.md`, section 5.4.
"""

from collections import Counter

PROMISES = {
    "I1": "what was handed in and has a grade is wanted in the gradebook, and nothing else is",
    "I2": "timestamps of a person in a column rise by a second at least",
    "I3": "at rest the gradebook shows the tool's score, or the row says truly why not",
    "I4": "one score call is in flight for a person in a column",
    "I5": "nothing that people see happens twice: no attempt, no comment",
    "I6": "nothing stays leased after its lease",
    "I7": "no secret and nothing personal is in the log",
    "I8": "every call goes to a host of its registration",
    "I9": "a released score is never followed by a message that takes it back",
    "I10": "where a score comes with a comment, Moodle shows both",
}


class PromiseBroken(AssertionError):
    """A promise does not hold; ``promise`` is its number."""

    def __init__(self, promise: str, how: str) -> None:
        super().__init__(f"{promise}, {PROMISES[promise]}: {how}")
        self.promise = promise


class Promises:
    """Checks promises and counts how often each was checked."""

    def __init__(self) -> None:
        self.checked: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self._first: PromiseBroken | None = None

    def check(self, promise: str, holds: object, how: str) -> None:
        """Break off where a promise does not hold."""
        self.checked[promise] += 1
        if not holds:
            self.broken[promise] += 1
            self._first = self._first or PromiseBroken(promise, how)
            raise self._first

    def confirm(self) -> None:
        """Break off if a promise was broken inside a call, where a worker takes every exception."""
        if self._first is not None:
            raise self._first

    def forget(self) -> None:
        """Begin anew."""
        self._first = None

"""A batch of scores under way: which call is made next, and when the batch is over."""

from collections import Counter, deque
from collections.abc import Sequence
from uuid import UUID

from lti_alliance.domain.circuits import is_failure, is_passing
from lti_alliance.domain.delivery import ASKED_AGAIN
from lti_alliance.errors import PlatformError
from lti_alliance.services.score_steps import Heard, Step

IN_A_ROW = 2
"""How many failures in passing may follow one another after a success."""


class Pulse:
    """How a platform has been answering this process, whichever thread asked."""

    def __init__(self) -> None:
        # Of a platform that has not answered yet nobody knows that it is well.
        self._failures = IN_A_ROW

    @property
    def is_well(self) -> bool:
        """Whether one more failure in passing may be taken for a single one."""
        return self._failures < IN_A_ROW

    def hear(self, error: PlatformError | None) -> None:
        """Take the next answer."""
        if error is None:
            self._failures = 0
        else:
            self._failures = self._failures + 1 if is_passing(error) else IN_A_ROW


class BatchUnderWay:
    """The steps of one batch, called one after the other by one thread.

    A call that failed in passing, as at a server that is being replaced, is made again when the
    others of the batch have been made: giving the rest back, and waiting, would cost more than the
    call. A failure counts as passing only soon after a success, be it another batch's, which is
    what ``pulse`` tells. Any other failure of the platform ends the batch.
    """

    def __init__(self, steps: Sequence[Step], pulse: Pulse | None = None) -> None:
        self._waiting = deque(steps)
        self._failed: dict[UUID, Heard] = {}
        self._again: Counter[UUID] = Counter()
        self._pulse = pulse or Pulse()
        self.heard: list[tuple[Step, Heard]] = []
        """What has come back and is to be recorded."""

    def take_next(self) -> Step | None:
        """Return the step to call now; nothing when all have been called."""
        return self._waiting.popleft() if self._waiting else None

    def hear(self, step: Step, answer: Heard) -> None:
        """Take what came back of a step."""
        error = answer.error
        is_single = error is not None and is_passing(error) and self._pulse.is_well
        self._pulse.hear(error)
        if is_single and self._again[step.delivery_id] < ASKED_AGAIN:
            self._again[step.delivery_id] += 1
            self._failed[step.delivery_id] = answer
            self._waiting.append(step.again())
            return
        self._failed.pop(step.delivery_id, None)
        self.heard.append((step, answer))

    @property
    def is_over(self) -> bool:
        """Whether the last answer says that the platform is left alone now."""
        error = self.heard[-1][1].error if self.heard else None
        return error is not None and is_failure(error)

    def end(self) -> list[Step]:
        """Make no more calls, and return the steps that have not been called.

        What was to be asked again is recorded with the failure that it had.
        """
        uncalled = []
        for step in self._waiting:
            failure = self._failed.get(step.delivery_id)
            if failure is None:
                uncalled.append(step)
            else:
                self.heard.append((step, failure))
        self._waiting.clear()
        return uncalled

    def take_heard(self) -> list[tuple[Step, Heard]]:
        """Return what is to be recorded, once."""
        heard, self.heard = self.heard, []
        return heard

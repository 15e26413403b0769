"""A batch of scores under way: which call is made next, and when the batch is over."""

from collections import Counter, deque
from collections.abc import Sequence
from uuid import UUID

from lti_alliance.domain.circuits import is_failure, is_passing
from lti_alliance.services.score_steps import Heard, Step

ASKED_AGAIN = 2
"""How often a call is made again, at the end of its batch, that failed among successes."""


class BatchUnderWay:
    """The steps of one batch, called one after the other by one thread.

    A call that failed in passing, as at a server that is being replaced, is made again when the
    others of the batch have been made: giving the rest back, and waiting, would cost more than the
    call. A failure counts as passing only after a success. Any other failure of the platform ends
    the batch.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._waiting = deque(steps)
        self._failed: dict[UUID, Heard] = {}
        self._again: Counter[UUID] = Counter()
        self._is_well = False
        self.heard: list[tuple[Step, Heard]] = []
        """What has come back and is to be recorded."""

    def take_next(self) -> Step | None:
        """Return the step to call now; nothing when all have been called."""
        return self._waiting.popleft() if self._waiting else None

    def hear(self, step: Step, answer: Heard) -> None:
        """Take what came back of a step."""
        is_lone = self._is_well and answer.error is not None and is_passing(answer.error)
        if is_lone and self._again[step.delivery_id] < ASKED_AGAIN:
            self._again[step.delivery_id] += 1
            self._failed[step.delivery_id] = answer
            self._is_well = False
            self._waiting.append(step)
            return
        self._failed.pop(step.delivery_id, None)
        self._is_well = answer.error is None
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

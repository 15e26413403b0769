"""Mistakes that tools make with gradebooks, planted into the real code one at a time.

They are the proof that the machine finds what it looks for.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest.mock import patch

from lti_alliance.domain import delivery
from lti_alliance.domain.delivery import DeliveryState, Sending, Verdict
from lti_alliance.errors import PlatformError, PlatformUnclear
from lti_alliance.models import ScoreDelivery
from lti_alliance.services import score_outcomes, score_records, score_sending, score_steps


@contextmanager
def no_fence() -> Iterator[None]:
    """Whoever comes late writes all the same: the token of the claim is not looked at."""
    settle_all = score_records.settle_all

    def unfenced(session: Any, settlements: Any, *, at: datetime) -> Any:
        late = [
            replace(
                each,
                token=session.get_one(
                    ScoreDelivery, each.delivery_id, populate_existing=True
                ).lease_token,
            )
            for each in settlements
        ]
        return settle_all(session, late, at=at)

    with (
        patch.object(score_records, "settle_all", unfenced),
        patch.object(score_sending, "settle_all", unfenced),
    ):
        yield


@contextmanager
def blind_retry() -> Iterator[None]:
    """What had no answer is sent again as if it had not been sent at all."""
    what_next = delivery.what_next

    def blind(error: PlatformError | None, sending: Sending) -> Verdict:
        verdict = what_next(error, sending)
        if isinstance(error, PlatformUnclear) and verdict.state is DeliveryState.UNCLEAR:
            return replace(verdict, state=DeliveryState.DUE)
        return verdict

    with (
        patch.object(score_outcomes, "what_next", blind),
        patch.object(score_outcomes, "_may_have_happened", lambda _: False),
    ):
        yield


@contextmanager
def no_read_back() -> Iterator[None]:
    """What had no answer is taken to have arrived."""
    what_next = delivery.what_next

    def trusting(error: PlatformError | None, sending: Sending) -> Verdict:
        if isinstance(error, PlatformUnclear):
            return Verdict(DeliveryState.DELIVERED, None, sending.at)
        return what_next(error, sending)

    with patch.object(score_outcomes, "what_next", trusting):
        yield


@contextmanager
def clock_as_timestamp() -> Iterator[None]:
    """The timestamp of a score is what the clock says, whatever was sent before."""

    def now_alone(now: datetime, _last: datetime | None) -> datetime:
        return now

    with patch.object(score_steps, "next_timestamp", now_alone):
        yield


@contextmanager
def comment_resent() -> Iterator[None]:
    """The comment goes with every score, on Canvas too."""
    score_of = score_steps._score

    def talkative(*args: Any, **options: Any) -> Any:
        return replace(score_of(*args, **options), comment_is_new=True)

    with patch.object(score_steps, "_score", talkative):
        yield


@contextmanager
def asked_again_at_once() -> Iterator[None]:
    """A call that is made again is the same message with the same timestamp."""
    with patch.object(score_steps.Step, "again", lambda step: step):
        yield


PLANTED: Mapping[str, Callable[[], AbstractContextManager[None]]] = {
    "no fence": no_fence,
    "blind retry": blind_retry,
    "no read-back": no_read_back,
    "clock as timestamp": clock_as_timestamp,
    "comment resent": comment_resent,
    "asked again at once": asked_again_at_once,
}

"""What a look into the gradebook means: ours, nobody's, a rule's, or a person's value.

Results as of Assignment and Grade Services 2.0 section 3.3,
https://www.imsglobal.org/spec/lti-ags/v2p0. Pure.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from lti_alliance.domain.delivery import DeliveryState, Reason, Sending, Verdict, later
from lti_alliance.domain.gradebook import Family, Result

Points = tuple[Decimal, Decimal]
"""A score and its maximum."""

SAME_SHARE = Decimal("0.0001")
"""Scores this close, as shares of the maximum, are one score: platforms rescale and round."""


class Purpose(StrEnum):
    """What a look is for."""

    UNCLEAR = "unclear"
    """A score was sent and nobody knows whether it arrived."""
    CONFIRM = "confirm"
    """A score was taken by a platform that may still show a person's grade."""
    FIRST = "first"
    """A changed score is about to replace one that was confirmed."""


class Difference(StrEnum):
    """How a result differs from a score that was told."""

    NONE = "none"
    ABSENT = "absent"
    """The gradebook shows no score."""
    EARLIER = "earlier"
    """It shows one that the tool told before."""
    LOWERED = "lowered"
    """It shows less, as a late penalty would make it; a person may have done it as well."""
    MAXIMUM = "maximum"
    """It shows the same points of another maximum."""
    OTHER = "other"
    """It shows what no rule explains: a person's value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a score that a result is compared with."""

    family: str
    told: Points
    earlier: Collection[Points] = ()
    """Scores that were confirmed before this one."""
    was_seen: bool = False
    """Whether the gradebook has been seen to show ``told``: a late penalty would have been there
    from the beginning."""


def is_shown(score: Points, result: Result | None) -> bool:
    """Whether the result shows this score, whatever maximum the gradebook rescaled it to."""
    if result is None or result.score is None:
        return False
    return abs(_share(score) - _shown_share(score, result)) <= SAME_SHARE


def compare(result: Result | None, facts: Facts) -> Difference:
    """Say how a result differs from what was told."""
    told = facts.told
    if is_shown(told, result):
        return Difference.NONE
    if result is None or result.score is None:
        # Moodle leaves a score of 0 out of its results.
        is_hidden = told[0] == 0 and facts.family == Family.MOODLE
        return Difference.NONE if is_hidden else Difference.ABSENT
    if result.score == told[0]:
        # With our maximum, or with none, it would be ours.
        return Difference.MAXIMUM
    if not facts.was_seen and any(is_shown(each, result) for each in facts.earlier):
        return Difference.EARLIER
    is_less = _shown_share(told, result) < _share(told)
    if is_less and facts.family == Family.CANVAS and not facts.was_seen:
        return Difference.LOWERED
    return Difference.OTHER


def after_unclear(
    result: Result | None,
    sending: Sending,
    *,
    desired: Points,
    before: Collection[Points],
    why: str,
    comment: str = "",
    is_forced: bool = False,
) -> Verdict:
    """Say what a result means for a score of which nobody knows whether it arrived.

    ``desired`` was sent without an answer, with a ``comment`` or none; ``before`` is what the
    platform last confirmed, what it last showed and what may have reached it late; ``why`` is the
    reason for which the result was read.
    """
    facts = Facts(family=sending.family, told=desired, earlier=before)
    difference = compare(result, facts)
    if difference is Difference.NONE and _lacks_comment(result, comment, sending.family):
        # The same score went before with another comment, or with none.
        difference = Difference.EARLIER
    was_refused = why == Reason.EARLIER_TIMESTAMP
    shows_nothing = result is None or result.score is None
    # That the platform refused ours as not newer tells that a hidden 0 is there.
    if difference is Difference.NONE and (was_refused or not shows_nothing):
        return Verdict(DeliveryState.DELIVERED, None, sending.at)
    missing = (Difference.NONE, Difference.ABSENT, Difference.EARLIER)
    if difference not in missing and not is_forced:
        return Verdict(DeliveryState.OVERRIDDEN, _REASONS[difference], sending.at)
    # The lost answer has cost its wait already; a refused timestamp was looked into at once.
    if was_refused:
        return later(DeliveryState.DUE, Reason.NOT_TOLD_YET, sending)
    return Verdict(DeliveryState.DUE, Reason.NOT_TOLD_YET, sending.at)


def _lacks_comment(result: Result | None, comment: str, family: str) -> bool:
    """Say whether a comment is missing that goes with every score; Canvas is told it once."""
    shown = result.comment if result else ""
    return family == Family.MOODLE and bool(comment) and shown != comment


def after_confirming(
    result: Result | None, sending: Sending, *, desired: Points, is_forced: bool = False
) -> Verdict:
    """Say what a result means for a score that the platform has just taken."""
    match compare(result, Facts(family=sending.family, told=desired)):
        case Difference.NONE | Difference.ABSENT:
            # Nothing shown is no grade of a person's: Moodle lists nobody who is suspended. Whether
            # the score was lost is for the next comparison to say.
            return Verdict(DeliveryState.DELIVERED, None, sending.at)
        case _:
            reason = Reason.KEPT_BY_LMS if is_forced else Reason.CHANGED_IN_LMS
            return Verdict(DeliveryState.OVERRIDDEN, reason, sending.at)


def after_first_look(
    result: Result | None, sending: Sending, facts: Facts, *, late: Collection[Points] = ()
) -> Verdict:
    """Say whether a changed score may replace what the gradebook shows.

    A value that only a person can have set stays; anything else gives way to the newer score, and a
    late penalty is taken off the newer score as well. ``late`` is what was sent since the told
    score and may have arrived all the same.
    """
    is_ours = any(is_shown(each, result) for each in late)
    if compare(result, facts) is Difference.OTHER and not is_ours:
        return Verdict(DeliveryState.OVERRIDDEN, Reason.CHANGED_IN_LMS, sending.at)
    return Verdict(DeliveryState.DUE, None, sending.at)


def after_check(result: Result | None, facts: Facts, *, was_mended: bool) -> Reason | None:
    """Say what the comparison of a column found for a score that had been confirmed.

    Nothing: all is well. ``LOST_IN_LMS``: the gradebook lost it, and it is sent again, once
    (``was_mended`` says that it was). Any other reason: the value in the gradebook stands.
    """
    difference = compare(result, facts)
    if difference is Difference.NONE:
        return None
    if difference in (Difference.ABSENT, Difference.EARLIER) and not was_mended:
        return Reason.LOST_IN_LMS
    if difference is Difference.EARLIER:
        # Sent again and still there: only by chance is it the value of an earlier score, as a late
        # penalty may make it.
        difference = compare(result, replace(facts, earlier=()))
    return _REASONS[difference]


_REASONS = {
    Difference.ABSENT: Reason.GONE_FROM_LMS,
    Difference.LOWERED: Reason.LOWERED_IN_LMS,
    Difference.MAXIMUM: Reason.MAXIMUM_CHANGED,
    Difference.OTHER: Reason.CHANGED_IN_LMS,
}


def _share(score: Points) -> Decimal:
    given, maximum = score
    return given / maximum


def _shown_share(score: Points, result: Result) -> Decimal:
    assert result.score is not None
    return result.score / (result.maximum or score[1])

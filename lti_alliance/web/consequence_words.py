"""What a change of settings means, in plain sentences in the language of the reader."""

from decimal import Decimal

from flask import Blueprint
from flask_babel import gettext, ngettext

from lti_alliance.domain.consequences import Consequence, Effect
from lti_alliance.web.wording import score_words, utc_words


def _counts(one: str, several: str) -> tuple[str, str]:
    # Marks a sentence and its plural for translation; `%(num)s` is the count.
    return one, several


def _alike(sentence: str) -> tuple[str, str]:
    # Marks a sentence that is the same for one and for several.
    return sentence, sentence


_SENTENCES: dict[Effect, tuple[str, str]] = {
    Effect.SCORES_CHANGE: _counts(
        "%(num)s score changes from %(before)s to %(after)s; the gradebook follows.",
        "%(num)s scores change; the gradebook follows. They are %(before)s now and %(after)s then.",
    ),
    Effect.SCORES_WITHDRAWN: _counts(
        (
            "%(num)s student has no score any more until every part is in and graded. The "
            "gradebook keeps the old score until then."
        ),
        (
            "%(num)s students have no score any more until every part is in and graded. The "
            "gradebook keeps the old scores until then."
        ),
    ),
    Effect.SCORES_APPEAR: _counts(
        "%(num)s score that waited is complete with this (%(after)s) and goes to the gradebook.",
        "%(num)s scores that waited are complete with this (%(after)s) and go to the gradebook.",
    ),
    Effect.COLUMN_POINTS: _alike(
        (
            "The column in the LMS keeps its points (%(before)s, if nobody changed them there); "
            "enter %(after)s there. Until then the LMS scales each score to its own points."
        ),
    ),
    Effect.ATTEMPTS_OVER: _counts(
        "%(num)s student has used more attempts than that: they keep what they handed in.",
        "%(num)s students have used more attempts than that: they keep what they handed in.",
    ),
    Effect.ATTEMPTS_AGAIN: _counts(
        "%(num)s student had used all attempts and may now try again.",
        "%(num)s students had used all attempts and may now try again.",
    ),
    Effect.ATTEMPTS_AGAIN_KEY_SEEN: _counts(
        (
            "%(num)s student had used all attempts and may now try again, after seeing the right "
            "answers."
        ),
        (
            "%(num)s students had used all attempts and may now try again, after seeing the right "
            "answers."
        ),
    ),
    Effect.ATTEMPTS_GO_ON: _counts(
        "An attempt that is open goes on under the new rules.",
        "%(num)s attempts that are open go on under the new rules.",
    ),
    Effect.TIME_LIMIT: _counts(
        (
            "An attempt that is open keeps the time that it began with. The new limit holds for "
            "attempts that are started afterwards."
        ),
        (
            "%(num)s attempts that are open keep the time that they began with. The new limit "
            "holds for attempts that are started afterwards."
        ),
    ),
    Effect.WAIT: _counts(
        (
            "%(num)s student has handed in an attempt and may make another: the new wait holds "
            "for them at once, counted from when they handed in."
        ),
        (
            "%(num)s students have handed in an attempt and may make another: the new wait holds "
            "for them at once, counted from when they handed in."
        ),
    ),
    Effect.CHECKS_BEGIN: _counts(
        (
            "In an attempt that is open each answer may be checked from now on. Its key is shown "
            "at once, also where there are attempts left."
        ),
        (
            "In %(num)s attempts that are open each answer may be checked from now on. Its key is "
            "shown at once, also where there are attempts left."
        ),
    ),
    Effect.CHECKS_END: _counts(
        (
            "In an attempt that is open no more answers can be checked. Those that were checked "
            "stay as they are."
        ),
        (
            "In %(num)s attempts that are open no more answers can be checked. Those that were "
            "checked stay as they are."
        ),
    ),
    Effect.OWN_CLOSE: _counts(
        "For %(num)s student it closes at a time of their own, on %(at)s.",
        "For %(num)s students it closes at a time of their own, the last on %(at)s.",
    ),
    Effect.OWN_CLOSED: _counts(
        "For %(num)s student it is closed all the same, by a date of their own that has passed.",
        "For %(num)s students it is closed all the same, by dates of their own that have passed.",
    ),
    Effect.OWN_CLOSES_AT_ONCE: _counts(
        (
            "For %(num)s student it closes at once, by a date of their own that has passed: an "
            "attempt at the quiz counts as it was saved, a reflection that was not handed in is "
            "lost to the grade."
        ),
        (
            "For %(num)s students it closes at once, by dates of their own that have passed: an "
            "attempt at the quiz counts as it was saved, a reflection that was not handed in is "
            "lost to the grade."
        ),
    ),
    Effect.QUIZ_LEFT_OUT: _counts(
        (
            "%(num)s student has worked on the quiz. The work is kept and counts nothing while the "
            "quiz is left out."
        ),
        (
            "%(num)s students have worked on the quiz. The work is kept and counts nothing while "
            "the quiz is left out."
        ),
    ),
    Effect.QUIZ_ADDED: _counts(
        "%(num)s student who handed in has the quiz to do as well.",
        "%(num)s students who handed in have the quiz to do as well.",
    ),
    Effect.REFLECTIONS_LEFT_OUT: _counts(
        (
            "%(num)s reflection that was handed in is kept and counts nothing while its task is "
            "left out."
        ),
        (
            "%(num)s reflections that were handed in are kept and count nothing while their "
            "tasks are left out."
        ),
    ),
    Effect.REFLECTIONS_ADDED: _counts(
        "%(num)s student who handed something in has a new task to write.",
        "%(num)s students who handed something in have a new task to write.",
    ),
    Effect.GRADING_BY_RUBRIC: _counts(
        (
            "%(num)s reflection keeps the points it got by being handed in. Those handed in from "
            "now on wait for you."
        ),
        (
            "%(num)s reflections keep the points they got by being handed in. Those handed in from "
            "now on wait for you."
        ),
    ),
    Effect.GRADING_BY_COMPLETION: _counts(
        (
            "%(num)s reflection waits for your grade and would go on waiting, without a rubric to "
            "grade it by. Grade it before you change this."
        ),
        (
            "%(num)s reflections wait for your grade and would go on waiting, without a rubric to "
            "grade them by. Grade them before you change this."
        ),
    ),
    Effect.LEVELS: _counts(
        (
            "%(num)s reflection is graded already and keeps its points. The new levels hold for "
            "what you grade from now on."
        ),
        (
            "%(num)s reflections are graded already and keep their points. The new levels hold for "
            "what you grade from now on."
        ),
    ),
    Effect.FEEDBACK_NOW: _counts(
        "%(num)s student sees feedback on what they have handed in at once.",
        "%(num)s students see feedback on what they have handed in at once.",
    ),
    Effect.FEEDBACK_LATER: _counts(
        (
            "Feedback is hidden until the close (%(at)s). %(num)s student may have read theirs "
            "already."
        ),
        (
            "Feedback is hidden until the close (%(at)s). %(num)s students may have read theirs "
            "already."
        ),
    ),
    Effect.CLOSES_EARLIER: _counts(
        "It closes earlier, on %(at)s. One student's work is still open.",
        "It closes earlier, on %(at)s. %(num)s pieces of work are still open.",
    ),
    Effect.MISSING_ZERO: _alike(
        "At the close a part that was not handed in counts zero, and the score goes out.",
    ),
    Effect.MISSING_HELD: _alike(
        "At the close whoever has not handed in every part gets no score; you decide there.",
    ),
}


def register(blueprint: Blueprint) -> None:
    """Make the sentences known to the templates."""
    blueprint.add_app_template_filter(consequence_words, "consequence")


def consequence_words(found: Consequence) -> str:
    """Put one consequence into a sentence."""
    return str(_closing(found) or _counted(found))


def _closing(found: Consequence) -> str:
    """Put into words what depends on more than a number; nothing for all other effects."""
    at = utc_words(found.at) if found.at else ""
    match found.effect:
        case Effect.CLOSES_AT_ONCE if found.count:
            return str(
                ngettext(
                    "It closes at once. %(num)s piece of work is open: an attempt at the quiz "
                    "counts as it was saved, a reflection that was not handed in is lost to the "
                    "grade.",
                    "It closes at once. %(num)s pieces of work are open: an attempt at the quiz "
                    "counts as it was saved, a reflection that was not handed in is lost to the "
                    "grade.",
                    found.count,
                )
            )
        case Effect.CLOSES_AT_ONCE:
            return str(gettext("It closes at once: nothing more can be handed in."))
        case Effect.TIME_LIMIT if found.count == 0:
            return str(
                gettext("The new time limit holds for attempts that are started afterwards.")
            )
        case Effect.WAIT if found.count == 0:
            return str(gettext("The new wait holds for attempts that are handed in afterwards."))
        case Effect.CLOSES_EARLIER if found.count == 0:
            return str(gettext("It closes earlier, on %(at)s.", at=at))
        case Effect.CLOSES_LATER if found.at:
            return str(gettext("It closes later, on %(at)s.", at=at))
        case Effect.CLOSES_LATER:
            return str(gettext("It does not close any more."))
        case Effect.OPENS_AGAIN if found.at:
            return str(
                gettext(
                    "It opens again until %(at)s. Students may have seen the right answers.", at=at
                )
            )
        case Effect.OPENS_AGAIN:
            return str(gettext("It opens again. Students may have seen the right answers."))
    return ""


def _counted(found: Consequence) -> str:
    one, several = _SENTENCES[found.effect]
    facts = {
        "before": _range(found.before),
        "after": _range(found.after),
        "at": utc_words(found.at) if found.at else "",
    }
    if one == several:
        return str(gettext(one, **facts))
    return str(ngettext(one, several, found.count, **facts))


def _range(ends: tuple[Decimal, Decimal] | None) -> str:
    if ends is None:
        return ""
    low, high = (score_words(each) for each in ends)
    return low if low == high else str(gettext("%(low)s to %(high)s", low=low, high=high))

"""Feedback: what may be shown when, and never the key too early."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.attempts import FeedbackStage
from lti_alliance.domain.feedback import ItemFeedback, Verdict, visible_feedback
from lti_alliance.domain.items import (
    ChoiceResponse,
    MultipleItem,
    Option,
    Response,
    ShortItem,
    ShortKey,
    SingleItem,
    TextResponse,
    with_accepted,
)
from lti_alliance.domain.response_processing import process

OPTIONS = tuple(Option(i, i, correct=i in "ab", feedback=f"on {i}") for i in "abcd")
MULTIPLE = MultipleItem(id="m", stem="?", options=OPTIONS)
SINGLE = SingleItem(id="s", stem="?", options=OPTIONS[1:])
SHORT = ShortItem(
    id="w",
    stem="?",
    accepted=(ShortKey("bond", feedback="Yes."), ShortKey("tie", Decimal("0.5"), "Close.")),
)


def show(
    item: SingleItem | MultipleItem | ShortItem, response: Response | None, stage: FeedbackStage
) -> ItemFeedback:
    return visible_feedback(item, response, process(item, response), stage=stage)


def test_nothing_is_shown_while_feedback_is_withheld() -> None:
    """Only what the student did is seen."""
    shown = show(MULTIPLE, ChoiceResponse(("a", "c")), FeedbackStage.NONE)

    assert (shown.verdict, shown.points) == (None, None)
    assert [(m.chosen, m.correct, m.feedback) for m in shown.marks] == [
        (True, None, ""),
        (False, None, ""),
        (True, None, ""),
        (False, None, ""),
    ]


def test_a_written_answer_is_withheld_as_well() -> None:
    """Neither the author's word nor the keys come through."""
    assert show(SHORT, TextResponse("bond"), FeedbackStage.NONE) == ItemFeedback()


def test_between_attempts_only_the_chosen_options_speak() -> None:
    """The verdict, and what the author says to what was chosen."""
    shown = show(MULTIPLE, ChoiceResponse(("a",)), FeedbackStage.BETWEEN_ATTEMPTS)

    assert (shown.verdict, shown.points) == (Verdict.PARTLY, Decimal("0.5"))
    assert [mark.feedback for mark in shown.marks] == ["on a", "", "", ""]


@given(
    st.sampled_from([MULTIPLE, SINGLE, SHORT]),
    st.lists(st.sampled_from("abcd"), min_size=1, unique=True),
    st.text(max_size=20),
    st.sampled_from([FeedbackStage.NONE, FeedbackStage.BETWEEN_ATTEMPTS]),
)
def test_the_key_is_never_shown_before_the_end(
    item: SingleItem | MultipleItem | ShortItem, chosen: list[str], text: str, stage: FeedbackStage
) -> None:
    """No mark, no wording and no feedback of an option that was left alone."""
    is_short = isinstance(item, ShortItem)
    response = TextResponse(text) if is_short else ChoiceResponse(tuple(chosen))
    shown = show(item, response, stage)

    assert shown.accepted == ()
    assert all(mark.correct is None for mark in shown.marks)
    assert all(mark.chosen or not mark.feedback for mark in shown.marks)


def test_at_the_end_everything_is_shown() -> None:
    """Each option with its truth and its feedback."""
    shown = show(MULTIPLE, ChoiceResponse(("a", "c")), FeedbackStage.FINAL)

    assert [(m.chosen, m.correct, m.feedback) for m in shown.marks] == [
        (True, True, "on a"),
        (False, True, "on b"),
        (True, False, "on c"),
        (False, False, "on d"),
    ]


@pytest.mark.parametrize(
    ("text", "verdict", "message", "unmatched"),
    [
        ("bond", Verdict.RIGHT, "Yes.", False),
        ("tie", Verdict.PARTLY, "Close.", False),
        ("glue", Verdict.WRONG, "", True),
    ],
)
def test_a_written_answer_gets_the_word_of_its_key(
    text: str, verdict: Verdict, message: str, unmatched: bool
) -> None:
    """The matching wording speaks; at the end the full wordings are listed."""
    shown = show(SHORT, TextResponse(text), FeedbackStage.FINAL)

    assert (shown.verdict, shown.message, shown.unmatched) == (verdict, message, unmatched)
    assert shown.accepted == ("bond",)


def test_a_wording_accepted_later_has_no_feedback() -> None:
    """It may be judged with the richer item and shown with the author's."""
    response = TextResponse("glue")
    outcome = process(with_accepted(SHORT, [("glue", Decimal(1))]), response)
    shown = visible_feedback(SHORT, response, outcome, stage=FeedbackStage.FINAL)

    assert (shown.verdict, shown.message, shown.unmatched) == (Verdict.RIGHT, "", False)


def test_no_answer_is_not_called_wrong() -> None:
    """An item left open says so."""
    shown = show(SINGLE, None, FeedbackStage.FINAL)

    assert shown.verdict is Verdict.UNANSWERED
    assert not any(mark.chosen for mark in shown.marks)

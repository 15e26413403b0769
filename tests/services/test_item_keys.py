"""Draft keys: adopted in one activity, for one version of an item, and grades follow."""

import random
from decimal import Decimal

import pytest
from sqlalchemy import select

from lti_alliance.domain.items import (
    BranchItem,
    RateItem,
    field_names,
    key_response,
    response_field,
)
from lti_alliance.domain.launch import Role
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import Activity, AdoptedKey, Attempt, AuditEvent, KeyVote, Membership
from lti_alliance.services import answering, attempt_sheets, attempts, item_keys
from tests.services.work import delivery_of, grade_of
from tests.stage import NOON, Stage

MODULE = "ethics-telehealth"


@pytest.fixture
def quiz(stage: Stage) -> Activity:
    return stage.activity("quiz-link", module_id=MODULE, attempts=3)


@pytest.fixture
def rate(stage: Stage) -> RateItem:
    items = stage.catalogue.get(MODULE).quiz.items
    return next(item for item in items if isinstance(item, RateItem))


def take(stage: Stage, activity: Activity, student: Membership, *, right: str) -> Attempt:
    """Answer one item as its key says, and hand in."""
    attempt = attempts.start_attempt(
        stage.session,
        stage.catalogue,
        activity=activity,
        membership=student,
        rng=random.Random(3),
        at=NOON,
    )
    item = stage.catalogue.get(MODULE).quiz.get_item(right)
    pairs = key_response(item).to_json()["pairs"]
    answering.submit_attempt(
        stage.session,
        stage.catalogue,
        attempt=attempt,
        fields={response_field(right): [f"{line}:{choice}" for line, choice in pairs.items()]},
        base_version=0,
        at=NOON,
    )
    return attempt


def decide(stage: Stage, activity: Activity, item_id: str, act=item_keys.adopt) -> int:
    return act(
        stage.session,
        stage.catalogue,
        activity,
        item_id=item_id,
        actor=stage.people["instructor"],
        at=NOON,
    )


def vote(stage: Stage, activity: Activity, item: RateItem, name: str, *values: int) -> None:
    sent = [f"{reply.id}:{value}" for reply, value in zip(item.replies, values, strict=False)]
    item_keys.vote(
        stage.session,
        stage.catalogue,
        activity,
        item_id=item.id,
        values=sent,
        voter=stage.people[name],
        at=NOON,
    )


def test_an_adopted_key_makes_points_and_grades_follow(
    stage: Stage, quiz: Activity, student: Membership, rate: RateItem
) -> None:
    """The item joins the maximum, the score rises, the gradebook hears; and all the way back."""
    attempt = take(stage, quiz, student, right=rate.id)
    before = (attempt.score, attempt.maximum, delivery_of(stage, student).desired_version)
    counted = decide(stage, quiz, rate.id)
    stage.session.refresh(attempt)
    after = (attempt.score, attempt.maximum)
    shown = attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt).module
    score = grade_of(stage, student).score
    decide(stage, quiz, rate.id, item_keys.withdraw)
    stage.session.refresh(attempt)

    assert counted == 1
    assert after == (before[0] + rate.points, before[1] + rate.points)
    assert shown.quiz.get_item(rate.id).worth == rate.points
    assert score > Decimal(0)
    assert delivery_of(stage, student).desired_version > before[2]
    assert (attempt.score, attempt.maximum) == before[:2]


def test_it_holds_in_one_activity_and_for_what_follows(
    stage: Stage, quiz: Activity, student: Membership, rate: RateItem
) -> None:
    """A later attempt counts it too; another activity knows nothing of it."""
    decide(stage, quiz, rate.id)
    other = stage.activity("other-link", module_id=MODULE)
    here, there = (take(stage, each, student, right=rate.id) for each in (quiz, other))

    assert here.maximum == there.maximum + rate.points
    assert here.score == rate.points


def test_another_version_of_the_item_is_a_draft_again(
    stage: Stage, quiz: Activity, student: Membership, rate: RateItem
) -> None:
    """What was adopted was that wording with that key."""
    decide(stage, quiz, rate.id)
    stage.session.scalars(select(AdoptedKey)).one().item_hash = "other"
    stage.session.flush()
    attempt = take(stage, quiz, student, right=rate.id)

    assert attempt.score == 0
    assert (
        item_keys.report_keys(
            stage.session, stage.catalogue, quiz, reader=stage.people["instructor"]
        )[rate.id].is_adopted
        is False
    )


def test_only_drafts_can_be_adopted(stage: Stage, quiz: Activity) -> None:
    """Neither a plain key nor an item that is not there; taking back nothing is nothing."""
    plain = stage.catalogue.get(MODULE).quiz.items[0]
    for item_id in (plain.id, "nowhere"):
        with pytest.raises(NotFound):
            decide(stage, quiz, item_id)

    assert decide(stage, quiz, plain.id, item_keys.withdraw) == 0
    assert list(stage.session.scalars(select(AuditEvent).filter_by(action="key.withdrawn"))) == []


def test_votes_are_seen_after_ones_own(stage: Stage, quiz: Activity, rate: RateItem) -> None:
    """A second vote takes the place of the first; who has not voted sees how many have."""
    stage.join("dev", role=Role.TEACHING_ASSISTANT)
    count = len(rate.replies)
    vote(stage, quiz, rate, "dev", *[1] * count)
    vote(stage, quiz, rate, "dev", *[4] * count)

    def seen(name: str) -> item_keys.KeyReport:
        return item_keys.report_keys(
            stage.session, stage.catalogue, quiz, reader=stage.people[name]
        )[rate.id]

    before = seen("instructor")
    vote(stage, quiz, rate, "instructor", *[1] * count)

    assert (before.votes, len(before.voters), before.own) == ((), 1, None)
    assert {row.votes for row in seen("instructor").votes} == {(1, 4)}
    assert all(row.is_spread for row in seen("dev").votes)
    assert len(list(stage.session.scalars(select(KeyVote)))) == 2


def test_a_vote_is_whole_and_about_replies(stage: Stage, quiz: Activity, rate: RateItem) -> None:
    """Half a vote is refused; an item whose key is no judgement takes none."""
    plain = stage.catalogue.get(MODULE).quiz.items[0]
    with pytest.raises(InvalidInput) as refused:
        vote(stage, quiz, rate, "instructor", 4)
    with pytest.raises(NotFound):
        item_keys.vote(
            stage.session,
            stage.catalogue,
            quiz,
            item_id=plain.id,
            values=[],
            voter=stage.people["instructor"],
            at=NOON,
        )

    assert list(refused.value.fields) == [field_names(rate)[0]]


def test_a_dialogue_is_voted_on_moment_by_moment(stage: Stage, quiz: Activity) -> None:
    """Every moment has to be decided; afterwards the counts are shown with what is best."""
    item = next(
        item for item in stage.catalogue.get(MODULE).quiz.items if isinstance(item, BranchItem)
    )
    first = {node.id: node.choices[0].id for node in item.nodes if node.choices}
    sent = [f"{moment}:{choice}" for moment, choice in first.items()]

    def cast(values: list[str]) -> None:
        item_keys.vote(
            stage.session,
            stage.catalogue,
            quiz,
            item_id=item.id,
            values=values,
            voter=stage.people["instructor"],
            at=NOON,
        )

    for faulty in (sent[1:], [*sent[1:], "start:nothing"], []):
        with pytest.raises(InvalidInput) as refused:
            cast(faulty)
        assert refused.value.fields == {f"response.{item.id}": item_keys.WAY_NOT_WHOLE}
    cast(sent)
    report = item_keys.report_keys(
        stage.session, stage.catalogue, quiz, reader=stage.people["instructor"]
    )[item.id]

    assert report.own == first
    assert {
        each.node_id: each.votes[first[each.node_id]] for each in report.votes
    } == dict.fromkeys(first, 1)

"""First attempts, gathered by the database, beside the same read one person after the other."""

import random

import pytest
from sqlalchemy import select, update

from lti_alliance.domain.answer_groups import Answer, Sheet
from lti_alliance.domain.items import (
    ChoiceResponse,
    LinesResponse,
    MultipleItem,
    response_field,
    response_from_json,
)
from lti_alliance.domain.response_processing import process
from lti_alliance.models import Activity, Attempt, Membership, Response
from lti_alliance.services import answering, attempt_sheets, attempts, first_attempts
from tests.answers import right_values
from tests.stage import NOON, Stage

pytestmark = pytest.mark.both_databases


def answer_at_random(
    stage: Stage, quiz: Activity, person: Membership, chance: random.Random
) -> None:
    """Hand in a drawn form: each item right, wrong or omitted, with or without a degree."""
    attempt = attempts.start_attempt(
        stage.session, stage.catalogue, activity=quiz, membership=person, rng=chance, at=NOON
    )
    fields = {}
    for item in attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt).items:
        drawn = chance.random()
        if drawn < 0.5:
            fields[response_field(item.id)] = right_values(item)
        elif drawn < 0.8 and isinstance(item, MultipleItem):
            fields[response_field(item.id)] = [chance.choice(item.options).id]
    answering.submit_attempt(
        stage.session, stage.catalogue, attempt=attempt, fields=fields, base_version=0, at=NOON
    )
    for response in stage.session.scalars(select(Response).filter_by(attempt_id=attempt.id)):
        response.confidence = chance.choice([None, 1, 2, 3])
    stage.session.flush()


def read_plainly(stage: Stage, quiz: Activity, person: Membership) -> Sheet:
    """Read the first attempt of one person as the tables have it."""
    attempt = stage.session.scalars(
        select(Attempt).filter_by(activity_id=quiz.id, membership_id=person.id, number=1)
    ).one()
    given = {response.item_id: response for response in attempt.responses}
    sheet = {}
    for entry in attempt.form["items"]:
        item = stage.catalogue.get(quiz.module_id).quiz.get_item(entry["id"])
        row = given.get(item.id)
        read = response_from_json(row.value) if row is not None and row.value else None
        sheet[item.id] = Answer(
            share=float(process(item, read).share),
            worth=float(item.worth),
            chosen=read.chosen if isinstance(read, ChoiceResponse) else (),
            sure=None if row is None else row.confidence,
            pairs=read.pairs if isinstance(read, LinesResponse) else {},
        )
    return sheet


def as_before_the_column(stage: Stage, *people: Membership) -> None:
    """Leave the ids of their items in the forms alone, as older attempts have them."""
    ids = [person.id for person in people]
    stage.session.execute(
        update(Attempt).where(Attempt.membership_id.in_(ids)).values(item_ids=None)
    )


def test_everybody_has_the_sheet_that_the_tables_say(stage: Stage) -> None:
    """Whatever was drawn, omitted or left without a degree; later attempts change nothing."""
    quiz = stage.activity("quiz-link", attempts=2)
    chance = random.Random(5)
    people = [stage.join(f"student {number}") for number in range(12)]
    for person in [*people, *people[:3]]:
        answer_at_random(stage, quiz, person, chance)
    as_before_the_column(stage, *people[::2])
    stage.session.expire_all()
    viewer = stage.people["instructor"]
    found = first_attempts.read(stage.session, stage.catalogue, quiz, viewer=viewer)

    assert found.sheets() == {each.number: read_plainly(stage, quiz, each) for each in people}
    answers = [answer for sheet in found.sheets().values() for answer in sheet.values()]
    assert {answer.share for answer in answers} > {0.0, 1.0}
    assert {answer.sure for answer in answers} == {None, 1, 2, 3}


def test_one_person_alone_can_be_read(stage: Stage) -> None:
    """Nobody else's answers are read with theirs."""
    quiz = stage.activity("quiz-link", attempts=1)
    chance = random.Random(6)
    kim, lou = stage.join("kim"), stage.join("lou")
    for person in (kim, lou):
        answer_at_random(stage, quiz, person, chance)
    found = first_attempts.read(stage.session, stage.catalogue, quiz, viewer=lou, only=lou)

    assert found.sheets() == {lou.number: read_plainly(stage, quiz, lou)}


def test_who_is_not_shown_is_in_no_group(stage: Stage) -> None:
    """The answers of a preview or of another section are not counted with anybody's."""
    quiz = stage.activity("quiz-link", attempts=1)
    chance = random.Random(7)
    viewer = stage.join("eva", sections=["Monday"])
    viewer.is_section_restricted = True
    kim = stage.join("kim", sections=["Monday"])
    hidden = stage.join("lou", sections=["Friday"]), stage.join("preview", is_test_user=True)
    for person in (kim, *hidden):
        answer_at_random(stage, quiz, person, chance)
    found = first_attempts.read(stage.session, stage.catalogue, quiz, viewer=viewer)

    assert list(found.people) == [kim.number]
    assert found.sheets() == {kim.number: read_plainly(stage, quiz, kim)}

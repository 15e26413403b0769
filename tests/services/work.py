"""Work done in a course, for the tests of the services: quizzes taken, reflections written."""

import random
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from lti_alliance.content.parser import parse_source
from lti_alliance.domain.items import ShortItem, response_field
from lti_alliance.domain.modules import Module
from lti_alliance.models import (
    Activity,
    Attempt,
    Grade,
    Membership,
    Reflection,
    RubricAssessment,
    ScoreDelivery,
)
from lti_alliance.sealing import Sealer
from lti_alliance.services import (
    answering,
    assessing,
    attempt_sheets,
    attempts,
    modules,
    reflections,
)
from tests.answers import right_values
from tests.stage import NOON, Stage


def take_quiz(
    stage: Stage,
    activity: Activity,
    student: Membership,
    *,
    wording: str = "",
    hand_in: bool = True,
) -> Attempt:
    """Answer every item rightly, or each short one with the wording; save it or hand it in."""
    attempt = attempts.start_attempt(
        stage.session,
        stage.catalogue,
        activity=activity,
        membership=student,
        rng=random.Random(2),
        at=NOON,
    )
    sheet = attempt_sheets.get_sheet(stage.session, stage.catalogue, attempt)
    fields = {
        response_field(item.id): (
            [wording] if wording and isinstance(item, ShortItem) else right_values(item)
        )
        for item in sheet.items
    }
    act = answering.submit_attempt if hand_in else answering.save_responses
    act(
        stage.session,
        stage.catalogue,
        attempt=attempt,
        fields=fields,
        base_version=0,
        at=NOON + timedelta(minutes=5),
    )
    return attempt


def write(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership, text: str = "One word."
) -> Reflection:
    """Hand in a reflection on the first prompt of the activity."""
    return reflections.submit_reflection(
        stage.session,
        sealer,
        activity=activity,
        membership=student,
        prompt_id=activity.settings["prompt_ids"][0],
        text=text,
        base_version=0,
        at=NOON + timedelta(hours=1),
    )


def grade_of(stage: Stage, student: Membership) -> Grade:
    """Return the student's one grade."""
    return stage.session.scalars(select(Grade).where(Grade.membership_id == student.id)).one()


def delivery_of(stage: Stage, student: Membership) -> ScoreDelivery:
    """Return the student's one delivery."""
    return stage.session.scalars(
        select(ScoreDelivery).where(ScoreDelivery.membership_id == student.id)
    ).one()


def make_private(stage: Stage, activity: Activity) -> Module:
    """Give the activity a version of its module whose first reflection nobody else may read."""
    shown = stage.catalogue.get(activity.module_id)
    source = shown.source.replace("share: instructor", "share: private", 1)
    source = source.replace("grading: rubric", "grading: completion", 1)
    private = parse_source(source, name=shown.id)
    modules.keep_version(stage.session, private, at=NOON)
    activity.content_hash = private.content_hash
    stage.session.flush()
    return private


def levels(stage: Stage, number: int | None) -> dict[str, int | None]:
    """Choose one level for every criterion of the `activity` fixture."""
    rubric = stage.catalogue.get("foundations").get_reflection("fo-r1").rubric
    assert rubric is not None
    return {criterion.id: number for criterion in rubric.criteria}


def assess(
    stage: Stage, sealer: Sealer, reflection: Reflection, number: int | None, **more: Any
) -> RubricAssessment:
    """Grade a reflection with one level for every criterion, and release it."""
    values = {"comment": "", "base_version": 0, "at": NOON, **more}
    return assessing.assess_reflection(
        stage.session,
        stage.catalogue,
        sealer,
        reflection=reflection,
        selections=levels(stage, number),
        assessor=stage.people["instructor"],
        **values,
    )

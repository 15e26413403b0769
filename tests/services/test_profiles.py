"""Profiles of students and courses, and which of their answers a student may know about."""

from dataclasses import replace

import pytest

from lti_alliance.content.parser import parse_source
from lti_alliance.domain.items import Aspect
from lti_alliance.domain.modules import FeedbackTiming
from lti_alliance.models import Activity
from lti_alliance.services import modules, profiles
from tests.services.work import take_quiz
from tests.stage import NOON, Stage


@pytest.fixture
def quiz(stage: Stage) -> Activity:
    """A quiz whose first three items are about trust."""
    activity = stage.activity()
    use(stage, activity, tagged(stage, "aspect: trust\n", 3))
    return activity


def tagged(stage: Stage, line: str, count: int) -> str:
    """Return the source of the module with a line more in its first items."""
    source = stage.catalogue.get("foundations").source
    plain = "\n".join(row for row in source.split("\n") if not row.startswith("aspect: "))
    return plain.replace("\nobjective: ", f"\n{line}objective: ", count)


def use(stage: Stage, activity: Activity, source: str) -> None:
    module = parse_source(source, name="foundations")
    modules.keep_version(stage.session, module, at=NOON)
    activity.content_hash = module.content_hash
    stage.session.flush()


def shares(found) -> dict[Aspect, tuple[int, float | None]]:
    return {each.aspect: (each.items, each.share) for each in found if each.items}


def test_a_student_and_the_course(stage: Stage, quiz: Activity) -> None:
    """All right is everything; others' answers are the course's alone."""
    for name in ("kim", "lou"):
        take_quiz(stage, quiz, stage.join(name))
    kim, teacher = stage.people["kim"], stage.people["instructor"]
    own = profiles.own_profile(stage.session, stage.catalogue, kim, at=NOON)
    seen = profiles.student_profile(stage.session, stage.catalogue, kim, viewer=teacher)
    course = profiles.course_profile(stage.session, stage.catalogue, stage.context, viewer=teacher)

    assert shares(own) == shares(seen) == shares(course) == {Aspect.TRUST: (3, 1.0)}
    assert [each.people for each in course if each.items] == [2]
    assert [each.people for each in own if each.items] == [1]


def test_before_the_close_a_student_learns_nothing(stage: Stage, quiz: Activity) -> None:
    """Where feedback waits for the close the profile does; those who teach see it all the same."""
    kim = stage.join("kim")
    take_quiz(stage, quiz, kim)
    settings = dict(quiz.settings)
    settings["feedback"] = FeedbackTiming.AFTER_CLOSE
    settings["closes_at"] = NOON.replace(day=20).isoformat()
    quiz.settings = settings
    stage.session.flush()

    def own(day: int):
        at = NOON.replace(day=day)
        return shares(profiles.own_profile(stage.session, stage.catalogue, kim, at=at))

    teacher = stage.people["instructor"]
    seen = profiles.student_profile(stage.session, stage.catalogue, kim, viewer=teacher)
    assert own(19) == {}
    assert own(21) == shares(seen) != {}


def test_an_older_version_learns_from_the_newest(stage: Stage) -> None:
    """A version from before there were aspects has those of the same items, and no others."""
    module = stage.catalogue.get("rupture-repair")
    about = {item.id: item.aspect for item in module.quiz.items if item.aspect}
    items = [replace(item, aspect=None) for item in module.quiz.items]
    older = replace(module, quiz=replace(module.quiz, items=tuple(items)))
    first = next(place for place, item in enumerate(items) if item.id in about)
    items[first] = replace(items[first], stem="Otherwise?")
    changed = replace(module, quiz=replace(module.quiz, items=tuple(items)))
    foreign = replace(older, id="somebody-elses")

    assert len(about) >= 3
    assert profiles.aspects_of(stage.catalogue, older) == about
    assert len(profiles.aspects_of(stage.catalogue, changed)) == len(about) - 1
    assert profiles.aspects_of(stage.catalogue, foreign) == {}

"""The export of a person: all that is theirs, nothing of others, no drafts of those who teach."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lti_alliance.domain.modules import FeedbackTiming
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.models import Activity, AuditEvent, Membership, Reflection
from lti_alliance.sealing import Sealer
from lti_alliance.services import course_keys, person_archive, person_export, persons
from lti_alliance.services.persons import Subject
from tests.services.person import Canaries, settle
from tests.services.work import take_quiz
from tests.stage import NOON, Stage

LATER = NOON + timedelta(days=60)
THEIRS = (
    *("sub", "section", "name", "given", "family", "email", "answer", "question", "reply"),
    *("text", "comment", "criterion", "reason", "practised", "phrase", "preset"),
)
"""What is the person's own, or was said to them."""


@pytest.fixture
def eve(stage: Stage, sealer: Sealer) -> tuple[Membership, Canaries]:
    """Somebody with a trace in every table."""
    return settle(stage, sealer, "eve")


def export(
    stage: Stage, sealer: Sealer, subject: Subject, *, with_notes: bool = False
) -> dict[str, Any]:
    return person_export.export_person(
        stage.session,
        stage.catalogue,
        sealer,
        subject,
        with_notes=with_notes,
        at=LATER,
        actor=stage.people["instructor"],
        request_id="r-1",
    )


def everywhere(stage: Stage, person: Membership) -> Subject:
    return persons.everywhere(stage.session, person)


@pytest.mark.both_databases
def test_everything_of_the_person_is_in_it(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """Every name, text and answer that was left in any table is there to read."""
    person, said = eve
    text = person_archive.as_json(export(stage, sealer, everywhere(stage, person)))

    assert [word for word in said(*THEIRS) if word not in text] == []


def test_nothing_of_others_is_in_it(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """Neither another student's canaries, nor the teacher's drafts, nor ids of those who teach."""
    person, said = eve
    _, other = settle(stage, sealer, "ada")
    text = person_archive.as_json(export(stage, sealer, everywhere(stage, person)))
    teacher = stage.people["instructor"]

    assert other.mark not in text.replace("foundations", "")
    assert said.unreleased not in text
    assert [i for i in (teacher.id, teacher.user_id) if str(i) in text] == []
    assert teacher.user.sub not in text


def test_a_comment_waits_for_its_release(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """A comment on a passage is told with the grade; one that was written since is not."""
    person, said = eve
    found = export(stage, sealer, everywhere(stage, person))
    (reflection,) = found["courses"][0]["activities"][0]["reflections"]

    assert reflection["assessment"]["comment"] == said.comment
    assert [c["comment"] for c in reflection["handed_in"][0]["comments"]] == [said.passage]


def test_notes_are_for_the_institution_to_give(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """The person's own download says that there is a note; the institution's has its words."""
    person, said = eve
    own = export(stage, sealer, everywhere(stage, person))
    full = export(stage, sealer, everywhere(stage, person), with_notes=True)

    assert own["courses"][0]["accommodations"][0]["has_note"] is True
    assert said.note not in person_archive.as_json(own)
    assert full["courses"][0]["accommodations"][0]["note"] == said.note


def test_results_wait_for_feedback(stage: Stage, sealer: Sealer) -> None:
    """While feedback waits for the close, an export tells no key: the answer is there without."""
    student = stage.join("student")
    activity = stage.activity(
        closes_at=LATER + timedelta(days=1), feedback=FeedbackTiming.AFTER_CLOSE
    )
    take_quiz(stage, activity, student)
    found = export(stage, sealer, persons.subject_of(stage.session, student))
    items = found["courses"][0]["activities"][0]["attempts"][0]["items"]

    assert all(item["answer"] for item in items)
    assert [item for item in items if "result" in item or "points" in item] == []


def test_a_held_text_is_not_given_out(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """A text that is frozen because it tells of somebody stays where it is, drafts included."""
    person, said = eve
    stage.session.scalars(select(Reflection)).one().state = ReflectionState.FROZEN
    found = export(stage, sealer, everywhere(stage, person), with_notes=True)
    (reflection,) = found["courses"][0]["activities"][0]["reflections"]

    assert said.text not in person_archive.as_json(found)
    assert reflection["handed_in"][0]["words"] > 0
    assert reflection["assessment"] is None


def test_texts_of_a_destroyed_key_are_left_out(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """Where no text opens any more, everything else is given out all the same."""
    person, said = eve
    course_keys.destroy(stage.session, stage.context.id, at=LATER)
    found = export(stage, sealer, everywhere(stage, person), with_notes=True)
    text = person_archive.as_json(found)
    (activity,) = found["courses"][0]["activities"]

    assert said.answer in text
    assert said.name in text
    assert activity["reflections"][0]["handed_in"][0]["text"] is None
    assert found["courses"][0]["accommodations"][0]["note"] is None


def test_one_course_tells_of_that_alone(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """What is kept beside all courses is left out of the export of one."""
    person, _ = eve
    found = export(stage, sealer, persons.subject_of(stage.session, person))

    assert found["presets"] == []
    assert [course["course"] for course in found["courses"]] == ["Skills"]
    assert len(found["launches"]) == 1
    assert {act["act"] for act in found["acts"]} >= {"attempt.started", "reflection.submitted"}


def test_it_is_on_record(stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]) -> None:
    """The trail says who has taken whose data away."""
    person, _ = eve
    export(stage, sealer, persons.subject_of(stage.session, person))
    event = stage.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "privacy.exported")
    ).one()

    assert event.actor_id == stage.people["instructor"].user_id
    assert event.object_id == person.user_id
    assert (event.context_id, event.request_id) == (stage.context.id, "r-1")


def test_the_archive_holds_both_forms(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """One file with JSON that reads back to the same values, and HTML beside it."""
    found = export(stage, sealer, everywhere(stage, eve[0]))
    packed = person_archive.as_zip(found, "<p>Hello</p>", at=LATER)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        stored = json.loads(archive.read("data.json"))

        assert archive.read("data.html") == b"<p>Hello</p>"
    assert stored["made_at"] == LATER.isoformat()
    grade = stored["courses"][0]["activities"][0]["grade"]
    assert grade["score"] == "3.25"
    assert stage.session.scalars(select(Activity)).one().resource_link.title == "all-of-it"

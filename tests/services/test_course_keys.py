"""Keys of courses: one for each, changed while the tool runs, destroyed, and never overwritten."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import LargeBinary, select
from sqlalchemy.orm import Session

from lti_alliance.errors import Conflict
from lti_alliance.models import Activity, Base, CourseKey, Draft, Membership, Reflection
from lti_alliance.sealing import KeyMissing, SealBroken, Sealer
from lti_alliance.services import course_keys, reflections, resealing, sealed_texts
from lti_alliance.services.course_keys import KeyDestroyed
from lti_alliance.services.sealed_texts import TextKind
from tests.services.work import write
from tests.stage import NOON, Stage

pytestmark = pytest.mark.both_databases
CANARY = "My partner fell silent and I filled the silence."
NEW = bytes(range(32))
OLD = b"thirty-two bytes for the tests.."


@pytest.fixture
def reflection(stage: Stage, sealer: Sealer, activity: Activity, student: Membership) -> Reflection:
    """A reflection that was handed in."""
    return write(stage, sealer, activity, student, CANARY)


def read(stage: Stage, sealer: Sealer, reflection: Reflection) -> str:
    stage.session.flush()
    stage.session.expire_all()
    return sealed_texts.read_submitted(sealer, reflection)


def reseal(session: Session, sealer: Sealer, context_id: UUID) -> tuple[int, int]:
    sealed = broken = 0
    for texts in resealing.TEXTS:
        last = None
        while True:
            page = resealing.reseal_page(session, sealer, texts, context_id, after=last)
            sealed, broken, last = sealed + page.sealed, broken + page.broken, page.last
            if last is None:
                break
    session.expire_all()
    return sealed, broken


def test_every_sealed_column_is_known() -> None:
    """A new column of sealed bytes is sealed anew with the others, or says here why not."""
    known = {str(texts.column) for texts in resealing.TEXTS}
    elsewhere = {
        # Keys and tokens, which the command treats by themselves.
        "CourseKey.wrapped_key",
        "CourseKey.wrapped_before",
        "ToolKey.sealed_private_key",
        "AccessToken.sealed_token",
    }
    found = {
        f"{mapper.class_.__name__}.{column.key}"
        for mapper in Base.registry.mappers
        for column in mapper.column_attrs
        if isinstance(column.columns[0].type, LargeBinary)
    }

    assert found == known | elsewhere


def test_a_text_needs_the_key_of_its_course(
    stage: Stage, sealer: Sealer, reflection: Reflection
) -> None:
    """The data key alone opens no text; with the course's key, which it opens, it does."""
    assert reflection.submitted_text is not None
    assert not sealer.has_key_of(reflection.submitted_text)
    assert read(stage, sealer, reflection) == CANARY


def test_another_data_key_touches_no_text(
    stage: Stage, sealer: Sealer, reflection: Reflection
) -> None:
    """The course's key is sealed anew; afterwards the old data key is not needed any more."""
    before = reflection.submitted_text
    both = Sealer(NEW, OLD)
    counts = [course_keys.rewrap(stage.session, both) for _ in range(2)]

    assert counts == [1, 0]
    assert read(stage, Sealer(NEW), reflection) == CANARY
    assert reflection.submitted_text == before
    assert resealing.list_missing_keys(stage.session, sealer) != []
    assert resealing.list_missing_keys(stage.session, Sealer(NEW)) == []


def test_a_lost_key_overwrites_nothing(
    stage: Stage, activity: Activity, reflection: Reflection
) -> None:
    """Reading and writing fail with the id of the missing key, and every row stays as it was."""
    wrapped = stage.session.get_one(CourseKey, stage.context.id).wrapped_key
    wrong = Sealer(NEW)
    for attempted in (
        lambda: read(stage, wrong, reflection),
        lambda: sealed_texts.seal(wrong, reflection, TextKind.DRAFT, "New."),
        lambda: course_keys.change_key(stage.session, wrong, stage.context.id, at=NOON),
        lambda: course_keys.rewrap(stage.session, wrong),
        lambda: reseal(stage.session, wrong, stage.context.id),
    ):
        with pytest.raises(KeyMissing):
            attempted()

    assert stage.session.get_one(CourseKey, stage.context.id).wrapped_key == wrapped
    assert read(stage, Sealer(OLD), reflection) == CANARY


def test_texts_from_before_courses_had_keys_open_and_are_sealed_anew(
    stage: Stage, sealer: Sealer, reflection: Reflection
) -> None:
    """What the data key itself sealed is read as ever, and comes under the course's key."""
    purpose = sealed_texts.purpose(TextKind.SUBMITTED, reflection.id, reflection.membership_id)
    reflection.submitted_text = sealer.seal_text(CANARY, purpose=purpose)
    before = read(stage, sealer, reflection)
    counts = [reseal(stage.session, sealer, stage.context.id) for _ in range(2)]

    assert before == CANARY
    assert counts == [(1, 0), (0, 0)]
    assert not sealer.has_key_of(reflection.submitted_text)
    assert read(stage, sealer, reflection) == CANARY


def test_a_course_changes_its_key_while_it_is_in_use(
    stage: Stage, sealer: Sealer, reflection: Reflection
) -> None:
    """Both keys open until every text is under the new one and nobody can seal with the old."""
    session, course = stage.session, stage.context.id
    course_keys.change_key(session, sealer, course, at=NOON)
    between = read(stage, sealer, reflection)
    with pytest.raises(Conflict):
        course_keys.change_key(session, sealer, course, at=NOON)
    too_early = resealing.drop_key_before(session, sealer, course, at=NOON)
    later = NOON + course_keys.KEPT_BESIDE
    too_much_left = resealing.drop_key_before(session, sealer, course, at=later)
    sealed, _ = reseal(session, sealer, course)
    dropped = resealing.drop_key_before(session, sealer, course, at=later)

    assert between == CANARY
    assert (too_early, too_much_left, dropped) == (False, False, True)
    assert sealed > 0
    assert session.get_one(CourseKey, course).wrapped_before is None
    assert read(stage, sealer, reflection) == CANARY


def test_sealing_anew_may_stop_anywhere(
    stage: Stage,
    sealer: Sealer,
    activity: Activity,
    reflection: Reflection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stopped after a page of one, it goes on where it was; every text opens at every moment."""
    monkeypatch.setattr(resealing, "PAGE", 1)
    second = write(stage, sealer, activity, stage.join("second"), "Something else.")
    drafts = next(each for each in resealing.TEXTS if each.column is Draft.sealed_text)
    course_keys.change_key(stage.session, sealer, stage.context.id, at=NOON)
    first = resealing.reseal_page(stage.session, sealer, drafts, stage.context.id, after=None)
    texts = {read(stage, sealer, each) for each in (reflection, second)}
    counts = [reseal(stage.session, sealer, stage.context.id) for _ in range(2)]

    assert first.sealed == 1
    assert texts == {CANARY, "Something else."}
    # Two drafts, two versions, two texts handed in, of which one was done.
    assert counts == [(5, 0), (0, 0)]
    assert {read(stage, sealer, each) for each in (reflection, second)} == texts


def test_a_text_saved_meanwhile_is_kept(
    stage: Stage, sealer: Sealer, reflection: Reflection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading a text and writing it sealed anew somebody saves another: theirs stays."""
    course_keys.change_key(stage.session, sealer, stage.context.id, at=NOON)
    newer = sealed_texts.seal(sealer, reflection, TextKind.SUBMITTED, "Newer.")
    opened = course_keys.open_text

    def save_meanwhile(session, *values, **more):
        text = opened(session, *values, **more)
        reflection.submitted_text = newer
        session.flush()
        return text

    monkeypatch.setattr(course_keys, "open_text", save_meanwhile)
    page = resealing.reseal_page(
        stage.session, sealer, resealing.TEXTS[0], stage.context.id, after=None
    )
    monkeypatch.undo()

    assert page.sealed == 0
    assert read(stage, sealer, reflection) == "Newer."


def test_a_text_that_does_not_open_is_counted_and_left(
    stage: Stage, sealer: Sealer, reflection: Reflection
) -> None:
    """A text copied from another row stays as it is and stops nothing."""
    foreign = sealer.seal_text(CANARY, purpose="submitted:1:2")
    reflection.submitted_text = foreign
    stage.session.flush()

    assert reseal(stage.session, sealer, stage.context.id) == (0, 1)
    assert reflection.submitted_text == foreign


def test_a_destroyed_key_leaves_nothing_to_read(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership, reflection: Reflection
) -> None:
    """Nothing of the course opens, nothing new can be written, and no new key is made."""
    course_keys.destroy(stage.session, stage.context.id, at=NOON)
    with pytest.raises(KeyDestroyed):
        read(stage, sealer, reflection)
    with pytest.raises(KeyDestroyed):
        reflections.save_draft(
            stage.session,
            sealer,
            activity=activity,
            membership=stage.join("late"),
            prompt_id="fo-r1",
            text="New.",
            base_version=0,
            at=NOON + timedelta(minutes=1),
        )
    row = stage.session.get_one(CourseKey, stage.context.id)

    assert (row.wrapped_key, row.wrapped_before, row.destroyed_at) == (None, None, NOON)
    assert stage.context.id not in resealing.list_courses(stage.session)


def test_swapped_texts_do_not_open(
    stage: Stage, sealer: Sealer, activity: Activity, reflection: Reflection
) -> None:
    """Two people of one course share its key, and still neither text opens as the other's."""
    second = write(stage, sealer, activity, stage.join("second"), "Something else.")
    mine, theirs = reflection.submitted_text, second.submitted_text
    reflection.submitted_text, second.submitted_text = theirs, mine
    for each in (reflection, second):
        with pytest.raises(SealBroken):
            read(stage, sealer, each)
    keys = stage.session.scalars(select(CourseKey)).all()

    assert len(keys) == 1

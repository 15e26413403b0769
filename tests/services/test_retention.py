"""Retention: what a course has kept long enough goes, by its own period, and nothing sooner."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from lti_alliance.models import (
    Activity,
    AuditEvent,
    Base,
    Grade,
    Membership,
    Profile,
    Reflection,
    RosterEntry,
    RosterReading,
    SubmittedVersion,
    User,
)
from lti_alliance.sealing import Sealer
from lti_alliance.services import (
    course_keys,
    grading,
    privacy,
    resealing,
    retention,
    revisions,
    rosters,
    sealed_texts,
)
from lti_alliance.services.retention import Periods
from tests.services.dumps import places_of
from tests.services.person import Canaries, settle
from tests.services.work import take_quiz, write
from tests.stage import NOON, Stage

PERIODS = Periods(texts=timedelta(days=365), work=timedelta(days=730), roster=timedelta(days=30))
DAY = timedelta(days=1)


@pytest.fixture
def eve(stage: Stage, sealer: Sealer) -> tuple[Membership, Canaries]:
    """Somebody with a trace in every table; the course was opened last at noon."""
    return settle(stage, sealer, "eve")


def rows_of(stage: Stage) -> dict[str, int]:
    return {
        table.name: stage.session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }


def remove(stage: Stage, days: int, periods: Periods = PERIODS) -> list[retention.Removal]:
    found = retention.remove_due(stage.session, periods, at=NOON + timedelta(days=days))
    stage.session.commit()
    return found


def test_nothing_goes_before_its_time(stage: Stage, eve: tuple[Membership, Canaries]) -> None:
    """A course that was opened within the periods keeps everything."""
    before = rows_of(stage)

    assert remove(stage, 30) == []
    assert rows_of(stage) == before


@pytest.mark.both_databases
def test_texts_go_and_scores_stay(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """After a year no text, draft or comment opens; the grade is worked out to the same as ever."""
    person = stage.join("ben")
    activity = stage.session.scalars(select(Activity)).one()
    take_quiz(stage, activity, person)
    reflection = write(stage, sealer, activity, person, "My partner fell silent.")
    before = grading.refresh_grade(stage.session, activity, person, at=NOON).parts
    (found,) = remove(stage, 366)
    after = grading.refresh_grade(stage.session, activity, person, at=NOON).parts
    row = stage.session.get_one(Reflection, reflection.id)

    assert found.rows["drafts"] == 2
    assert found.rows["submitted_versions"] == 2
    assert found.rows["item_questions"] == 1
    assert before == after
    assert sealed_texts.read_submitted(sealer, row) == ""
    assert revisions.read_version(stage.session, sealer, row).text == ""
    assert set(stage.session.scalars(select(SubmittedVersion.sealed_text))) == {b""}
    assert stage.session.scalar(select(func.count()).select_from(Grade)) == 2
    assert remove(stage, 367) == []


@pytest.mark.both_databases
def test_removed_texts_hold_up_no_change_of_keys(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """An empty version is sealed by no key: it neither waits for another nor counts as broken."""
    remove(stage, 366)
    at = NOON + timedelta(days=400)
    course_keys.change_key(stage.session, sealer, stage.context.id, at=at)
    pages = [
        resealing.reseal_page(stage.session, sealer, texts, stage.context.id, after=None)
        for texts in resealing.TEXTS
    ]

    assert sum(page.broken for page in pages) == 0
    later = at + course_keys.KEPT_BESIDE
    assert resealing.drop_key_before(stage.session, sealer, stage.context.id, at=later)


@pytest.mark.both_databases
def test_work_goes_with_its_people(stage: Stage, eve: tuple[Membership, Canaries]) -> None:
    """After two years no score is left; whoever taught stays nameless, and users go for good."""
    _, said = eve
    (found,) = remove(stage, 731)
    privacy.retain(stage.session, at=NOON + timedelta(days=733))
    stage.session.commit()
    left = rows_of(stage)

    assert found.rows["attempts"] == 1
    assert found.rows["memberships"] == 2
    assert not any(
        left[name] for name in ("attempts", "grades", "reflections", "profiles", "accommodations")
    )
    assert [user.sub.partition(":")[0] for user in stage.session.scalars(select(User))] == [
        "erased"
    ]
    own = said("sub", "name", "email", "text", "practised", "section")
    assert places_of(stage.session, own) == {}
    assert remove(stage, 800) == []


@pytest.mark.both_databases
@pytest.mark.parametrize("days", [31, 366, 731])
def test_the_dry_run_counts_what_goes(
    stage: Stage, eve: tuple[Membership, Canaries], days: int
) -> None:
    """It tells the same numbers by course as the removal, and changes nothing."""
    rosters.want(stage.session, stage.context, stage.registration.id, at=NOON)
    before = rows_of(stage)
    (told,) = retention.list_due(stage.session, PERIODS, at=NOON + timedelta(days=days))

    assert rows_of(stage) == before
    (done,) = remove(stage, days)
    assert told.rows == done.rows
    assert told.title == "Skills"
    assert sum(told.rows.values()) > 0


def test_a_roster_is_kept_while_the_course_is_used(
    stage: Stage, eve: tuple[Membership, Canaries]
) -> None:
    """A month after the last launch nobody is asked for names any more; a launch asks again."""
    rosters.want(stage.session, stage.context, stage.registration.id, at=NOON)
    remove(stage, 31)

    assert stage.session.scalars(select(RosterEntry)).all() == []
    assert stage.session.scalars(select(RosterReading)).all() == []
    rosters.want(stage.session, stage.context, stage.registration.id, at=NOON)
    assert len(stage.session.scalars(select(RosterReading)).all()) == 1


def test_a_later_launch_starts_the_period_anew(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """A course that goes on after its texts were removed has the whole period again."""
    remove(stage, 366)
    eve[0].last_launch_at = NOON + timedelta(days=400)
    stage.session.flush()

    assert remove(stage, 700) == []
    assert len(remove(stage, 766)) == 1


@pytest.mark.parametrize("place", ["registration", "context"])
def test_periods_of_a_place_hold_there(
    stage: Stage, eve: tuple[Membership, Canaries], place: str
) -> None:
    """The course's own period comes first, then the registration's, then the tool's; on record."""
    retention.set_periods(
        stage.session, getattr(stage, place), texts_days=10, work_days=None, at=NOON
    )
    if place == "context":
        stage.registration.texts_days = 9999
    held = retention.periods_of(stage.context, PERIODS)

    assert (held.texts, held.work) == (timedelta(days=10), PERIODS.work)
    short = Periods(texts=PERIODS.texts, work=PERIODS.work, roster=DAY)
    assert [found.rows["drafts"] for found in remove(stage, 11, short)] == [1]
    event = stage.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "privacy.periods_set")
    ).one()
    assert event.details == {"texts_days": 10, "work_days": None}


def test_a_turn_takes_so_many_courses(stage: Stage, eve: tuple[Membership, Canaries]) -> None:
    """Work is done in turns, so that no act holds the database for long."""
    assert retention.remove_due(stage.session, PERIODS, at=NOON + 731 * DAY, limit=0) == []
    assert len(retention.remove_due(stage.session, PERIODS, at=NOON + 731 * DAY, limit=1)) == 1


def test_removal_is_on_record(stage: Stage, eve: tuple[Membership, Canaries]) -> None:
    """The trail says what went from which course, in numbers."""
    remove(stage, 366)
    event = stage.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "privacy.time_up")
    ).one()

    assert event.context_id == stage.context.id
    assert event.details["parts"] == ["texts"]
    assert event.details["rows"]["drafts"] == 1


@pytest.mark.both_databases
def test_what_ends_by_itself_is_counted_first(
    stage: Stage, eve: tuple[Membership, Canaries]
) -> None:
    """Names, launches and people whom no course knows: counted, then deleted as counted."""
    at = NOON + timedelta(days=31)
    nobody = User(registration_id=stage.registration.id, sub="nobody", created_at=NOON)
    stage.session.add(nobody)
    stage.session.flush()
    told = privacy.count_expired(stage.session, at=at)

    assert (told["launch_sessions"], told["profiles"], told["users"]) == (3, 1, 1)
    assert stage.session.scalar(select(func.count()).select_from(Profile)) == 1
    assert privacy.retain(stage.session, at=at) == sum(told.values())
    assert stage.session.scalars(select(User.sub).where(User.sub == "nobody")).all() == []
    assert privacy.retain(stage.session, at=at) == 0

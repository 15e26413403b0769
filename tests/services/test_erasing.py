"""Erasing a person: nothing of theirs is left, nothing of others goes, a backup is erased again."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select

from lti_alliance.domain.delivery import DeliveryState
from lti_alliance.domain.launch import Person as LMSPerson
from lti_alliance.domain.launch import Role
from lti_alliance.domain.roster import Member
from lti_alliance.errors import NotFound
from lti_alliance.models import (
    AcceptedWording,
    Activity,
    AuditEvent,
    Base,
    Context,
    Erasure,
    Grade,
    LaunchSession,
    Membership,
    PassageComment,
    Profile,
    RosterEntry,
    ScoreDelivery,
    User,
)
from lti_alliance.sealing import Sealer
from lti_alliance.services import (
    desk_people,
    erasing,
    erasures,
    grading,
    persons,
    roster_keeping,
    wordings,
)
from lti_alliance.services.persons import Subject
from tests.services.dumps import file_bytes, places_of
from tests.services.person import Canaries, settle
from tests.services.work import take_quiz
from tests.stage import NOON, Stage

LATER = NOON + timedelta(days=60)
EVERYTHING = (
    *("sub", "section", "name", "given", "family", "email", "answer", "question", "reply"),
    *("text", "passage", "comment", "unreleased", "criterion", "note", "reason", "practised"),
    *("phrase", "preset"),
)

_TRAIL = {"audit_events", "erasures"}
_SEALED = (
    *("question", "reply", "text", "passage", "comment", "unreleased", "note", "reason"),
    "phrase",
)

Scope = Callable[[Stage, Membership], Subject]


def in_course(stage: Stage, person: Membership) -> Subject:
    return persons.subject_of(stage.session, person)


def everywhere(stage: Stage, person: Membership) -> Subject:
    return persons.everywhere(stage.session, person)


@pytest.fixture
def eve(stage: Stage, sealer: Sealer) -> tuple[Membership, Canaries]:
    """Somebody with a trace in every table."""
    return settle(stage, sealer, "eve")


def rows_of(stage: Stage) -> dict[str, int]:
    return {
        table.name: stage.session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }


def erase(stage: Stage, subject: Subject) -> None:
    erasing.erase_person(
        stage.session, subject, at=LATER, actor=stage.people["instructor"], request_id="r-1"
    )
    stage.session.commit()


@pytest.mark.both_databases
@pytest.mark.parametrize("scope", [in_course, everywhere])
def test_no_canary_is_left(
    stage: Stage, eve: tuple[Membership, Canaries], scope: Scope, engine: Engine
) -> None:
    """No name, text or answer is in any column of any table, nor in the bytes of the file."""
    person, said = eve
    words = said(*EVERYTHING)
    stage.session.commit()
    stored_open = set(words) - set(said(*_SEALED))
    before = places_of(stage.session, words)
    stage.session.commit()
    is_file = engine.dialect.name == "sqlite"
    bytes_before = file_bytes(engine) if is_file else b""
    erase(stage, scope(stage, person))

    # The test can find what it looks for: everything that is not sealed was there.
    assert {word for found in before.values() for word in found} == stored_open
    assert places_of(stage.session, words) == {}
    if is_file:
        stage.session.close()
        assert said.email.encode() in bytes_before
        assert [word for word in words if word.encode() in file_bytes(engine)] == []


@pytest.mark.both_databases
def test_rows_of_the_person_go_and_others_stay(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """Somebody with the same traces keeps every one of them, word for word."""
    alone = rows_of(stage)
    other, said = settle(stage, sealer, "ada")
    together = rows_of(stage)
    words = said(*EVERYTHING)
    kept = places_of(stage.session, words)
    erase(stage, everywhere(stage, eve[0]))
    after = rows_of(stage)

    # A score stays with its nameless member and user, and the launches of the teacher; the trail
    # only grows.
    left = {"grades": 1, "memberships": 1, "users": 1, "launch_sessions": 2}
    gone = {name: together[name] - after[name] for name in after.keys() - _TRAIL}
    assert gone == {
        name: together[name] - alone[name] - left.get(name, 0) for name in after.keys() - _TRAIL
    }
    assert places_of(stage.session, words) == kept
    assert stage.session.get_one(Membership, other.id).user.profile is not None


def test_the_score_stays_as_nobodys(stage: Stage, eve: tuple[Membership, Canaries]) -> None:
    """The score is kept with its points and without a moment; its person is a random name."""
    person, _ = eve
    erase(stage, everywhere(stage, person))
    grade = stage.session.scalars(select(Grade)).one()
    member = stage.session.get_one(Membership, grade.membership_id)

    assert grade.score == Decimal("3.25")
    assert (grade.attempt_id, grade.started_at, grade.submitted_at) == (None, None, None)
    assert member.user.sub.startswith("erased:")
    assert member.user.profile is None
    assert (member.erased_at, member.sections) == (LATER, [])


def test_nothing_is_sent_any_more(stage: Stage, eve: tuple[Membership, Canaries]) -> None:
    """A score on its way is taken back from the worker, and nothing brings it back."""
    person, _ = eve
    assert stage.session.scalars(select(ScoreDelivery.state)).all() == [DeliveryState.DUE]
    found = erasing.preview_erasure(stage.session, everywhere(stage, person))
    erase(stage, everywhere(stage, person))
    activity = stage.session.scalars(select(Activity)).one()
    grading.refresh_all(stage.session, activity, at=LATER)

    assert (found.undelivered, found.in_gradebooks, found.grades_kept) == (1, 0, 1)
    assert stage.session.scalars(select(ScoreDelivery)).all() == []
    assert stage.session.scalars(select(Grade.score)).all() == [Decimal("3.25")]


def test_the_preview_counts_what_goes_and_changes_nothing(
    stage: Stage, eve: tuple[Membership, Canaries]
) -> None:
    """The numbers of the preview are those of the erasure."""
    subject = in_course(stage, eve[0])
    before = rows_of(stage)
    found = erasing.preview_erasure(stage.session, subject)

    assert rows_of(stage) == before
    gone = erasing.erase_person(stage.session, subject, at=LATER)
    beside = {"profiles", "presets"}
    assert {name: n for name, n in found.rows.items() if n} == {
        name: n for name, n in gone.items() if n and name not in beside
    }
    assert found.rows["drafts"] > 0
    assert found.rows["responses"] > 0


def test_it_is_on_record_without_a_name(stage: Stage, eve: tuple[Membership, Canaries]) -> None:
    """The trail says who erased whom by ids that lead nowhere, and keeps what it had."""
    person, _ = eve
    user_id = person.user_id
    acts = stage.session.scalars(select(AuditEvent.id)).all()
    erase(stage, everywhere(stage, person))
    event = stage.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "privacy.erased")
    ).one()

    assert set(acts) < set(stage.session.scalars(select(AuditEvent.id)))
    assert (event.object_id, event.actor_role) == (user_id, Role.INSTRUCTOR)
    assert event.request_id == "r-1"
    assert event.details["scope"] == "registration"
    assert stage.session.get(User, user_id) is None


@pytest.mark.both_databases
def test_one_course_leaves_the_others(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """Erased from one course, somebody keeps another, and the name that is known there."""
    person, said = eve
    elsewhere = Context(
        deployment_id=stage.context.deployment_id, lti_id="other", title="Other", created_at=NOON
    )
    stage.session.add(elsewhere)
    stage.session.flush()
    second = Membership(
        context_id=elsewhere.id,
        user_id=person.user_id,
        role=Role.LEARNER,
        number=1,
        first_launch_at=NOON,
        last_launch_at=NOON,
    )
    stage.session.add(second)
    stage.session.flush()
    first_id, second_id = person.id, second.id
    erase(stage, in_course(stage, person))

    assert stage.session.get_one(Membership, second_id).user.sub == said.sub
    assert stage.session.scalars(select(Profile.name)).all() == [said.name]
    assert stage.session.get(Membership, first_id) is None
    erase(stage, everywhere(stage, second))
    assert places_of(stage.session, said(*EVERYTHING)) == {}
    # Nothing was left there, so that not even a nameless member is.
    assert stage.session.get(Membership, second_id) is None


def test_launches_of_others_forget_the_person(
    stage: Stage, eve: tuple[Membership, Canaries]
) -> None:
    """A review and an observer's view that were about the person stay open, about nobody."""
    erase(stage, everywhere(stage, eve[0]))
    left = stage.session.scalars(select(LaunchSession)).all()

    assert {each.user_id for each in left} == {stage.people["instructor"].user_id}
    assert [each.mentored for each in left if each.mentored] == [["somebody else"]]


def test_a_wording_that_others_gave_stays(stage: Stage, eve: tuple[Membership, Canaries]) -> None:
    """An accepted answer goes with the only one who gave it, and not with one of two."""
    person, said = eve
    activity = stage.session.scalars(select(Activity)).one()
    take_quiz(stage, activity, stage.join("ben"), wording=said.answer)
    erase(stage, everywhere(stage, person))

    assert stage.session.scalars(select(AcceptedWording.wording)).all() == [
        wordings.normalise(said.answer)
    ]


def test_whoever_taught_leaves_their_decisions(
    stage: Stage, eve: tuple[Membership, Canaries]
) -> None:
    """A comment on a student's text is the student's: it stays, by somebody who is not named."""
    teacher = stage.people["instructor"]
    erasing.erase_person(stage.session, everywhere(stage, teacher), at=LATER)
    comment = stage.session.scalars(select(PassageComment)).one()

    author = stage.session.get_one(Membership, comment.author_id)
    assert author.user.sub.startswith("erased:")
    assert (author.role, author.erased_at) == (Role.INSTRUCTOR, LATER)


@pytest.mark.both_databases
@pytest.mark.parametrize("scope", [in_course, everywhere])
def test_a_restored_backup_is_erased_again(
    stage: Stage, eve: tuple[Membership, Canaries], scope: Scope
) -> None:
    """With the tombstone alone the person is found and erased; once is enough."""
    person, said = eve
    subject = scope(stage, person)
    digest = erasures.digest_of(subject.registration, said.sub)
    stone = erasures.Tombstone(LATER, digest, subject.context_id)
    other = erasures.Tombstone(LATER, "0" * 64, None)
    counts = [
        erasing.reapply(stage.session, at=LATER + timedelta(days=1), also=[stone, other])
        for _ in range(2)
    ]
    stage.session.commit()

    assert counts == [1, 0]
    assert places_of(stage.session, said(*EVERYTHING)) == {}
    assert stage.session.scalar(select(func.count()).select_from(Erasure)) == 2


def test_whoever_comes_back_is_somebody_new(
    stage: Stage, sealer: Sealer, eve: tuple[Membership, Canaries]
) -> None:
    """A launch after the erasure is not undone by erasing again."""
    person, said = eve
    erase(stage, everywhere(stage, person))
    back = stage.join("back", number=9)
    back.user.sub, back.user.created_at = said.sub, LATER + timedelta(hours=1)
    stage.session.flush()

    assert erasing.reapply(stage.session, at=LATER + timedelta(days=1)) == 0
    assert stage.session.get_one(User, back.user_id).sub == said.sub


@pytest.mark.both_databases
@pytest.mark.parametrize("scope", [in_course, everywhere])
def test_a_roster_does_not_bring_anybody_back(
    stage: Stage, eve: tuple[Membership, Canaries], scope: Scope
) -> None:
    """The LMS goes on listing whoever was erased; the name is kept once they open the tool."""
    person, said = eve
    erase(stage, scope(stage, person))

    def read() -> set[str]:
        listed = [
            Member(person=LMSPerson(said.sub, said.name), role=Role.LEARNER),
            Member(person=LMSPerson("newcomer", "Newcomer"), role=Role.LEARNER),
        ]
        roster_keeping.keep_members(
            stage.session,
            listed,
            context_id=stage.context.id,
            registration_id=stage.registration.id,
            profile_for=timedelta(days=30),
            at=LATER,
        )
        found = select(User.sub).join(RosterEntry, RosterEntry.user_id == User.id)
        return set(stage.session.scalars(found))

    assert read() == {"newcomer"}
    back = stage.join("back", number=9)
    back.user.sub = said.sub
    stage.session.flush()
    assert read() == {"newcomer", said.sub}


def test_lists_of_students_are_without_the_erased(
    stage: Stage, eve: tuple[Membership, Canaries]
) -> None:
    """Nobody is to wait for the work of somebody who was erased."""
    erase(stage, in_course(stage, eve[0]))
    people, hidden = desk_people.list_people(
        stage.session, stage.context, viewer=stage.people["instructor"]
    )

    left = stage.session.scalars(select(Membership).where(Membership.erased_at.is_not(None))).one()
    assert (people, hidden) == ([], 0)
    with pytest.raises(NotFound):
        persons.subject_of(stage.session, left)

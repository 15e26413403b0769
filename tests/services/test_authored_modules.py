"""Modules of a course: copied, saved, published, offered, deleted; nobody else's."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from lti_alliance.content.parser import MAX_SOURCE_LENGTH
from lti_alliance.domain.launch import Role
from lti_alliance.errors import Conflict, InvalidInput, NotFound, Stale
from lti_alliance.models import AuditEvent, AuthoredModule, Context, Membership, ModuleVersion
from lti_alliance.services import authored_modules as authoring
from lti_alliance.services import modules, publications
from tests.stage import NOON, Stage


@pytest.fixture
def teacher(stage: Stage) -> Membership:
    """Who teaches the course."""
    return stage.people["instructor"]


@pytest.fixture
def own(stage: Stage, teacher: Membership) -> AuthoredModule:
    """A copy of the taster."""
    module = stage.catalogue.get("taster")
    return authoring.copy_module(stage.session, stage.catalogue, module, actor=teacher, at=NOON)


def save(stage: Stage, own: AuthoredModule, source: str, base: int | None = None) -> None:
    """Save a draft as the teacher."""
    authoring.save_draft(
        stage.session,
        stage.catalogue,
        own,
        source,
        base_version=own.draft_version if base is None else base,
        actor=stage.people["instructor"],
        at=NOON,
    )


def publish(stage: Stage, own: AuthoredModule, version: str, base: int | None = None) -> None:
    """Publish as the teacher."""
    publications.publish(
        stage.session,
        stage.catalogue,
        own,
        version=version,
        base_version=own.draft_version if base is None else base,
        actor=stage.people["instructor"],
        at=NOON,
    )


def test_a_copy_is_a_module_of_its_own(stage: Stage, own: AuthoredModule) -> None:
    """It has an id and a version of its own, everything else is as in the original."""
    original = stage.catalogue.get("taster")
    checked = authoring.check_draft(stage.session, stage.catalogue, own, own.draft)

    assert checked.errors == ()
    assert checked.module
    assert (checked.module.id, checked.module.version) == ("taster-copy", "1.0.0")
    assert checked.module.title == "A two-minute taster (copy)"
    assert checked.module.quiz == original.quiz
    assert checked.module.reading == original.reading
    assert own.origin_hash == original.content_hash


def test_every_copy_gets_a_free_id(stage: Stage, teacher: Membership, own: AuthoredModule) -> None:
    """Two copies of the same module do not collide."""
    again = authoring.copy_module(
        stage.session, stage.catalogue, stage.catalogue.get("taster"), actor=teacher, at=NOON
    )

    assert {own.module_id, again.module_id} == {"taster-copy", "taster-copy-2"}


def test_a_draft_is_offered_to_nobody(stage: Stage, own: AuthoredModule) -> None:
    """Only what is published can be placed."""
    offered = modules.list_offered(stage.session, stage.catalogue, stage.context.id)

    assert own.module_id not in {module.id for module in offered}
    with pytest.raises(NotFound):
        modules.get_offered(stage.session, stage.catalogue, stage.context.id, own.module_id)


def test_a_published_module_is_offered_to_its_course_alone(
    stage: Stage, own: AuthoredModule
) -> None:
    """Another course of the same registration does not see it."""
    publish(stage, own, "1.0.0")
    other = Context(deployment_id=stage.context.deployment_id, lti_id="other", created_at=NOON)
    stage.session.add(other)
    stage.session.flush()
    here = modules.list_offered(stage.session, stage.catalogue, stage.context.id)

    assert [module.id for module in here][-1] == own.module_id
    assert len(here) == len(stage.catalogue.list()) + 1
    assert own.module_id not in {
        module.id for module in modules.list_offered(stage.session, stage.catalogue, other.id)
    }
    with pytest.raises(NotFound):
        modules.get_offered(stage.session, stage.catalogue, other.id, own.module_id)
    with pytest.raises(NotFound):
        authoring.get_authored(stage.session, own.id, other.id)


def test_an_activity_stays_on_its_version(stage: Stage, own: AuthoredModule) -> None:
    """A newer version is found for it, and nothing moves by itself."""
    publish(stage, own, "1.0.0")
    activity = stage.activity(module_id=own.module_id)
    before = modules.get_module(stage.session, stage.catalogue, content_hash=activity.content_hash)
    assert modules.find_newest(stage.session, stage.catalogue, activity) is None
    save(stage, own, own.draft.replace("Goals, tasks and bond", "Goals, tasks, bond"))
    publish(stage, own, "1.0.1")
    newest = modules.find_newest(stage.session, stage.catalogue, activity)

    assert newest
    assert newest.version == "1.0.1"
    assert activity.content_hash == before.content_hash
    assert list(publications.list_behind(stage.session, own)) == [activity]
    shown = modules.get_module(stage.session, stage.catalogue, content_hash=activity.content_hash)
    assert shown.version == "1.0.0"


def test_an_older_draft_overwrites_nothing(stage: Stage, own: AuthoredModule) -> None:
    """Two forms start from the same draft: the second is refused."""
    first, second = own.draft + "\n", own.draft + "\n\n"
    base = own.draft_version
    save(stage, own, first, base)

    with pytest.raises(Stale):
        save(stage, own, second, base)
    assert own.draft == first
    with pytest.raises(Stale):
        publish(stage, own, "1.0.0", base)
    assert own.published_hash is None


@pytest.mark.parametrize(
    ("version", "fault"),
    [
        ("1.0.0", publications.NOT_HIGHER),
        ("0.9.9", publications.NOT_HIGHER),
        ("1.0", publications.NOT_A_VERSION),
        ("x: y", publications.NOT_A_VERSION),
        ("1.0.1", publications.NOTHING_NEW),
    ],
)
def test_versions_rise(stage: Stage, own: AuthoredModule, version: str, fault: str) -> None:
    """A version is published once, with a higher number, and only if something has changed."""
    publish(stage, own, "1.0.0")

    with pytest.raises(InvalidInput) as refused:
        publish(stage, own, version)
    assert refused.value.fields == {"version": fault}


def test_the_next_versions_are_proposed(stage: Stage, own: AuthoredModule) -> None:
    """The first keeps the draft's number; then one of three, the smallest first."""
    assert list(publications.propose_versions(stage.session, own).values()) == ["1.0.0"]
    publish(stage, own, "1.0.0")
    proposed = publications.propose_versions(stage.session, own)

    assert list(proposed.values()) == ["1.0.1", "1.1.0", "2.0.0"]


def test_a_draft_with_faults_is_kept_and_not_published(stage: Stage, own: AuthoredModule) -> None:
    """Work in progress may be broken; what students see may not."""
    save(stage, own, own.draft.replace("- [x] Tasks", "- [ ] Tasks"))
    checked = authoring.check_draft(stage.session, stage.catalogue, own, own.draft)

    assert [fault.problem for fault in checked.errors] == ["ta-02 needs exactly one [x]"]
    with pytest.raises(InvalidInput) as refused:
        publish(stage, own, "1.0.0")
    assert refused.value.fields == {"version": publications.HAS_FAULTS}


@pytest.mark.parametrize("wanted", ["foundations", "other"])
def test_an_id_that_is_taken_is_a_fault(
    stage: Stage, teacher: Membership, own: AuthoredModule, wanted: str
) -> None:
    """Neither a shipped module's id nor that of another module of the course can be taken."""
    other = authoring.begin_module(stage.session, stage.catalogue, actor=teacher, at=NOON)
    save(stage, other, other.draft.replace("id: my-module", "id: other"))
    save(stage, own, own.draft.replace("id: taster-copy", f"id: {wanted}"))
    checked = authoring.check_draft(stage.session, stage.catalogue, own, own.draft)

    assert (other.module_id, own.module_id) == ("other", "taster-copy")
    assert [(fault.line, fault.remedy) for fault in checked.errors] == [
        (3, "Write `id: taster-copy`.")
    ]
    with pytest.raises(InvalidInput):
        publish(stage, own, "1.0.0")


def test_the_id_is_free_until_something_is_published(stage: Stage, own: AuthoredModule) -> None:
    """Afterwards activities know the module by it."""
    save(stage, own, own.draft.replace("id: taster-copy", "id: our-taster"))
    assert own.module_id == "our-taster"
    publish(stage, own, "1.0.0")
    save(stage, own, own.draft.replace("id: our-taster", "id: another"))
    checked = authoring.check_draft(stage.session, stage.catalogue, own, own.draft)

    assert own.module_id == "our-taster"
    assert len(checked.errors) == 1


def test_a_broken_file_is_kept_with_its_faults(stage: Stage, teacher: Membership) -> None:
    """Whoever uploads it can repair it here."""
    made = authoring.upload_module(
        stage.session, stage.catalogue, b"# Only a heading\r\n", actor=teacher, at=NOON
    )
    checked = authoring.check_draft(stage.session, stage.catalogue, made, made.draft)

    assert made.module_id == "untitled"
    assert made.draft == "# Only a heading\n"
    assert checked.module is None
    assert checked.errors


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", authoring.EMPTY),
        (b"\xff\xfe\x00", authoring.UNREADABLE),
        (b"a\x00b", authoring.UNREADABLE),
        (b"x" * (MAX_SOURCE_LENGTH + 1), authoring.TOO_LONG),
    ],
)
def test_what_is_no_text_is_refused(
    stage: Stage, teacher: Membership, content: bytes, fault: str
) -> None:
    """Nothing is kept of it."""
    with pytest.raises(InvalidInput) as refused:
        authoring.upload_module(stage.session, stage.catalogue, content, actor=teacher, at=NOON)

    assert refused.value.fields == {"file": fault}
    assert authoring.list_authored(stage.session, stage.context.id) == []


def test_a_course_keeps_so_many(
    stage: Stage, teacher: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of modules has an end."""
    monkeypatch.setattr(authoring, "MAX_MODULES", 2)
    for _ in range(2):
        authoring.begin_module(stage.session, stage.catalogue, actor=teacher, at=NOON)

    with pytest.raises(InvalidInput) as refused:
        authoring.begin_module(stage.session, stage.catalogue, actor=teacher, at=NOON)
    assert refused.value.fields == {"file": authoring.TOO_MANY}


def test_what_is_used_is_not_deleted(
    stage: Stage, teacher: Membership, own: AuthoredModule
) -> None:
    """An activity holds its module; one that nothing uses goes with its history."""
    publish(stage, own, "1.0.0")
    unused = authoring.begin_module(stage.session, stage.catalogue, actor=teacher, at=NOON)
    publish(stage, unused, "1.0.0")
    stage.activity(module_id=own.module_id)
    authoring.delete_authored(stage.session, unused, actor=teacher, at=NOON)

    with pytest.raises(Conflict):
        authoring.delete_authored(stage.session, own, actor=teacher, at=NOON)
    left = stage.session.scalars(select(AuthoredModule)).all()
    assert [each.module_id for each in left] == [own.module_id]
    # What somebody may have seen stays.
    kept = stage.session.scalars(select(ModuleVersion.module_id)).all()
    assert "my-module" in kept


def test_every_act_is_on_record_without_content(stage: Stage, own: AuthoredModule) -> None:
    """Ids and versions only."""
    publish(stage, own, "1.0.0")
    events = stage.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    about = {event.action: event.details for event in events if event.object_id == own.id}

    assert about["module.copied"] == {"module": "taster-copy"}
    assert about["module.published"].keys() == {"module", "version", "content_hash"}


def test_a_later_release_that_is_stricter_closes_no_picker(
    stage: Stage, own: AuthoredModule
) -> None:
    """A stored version that cannot be read any more is left out of what is offered."""
    publish(stage, own, "1.0.0")
    assert own.published
    own.published.source = "broken"
    stage.session.flush()

    assert own.module_id not in {
        module.id
        for module in modules.list_offered(stage.session, stage.catalogue, stage.context.id)
    }


def test_history_names_who_published(stage: Stage, own: AuthoredModule) -> None:
    """The newest first, each with its source."""
    colleague = stage.join("colleague", role=Role.INSTRUCTOR)
    publish(stage, own, "1.0.0")
    save(stage, own, own.draft.replace("minutes: 2", "minutes: 3"))
    publications.publish(
        stage.session,
        stage.catalogue,
        own,
        version="1.1.0",
        base_version=own.draft_version,
        actor=colleague,
        at=NOON + timedelta(days=1),
    )
    versions = publications.list_versions(stage.session, own)

    assert [(each.version, each.published_by_id) for each in versions] == [
        ("1.1.0", colleague.id),
        ("1.0.0", stage.people["instructor"].id),
    ]
    assert "minutes: 2" in publications.get_version_source(stage.session, own, "1.0.0")
    assert "minutes: 3" in publications.get_version_source(stage.session, own, "1.1.0")

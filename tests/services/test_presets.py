"""Presets: names are taken once, by one person; there is an end to how many are kept."""

from uuid import UUID, uuid4

import pytest

from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.services import presets
from lti_alliance.services.ports import Acts
from tests import factories
from tests.factories import NOW

SETTINGS = ActivitySettings(parts=frozenset({Part.QUIZ}))


def two_people(acts: Acts) -> list[UUID]:
    with acts() as session:
        course = factories.make_course(session)
        return [factories.make_member(session, course).user_id for _ in range(2)]


def keep(acts: Acts, owner_id: UUID, name: str) -> UUID:
    with acts() as session:
        presets.keep_preset(session, owner_id=owner_id, name=name, settings=SETTINGS, at=NOW)
        return next(
            each.id for each in presets.list_presets(session, owner_id) if each.name == name
        )


@pytest.mark.both_databases
def test_a_name_is_one_persons_once(acts: Acts) -> None:
    """Two people may use the same name; nobody uses one twice, by keeping or by renaming."""
    ada, ben = two_people(acts)
    first = keep(acts, ada, "Strict")
    keep(acts, ben, "Strict")
    second = keep(acts, ada, "Mild")
    with acts() as session, pytest.raises(InvalidInput):
        presets.keep_preset(session, owner_id=ada, name="Strict", settings=SETTINGS, at=NOW)
    with acts() as session:
        with pytest.raises(InvalidInput):
            presets.rename_preset(session, second, owner_id=ada, name="Strict", at=NOW)
        # The act goes on after the refusal.
        presets.rename_preset(session, second, owner_id=ada, name="Kind", at=NOW)
    with acts() as session:
        names = [each.name for each in presets.list_presets(session, ada)]

        assert names == ["Kind", "Strict"]
        assert presets.settings_of(presets.get_preset(session, first, ada)) == SETTINGS


def test_anothers_preset_is_not_there(acts: Acts) -> None:
    """Neither to read nor to rename nor to delete."""
    ada, ben = two_people(acts)
    kept = keep(acts, ada, "Strict")
    with acts() as session:
        presets.delete_preset(session, kept, owner_id=ben)
        with pytest.raises(NotFound):
            presets.get_preset(session, kept, ben)
        with pytest.raises(NotFound):
            presets.rename_preset(session, kept, owner_id=ben, name="X", at=NOW)
        with pytest.raises(NotFound):
            presets.get_preset(session, uuid4(), ada)

        assert presets.get_preset(session, kept, ada).name == "Strict"


def test_there_is_an_end_to_them(acts: Acts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list stays one that can be read."""
    ada, _ = two_people(acts)
    monkeypatch.setattr(presets, "MAX_PRESETS", 1)
    keep(acts, ada, "Strict")
    with acts() as session, pytest.raises(InvalidInput) as refused:
        presets.keep_preset(session, owner_id=ada, name="Mild", settings=SETTINGS, at=NOW)

    assert refused.value.fields == {"preset_name": presets.TOO_MANY}

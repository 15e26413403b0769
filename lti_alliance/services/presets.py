"""Presets of an instructor: kept, used, renamed, deleted; never seen by anybody else."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_alliance.domain.activities import ActivitySettings, settings_from_json, settings_to_json
from lti_alliance.domain.presets import NAME_TAKEN, check_name, without_dates
from lti_alliance.errors import InvalidInput, NotFound
from lti_alliance.models import Preset
from lti_alliance.models.statements import insert_for, rows_changed

MAX_PRESETS = 50
TOO_MANY = "You have 50 presets, which is as many as are kept. Delete one first."


def list_presets(session: Session, owner_id: UUID) -> Sequence[Preset]:
    """List a person's presets by name."""
    return session.scalars(
        select(Preset).where(Preset.owner_id == owner_id).order_by(func.lower(Preset.name))
    ).all()


def get_preset(session: Session, preset_id: UUID, owner_id: UUID) -> Preset:
    """Return a preset of this person; anybody else's is not found."""
    found = session.scalar(
        select(Preset).where(Preset.id == preset_id, Preset.owner_id == owner_id)
    )
    if found is None:
        raise NotFound
    return found


def settings_of(preset: Preset) -> ActivitySettings:
    """Return the settings that a preset keeps."""
    return settings_from_json(preset.settings)


def keep_preset(
    session: Session, *, owner_id: UUID, name: str, settings: ActivitySettings, at: datetime
) -> None:
    """Keep settings under a new name; a name that is in use is refused, not overwritten."""
    name = check_name(name)
    if len(list_presets(session, owner_id)) >= MAX_PRESETS:
        raise InvalidInput({"preset_name": TOO_MANY}, code="preset.invalid")
    made = session.scalar(
        insert_for(session, Preset)
        .values(
            id=uuid4(),
            owner_id=owner_id,
            name=name,
            settings=settings_to_json(without_dates(settings)),
            created_at=at,
            updated_at=at,
        )
        .on_conflict_do_nothing(index_elements=["owner_id", "name"])
        .returning(Preset.id)
    )
    if made is None:
        raise InvalidInput({"preset_name": NAME_TAKEN}, code="preset.invalid")


def rename_preset(
    session: Session, preset_id: UUID, *, owner_id: UUID, name: str, at: datetime
) -> None:
    """Give a preset of this person another name."""
    name = check_name(name)
    statement = (
        update(Preset)
        .where(Preset.id == preset_id, Preset.owner_id == owner_id)
        .values(name=name, updated_at=at)
    )
    try:
        with session.begin_nested():
            changed = rows_changed(session, statement)
    except IntegrityError:
        raise InvalidInput({"preset_name": NAME_TAKEN}, code="preset.invalid") from None
    if changed == 0:
        raise NotFound


def delete_preset(session: Session, preset_id: UUID, *, owner_id: UUID) -> None:
    """Delete a preset of this person; what was placed with it stays as it is."""
    rows_changed(session, delete(Preset).where(Preset.id == preset_id, Preset.owner_id == owner_id))

"""Versions of a reflection: kept as they were handed in, returned for revision, compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain import reflections as rules
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.domain.revisions import Change, compare
from lti_alliance.errors import Conflict, InvalidInput, NotFound
from lti_alliance.models import DraftAssessment, Membership, Reflection, SubmittedVersion
from lti_alliance.models.statements import rows_changed
from lti_alliance.sealing import Sealer
from lti_alliance.services import audit, passages, terms
from lti_alliance.services.sealed_texts import TextKind, open_sealed, seal

# Messages for the instructor, without values, so that the edge can translate them.
FEEDBACK_EMPTY = "Say what should be revised."
UNTIL_NEEDED = "The activity is closed: write until when the text may be handed in."
UNTIL_PAST = "Write a moment that is still to come."


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownVersion:
    """One version as a reader sees it."""

    version: SubmittedVersion
    text: str
    help_used: str
    feedback: str
    changes: tuple[Change, ...]
    """Against the version before; empty for the first."""


def list_versions(session: Session, reflection: Reflection) -> tuple[SubmittedVersion, ...]:
    """List what was handed in, the oldest first."""
    return tuple(
        session.scalars(
            select(SubmittedVersion)
            .where(SubmittedVersion.reflection_id == reflection.id)
            .order_by(SubmittedVersion.number)
        )
    )


def add_version(
    session: Session,
    sealer: Sealer,
    reflection: Reflection,
    text: str,
    *,
    help_used: str,
    self_levels: Mapping[str, int],
    at: datetime,
) -> SubmittedVersion:
    """Keep a text as it was handed in; the caller has decided that it may be."""
    sealed = seal(sealer, reflection, TextKind.SUBMITTED, text)
    version = SubmittedVersion(
        reflection_id=reflection.id,
        number=len(list_versions(session, reflection)) + 1,
        sealed_text=sealed,
        word_count=rules.count_words(text),
        submitted_at=at,
        sealed_help=seal(sealer, reflection, TextKind.HELP, help_used) if help_used else None,
        self_levels=dict(self_levels),
    )
    reflection.submitted_text = sealed
    session.add(version)
    session.flush()
    return version


def read_version(
    session: Session, sealer: Sealer, reflection: Reflection, number: int | None = None
) -> ShownVersion:
    """Open a version, the newest unless a number says otherwise, with what changed in it."""
    versions = {version.number: version for version in list_versions(session, reflection)}
    version = versions.get(number if number is not None else max(versions, default=0))
    if version is None:
        raise NotFound
    text = open_sealed(sealer, reflection, TextKind.SUBMITTED, version.sealed_text)
    before = versions.get(version.number - 1)
    changes: tuple[Change, ...] = ()
    if before is not None:
        changes = compare(
            open_sealed(sealer, reflection, TextKind.SUBMITTED, before.sealed_text), text
        )
    return ShownVersion(
        version=version,
        text=text,
        help_used=open_sealed(sealer, reflection, TextKind.HELP, version.sealed_help),
        feedback=open_sealed(sealer, reflection, TextKind.FEEDBACK, version.sealed_feedback),
        changes=changes,
    )


def return_reflection(
    session: Session,
    sealer: Sealer,
    *,
    reflection: Reflection,
    feedback: str,
    until: datetime | None,
    actor: Membership,
    at: datetime,
) -> SubmittedVersion:
    """Give a reflection back to its writer with what should be revised.

    Nothing is sent to the gradebook, and a grade that was released stands. A grade that was only a
    draft goes: it was about the text that is now given back.
    """
    settings = terms.settings_for(session, reflection.activity, reflection.membership)
    feedback = rules.clean_text(feedback).strip()
    _check_return(feedback, until, is_closed=settings.is_closed(at), at=at)
    versions = list_versions(session, reflection)
    if not versions or rules.returns_left(settings, len(versions)) == 0:
        raise Conflict("reflection.no_returns_left")
    give_back(session, reflection, until=until)
    version = versions[-1]
    version.returned_at = at
    version.returned_by_id = actor.id
    version.sealed_feedback = seal(sealer, reflection, TextKind.FEEDBACK, feedback)
    session.execute(delete(DraftAssessment).where(DraftAssessment.reflection_id == reflection.id))
    passages.show_comments(session, reflection, at=at)
    session.flush()
    session.refresh(reflection)
    audit.record(
        session,
        "reflection.returned",
        at=at,
        actor=actor,
        object_kind="reflection",
        object_id=reflection.id,
        details={"version": version.number},
    )
    return version


def give_back(session: Session, reflection: Reflection, *, until: datetime | None) -> None:
    """Let the writer write again; raise ``Conflict`` if they do already, or if it is frozen."""
    moved = rows_changed(
        session,
        update(Reflection)
        .where(
            Reflection.id == reflection.id,
            Reflection.state.in_((ReflectionState.SUBMITTED, ReflectionState.GRADED)),
        )
        .values(state=ReflectionState.RETURNED, returned_until=until),
    )
    if moved == 0:
        raise Conflict("reflection.not_here")


def _check_return(feedback: str, until: datetime | None, *, is_closed: bool, at: datetime) -> None:
    faults: dict[str, str] = {}
    if not feedback:
        faults["feedback"] = FEEDBACK_EMPTY
    if until is None and is_closed:
        faults["until"] = UNTIL_NEEDED
    elif until is not None and until <= at:
        faults["until"] = UNTIL_PAST
    if faults:
        raise InvalidInput(faults, code="reflection.return_invalid")

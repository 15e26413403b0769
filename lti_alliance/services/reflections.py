"""Reflections as their writers meet them: drafted, handed in, revised, read again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain import reflections as rules
from lti_alliance.domain.modules import Grading, Module, ReflectionPrompt
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.errors import AlreadySubmitted, NotFound, Stale
from lti_alliance.models import (
    Activity,
    Draft,
    Membership,
    Reflection,
    RubricAssessment,
    SubmittedVersion,
)
from lti_alliance.models.statements import rows_changed
from lti_alliance.sealing import Sealer
from lti_alliance.services import (
    audit,
    grading,
    markers,
    modules,
    revisions,
    sealed_texts,
    terms,
)
from lti_alliance.services.sealed_texts import TextKind

KEEP_DRAFT_AFTER = timedelta(minutes=5)
"""Saves closer together than this replace one another; a later one begins a new draft."""


@dataclass(frozen=True, slots=True)
class Writing:
    """One reflection as its writer sees it; ``reflection`` is empty before the first save."""

    module: Module
    """The content version that the writer sees."""
    prompt: ReflectionPrompt
    reflection: Reflection | None
    text: str = ""
    comment: str = ""
    versions: tuple[SubmittedVersion, ...] = ()
    """What was handed in, the oldest first."""
    feedback: str = ""
    """What the newest version was returned with."""
    help_used: str = ""

    @property
    def last_version(self) -> SubmittedVersion | None:
        """What was handed in last."""
        return self.versions[-1] if self.versions else None

    @property
    def state(self) -> ReflectionState:
        """Where the reflection is in its life."""
        return ReflectionState(self.reflection.state) if self.reflection else ReflectionState.DRAFT

    @property
    def saved_version(self) -> int:
        """The version that a next save starts from."""
        return self.reflection.saved_version if self.reflection else 0


def get_writing(
    session: Session,
    catalogue: Catalogue,
    sealer: Sealer,
    *,
    activity: Activity,
    membership: Membership,
    prompt_id: str,
) -> Writing:
    """Return the person's own reflection on a prompt, with its text and the feedback on it."""
    if prompt_id not in terms.settings_for(session, activity, membership).prompt_ids:
        raise NotFound
    reflection = _find(session, activity, membership, prompt_id)
    content_hash = reflection.content_hash if reflection else activity.content_hash
    module = modules.get_module(session, catalogue, content_hash=content_hash)
    prompt = module.get_reflection(prompt_id)
    if reflection is None:
        return Writing(module, prompt, None)
    versions = revisions.list_versions(session, reflection)
    last = versions[-1] if versions else None
    return Writing(
        module,
        prompt,
        reflection,
        text=_own_text(session, sealer, reflection),
        comment=sealed_texts.read_comment(sealer, reflection),
        versions=versions,
        feedback=_read(
            sealer, reflection, TextKind.FEEDBACK, last.sealed_feedback if last else None
        ),
        help_used=_read(sealer, reflection, TextKind.HELP, last.sealed_help if last else None),
    )


def save_draft(
    session: Session,
    sealer: Sealer,
    *,
    activity: Activity,
    membership: Membership,
    prompt_id: str,
    text: str,
    base_version: int,
    at: datetime,
) -> Reflection:
    """Save the text while it is being written.

    ``base_version`` is the version the page started from: ``Stale`` says that another tab or
    device saved since, and nothing is overwritten.
    """
    text = rules.clean_text(text)
    reflection = _begin(session, activity, membership, prompt_id, at=at)
    _save(session, sealer, reflection, text, base_version=base_version, at=at)
    return reflection


def submit_reflection(
    session: Session,
    sealer: Sealer,
    *,
    activity: Activity,
    membership: Membership,
    prompt_id: str,
    text: str,
    base_version: int,
    at: datetime,
    help_used: str = "",
    self_levels: Mapping[str, int] | None = None,
) -> Reflection:
    """Hand the reflection in; graded by completion at once, or waiting for the instructor.

    A returned one is handed in anew: a grade that was released stands until it is marked again.
    """
    text = rules.clean_text(text)
    rules.check_may_submit(text)
    help_used = rules.clean_text(help_used).strip()
    reflection = _begin(session, activity, membership, prompt_id, at=at)
    settings = terms.settings_for(session, activity, membership)
    by_completion = settings.reflection_grading is Grading.COMPLETION
    state = ReflectionState.GRADED if by_completion else ReflectionState.SUBMITTED
    _save(session, sealer, reflection, text, base_version=base_version, at=at, into=state)
    version = revisions.add_version(
        session, sealer, reflection, text, help_used=help_used, self_levels=self_levels or {}, at=at
    )
    if by_completion and reflection.assessment is None:
        session.add(
            RubricAssessment(
                reflection_id=reflection.id,
                selections={},
                share=Decimal(1),
                assessed_at=at,
                released_at=at,
                submitted_at=at,
            )
        )
    session.flush()
    session.refresh(reflection)
    audit.record(
        session,
        "reflection.submitted",
        at=at,
        actor=membership,
        object_kind="reflection",
        object_id=reflection.id,
        details={"words": reflection.word_count, "version": version.number},
    )
    markers.assign_by_plan(session, reflection, at=at)
    grading.refresh_grade(session, activity, membership, at=at)
    return reflection


def _own_text(session: Session, sealer: Sealer, reflection: Reflection) -> str:
    if reflection.state == ReflectionState.FROZEN:
        return ""
    return sealed_texts.read_text(session, sealer, reflection)


def _read(sealer: Sealer, reflection: Reflection, kind: TextKind, sealed: bytes | None) -> str:
    return sealed_texts.open_sealed(sealer, reflection, kind, sealed)


def _find(
    session: Session, activity: Activity, membership: Membership, prompt_id: str
) -> Reflection | None:
    return session.scalar(
        select(Reflection).where(
            Reflection.activity_id == activity.id,
            Reflection.membership_id == membership.id,
            Reflection.prompt_id == prompt_id,
        )
    )


def _begin(
    session: Session,
    activity: Activity,
    membership: Membership,
    prompt_id: str,
    *,
    at: datetime,
) -> Reflection:
    settings = terms.settings_for(session, activity, membership)
    reflection = _find(session, activity, membership, prompt_id)
    state = ReflectionState(reflection.state) if reflection else ReflectionState.DRAFT
    rules.check_may_write(
        state,
        settings,
        prompt_id,
        at=at,
        returned_until=reflection.returned_until if reflection else None,
    )
    if reflection is not None:
        return reflection
    reflection = Reflection(
        activity_id=activity.id,
        membership_id=membership.id,
        prompt_id=prompt_id,
        content_hash=activity.content_hash,
        state=ReflectionState.DRAFT,
        started_at=at,
    )
    try:
        with session.begin_nested():
            session.add(reflection)
    except IntegrityError:
        # Another tab saved first in this very moment; that row is the one to save into.
        found = _find(session, activity, membership, prompt_id)
        assert found is not None
        return found
    return reflection


def _save(
    session: Session,
    sealer: Sealer,
    reflection: Reflection,
    text: str,
    *,
    base_version: int,
    at: datetime,
    into: ReflectionState | None = None,
) -> None:
    words = rules.count_words(text)
    values: dict[str, object] = {"saved_at": at, "word_count": words}
    if into is not None:
        values |= {"state": into, "submitted_at": at, "returned_until": None}
    saved = rows_changed(
        session,
        update(Reflection)
        .where(
            Reflection.id == reflection.id,
            Reflection.saved_version == base_version,
            Reflection.state.in_((ReflectionState.DRAFT, ReflectionState.RETURNED)),
        )
        .values(saved_version=Reflection.saved_version + 1, **values),
    )
    session.refresh(reflection)
    if saved == 0:
        if not ReflectionState(reflection.state).is_with_writer:
            raise AlreadySubmitted("reflection.already_submitted")
        raise Stale(reflection.saved_version)
    _keep_draft(session, sealer, reflection, text, words, at=at)


def _keep_draft(
    session: Session, sealer: Sealer, reflection: Reflection, text: str, words: int, *, at: datetime
) -> None:
    newest = list(
        session.scalars(
            select(Draft)
            .where(Draft.reflection_id == reflection.id)
            .order_by(Draft.version.desc())
            .limit(2)
        )
    )
    if len(newest) == 2 and at - newest[1].saved_at < KEEP_DRAFT_AFTER:
        session.execute(delete(Draft).where(Draft.id == newest[0].id))
    session.add(
        Draft(
            reflection_id=reflection.id,
            version=reflection.saved_version,
            sealed_text=sealed_texts.seal(sealer, reflection, TextKind.DRAFT, text),
            word_count=words,
            saved_at=at,
        )
    )
    session.flush()

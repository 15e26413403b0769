"""The page on which one reflection is read and graded, put together from what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from lti_alliance.domain.activities import ActivitySettings
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Grading
from lti_alliance.domain.reflections import ReflectionState, returns_left
from lti_alliance.errors import InvalidInput, Stale
from lti_alliance.models import Membership, Reflection, db
from lti_alliance.parts import parts
from lti_alliance.services import (
    assessing,
    markers,
    marking,
    markings,
    passages,
    phrases,
    readings,
    revisions,
    shelves,
)
from lti_alliance.services.activities import activity_settings
from lti_alliance.services.assessing import OpenedReflection
from lti_alliance.services.markers import Marker
from lti_alliance.services.shelves import Shelf
from lti_alliance.web import access, opening, transaction, wording
from lti_alliance.web.opening import member_of
from lti_alliance.web.rendering import page


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledRubric:
    """What stands in the grading form."""

    chosen: Mapping[str, int | None] = field(default_factory=dict)
    comment: str = ""
    version: int = 0
    draft_version: int = 0


def handed_in(reflection_id: str) -> Reflection:
    """Return a reflection that the visitor may read."""
    return assessing.get_handed_in(
        db.session(),
        parts().catalogue,
        opening.key(reflection_id),
        viewer=member_of(access.current()),
    )


def reflection_page(
    found: Reflection,
    *,
    version: int | None = None,
    kept: FilledRubric | None = None,
    refused: InvalidInput | Stale | None = None,
    was_saved: str = "",
) -> Response:
    """Show a reflection to somebody who teaches, and put the reading on record."""
    viewer = member_of(access.current())
    settings = activity_settings(found.activity)
    with transaction.act() as session:
        opened = assessing.read_for_grading(
            session,
            parts().catalogue,
            parts().sealer,
            reflection=found,
            reader=viewer,
            at=parts().now(),
        )
    state = ReflectionState(found.state)
    is_by_rubric = settings.reflection_grading is Grading.RUBRIC
    may_grade = state in (ReflectionState.SUBMITTED, ReflectionState.GRADED)
    return page(
        "instructor/reflection.html",
        activity=found.activity,
        status={Stale: 409, InvalidInput: 422}.get(type(refused), 200) if refused else 200,
        reflection=found,
        name=wording.writer_name(found, settings),
        module=opened.module,
        prompt=opened.prompt,
        settings=settings,
        rubric=opened.prompt.rubric if is_by_rubric else None,
        may_grade=may_grade,
        stands=kept or _as_saved(opened, viewer),
        errors=refused.fields if isinstance(refused, InvalidInput) else {},
        problem=refused.code if isinstance(refused, InvalidInput) else "",
        is_stale=isinstance(refused, Stale),
        typed=request.form,
        was_saved=was_saved,
        is_closed=settings.is_closed(parts().now()),
        place=shelves.place_of(queue_of(found), found),
        phrases=phrases.list_phrases(db.session(), parts().sealer, viewer),
        readings=readings.list_readings(db.session(), found),
        viewer=viewer,
        flagged_by=_flagged_by(found, viewer),
        tab="grading",
        **_text(found, version, settings, viewer),
        **_marking(found, viewer, is_by_rubric=is_by_rubric),
    )


def queue_of(found: Reflection) -> Shelf:
    """Return the reflections among which this one stands: one's own, if it is one's own to mark."""
    viewer = member_of(access.current())
    shelf = shelves.get_shelf(db.session(), parts().catalogue, found.activity, viewer=viewer)
    return shelf.of(viewer) if markings.own_marking(found, viewer) else shelf


def _marking(found: Reflection, viewer: Membership, *, is_by_rubric: bool) -> dict[str, Any]:
    marks = markings.read_marks(parts().sealer, found, reader=viewer)
    may_assign = access.current().role is Role.INSTRUCTOR and is_by_rubric
    return {
        "is_blind": markings.is_blind(found, viewer),
        "own_marking": markings.own_marking(found, viewer),
        "marks": marks if len(found.markings) > 1 else (),
        "may_assign": may_assign,
        "could_mark": _could_mark(found) if may_assign else [],
    }


def _could_mark(found: Reflection) -> list[Marker]:
    """List those who may mark in the course and do not have this reflection."""
    held_by = {row.marker_id for row in found.markings}
    staff = markers.list_markers(db.session(), parts().catalogue, found.activity)
    return [one for one in staff if one.membership.id not in held_by]


def _flagged_by(found: Reflection, viewer: Membership) -> str:
    """Name who flagged a reflection that is held; nothing where it is the viewer."""
    if found.flagged_by_id is None or found.flagged_by_id == viewer.id:
        return ""
    return wording.member_name(db.session().get_one(Membership, found.flagged_by_id))


def _text(
    found: Reflection, version: int | None, settings: ActivitySettings, viewer: Membership
) -> dict[str, Any]:
    session = db.session()
    versions = revisions.list_versions(session, found)
    shown = revisions.read_version(session, parts().sealer, found, version)
    marked = passages.mark_text(
        session,
        parts().sealer,
        found,
        shown.text,
        version_number=shown.version.number,
        for_writer=False,
        # What the other marker wrote beside the text would give their mark away.
        only_by=viewer.id if markings.is_blind(found, viewer) else None,
    )
    counted = sum(one.purged_at is None for one in versions)
    return {
        "versions": versions,
        "shown": shown,
        "marked": marked,
        "returns_left": returns_left(settings, counted),
        "own_notes": [note for note in marked.notes if note.author_id == viewer.id],
    }


def _as_saved(opened: OpenedReflection, viewer: Membership) -> FilledRubric:
    found = opened.reflection
    assessment, draft = found.assessment, found.draft_assessment
    version = assessment.version if assessment else 0
    marks = markings.read_marks(parts().sealer, found, reader=viewer)
    if markings.is_blind(found, viewer):
        own = markings.own_marking(found, viewer)
        assert own is not None
        return FilledRubric(
            chosen=marks[0].selections if marks else {},
            comment=marks[0].comment if marks else "",
            version=own.version,
        )
    if draft is not None:
        return FilledRubric(
            chosen=draft.selections,
            comment=marking.read_draft_comment(parts().sealer, found),
            version=version,
            draft_version=draft.version,
        )
    if len(marks) > 1 and found.state == ReflectionState.SUBMITTED:
        # What the markers agree about is chosen, what they do not is left to be decided.
        return FilledRubric(
            chosen=markings.agreed_levels(marks),
            comment="\n\n".join(mark.comment for mark in marks if mark.comment),
            version=version,
        )
    return FilledRubric(
        chosen=assessment.selections if assessment else {},
        comment=opened.comment,
        version=version,
    )

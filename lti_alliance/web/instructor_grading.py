"""An instructor's pages of the reflections: the list, one to read, one to grade and release."""

from collections.abc import Mapping

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.errors import InvalidInput, Stale
from lti_alliance.models import Reflection, db
from lti_alliance.parts import parts
from lti_alliance.services import assessing, flags, marking, markings, phrases, shelves
from lti_alliance.services.activities import activity_settings
from lti_alliance.web import access, forms, transaction
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.reflection_pages import (
    FilledRubric,
    handed_in,
    queue_of,
    reflection_page,
)
from lti_alliance.web.rendering import page

DRAFT_VERSION = "draft_version"


@access.teaches
def shelf() -> Response:
    """List the reflections that wait for a grade, and those that are done."""
    activity = activity_of(access.current())
    viewer = member_of(access.current())
    whole = shelves.get_shelf(db.session(), parts().catalogue, activity, viewer=viewer)
    own = whole.of(viewer)
    whose = request.args.get("whose", "mine" if own.waiting else "all")
    return page(
        "instructor/shelf.html",
        activity=activity,
        shelf=own if whose == "mine" else whole,
        whole=whole,
        own=own,
        whose=whose,
        to_decide={r.id for r in whole.frozen if flags.may_decide(db.session(), r, viewer)},
        settings=activity_settings(activity),
        was_saved=request.args.get("saved", ""),
        released=request.args.get("released", type=int),
        tab="grading",
    )


@access.teaches
def reflection(reflection_id: str) -> Response:
    """Show one reflection: to grade it with its rubric, or to read it."""
    return reflection_page(
        handed_in(reflection_id),
        version=request.args.get("version", type=int),
        was_saved=request.args.get("saved", ""),
    )


@access.teaches
def assess(reflection_id: str) -> BaseResponse:
    """Grade a reflection with its rubric and release it; the grade follows."""
    visit = access.current()
    found = handed_in(reflection_id)
    chosen: dict[str, int | None] = {}
    comment = typed_comment()
    try:
        chosen = chosen_levels(found)
        with transaction.act() as session:
            markings.check_may_decide(session, found, member_of(visit))
            marking.check_draft_unchanged(session, found, _draft_version())
            assessing.assess_reflection(
                session,
                parts().catalogue,
                parts().sealer,
                reflection=found,
                selections=chosen,
                comment=comment,
                base_version=forms.saved_version(request.form),
                assessor=member_of(visit),
                at=parts().now(),
            )
    except (InvalidInput, Stale) as refused:
        return refused_page(reflection_id, chosen, comment, refused)
    return redirect(url_for(".shelf", saved=1), 303)


@access.teaches
def save_draft(reflection_id: str) -> BaseResponse:
    """Keep the grade as a draft, and go on to the next reflection if the button says so."""
    visit = access.current()
    found = handed_in(reflection_id)
    chosen: dict[str, int | None] = {}
    comment = typed_comment()
    try:
        chosen = chosen_levels(found)
        with transaction.act() as session:
            markings.check_may_decide(session, found, member_of(visit))
            marking.save_draft_assessment(
                session,
                parts().catalogue,
                parts().sealer,
                reflection=found,
                selections=chosen,
                comment=comment,
                base_version=_draft_version(),
                marker=member_of(visit),
                at=parts().now(),
            )
    except (InvalidInput, Stale) as refused:
        return refused_page(reflection_id, chosen, comment, refused)
    if request.args.get("then") != "next":
        return redirect(url_for(".reflection", reflection_id=reflection_id, saved=1), 303)
    return who_next(found, if_none="draft")


@access.teaches
def release_all() -> BaseResponse:
    """Release every grade of the activity that is a draft."""
    visit = access.current()
    with transaction.act() as session:
        count = marking.release_drafts(
            session,
            parts().catalogue,
            parts().sealer,
            activity=activity_of(visit),
            actor=member_of(visit),
            at=parts().now(),
        )
    return redirect(url_for(".shelf", released=count), 303)


def chosen_levels(found: Reflection) -> dict[str, int | None]:
    """Read the levels that are chosen in the form."""
    rubric = assessing.prompt_of(db.session(), parts().catalogue, found).rubric
    return forms.selections(request.form, rubric) if rubric else {}


def typed_comment() -> str:
    """Return the comment with the phrases that were ticked below it."""
    saved = phrases.list_phrases(db.session(), parts().sealer, member_of(access.current()))
    return phrases.with_phrases(
        request.form.get("comment", ""), request.form.getlist("phrase"), saved
    )


def who_next(found: Reflection, *, if_none: str) -> BaseResponse:
    """Lead to the next reflection that waits for the visitor, or back to the list."""
    following = shelves.next_unmarked(queue_of(found), found, reader=member_of(access.current()))
    if following is None:
        return redirect(url_for(".shelf", saved=if_none), 303)
    return redirect(url_for(".reflection", reflection_id=following.id), 303)


def _draft_version() -> int:
    return forms.saved_version(request.form, DRAFT_VERSION) if DRAFT_VERSION in request.form else 0


def refused_page(
    reflection_id: str,
    chosen: Mapping[str, int | None],
    comment: str,
    refused: InvalidInput | Stale,
) -> Response:
    """Show the reflection again with what was chosen, and why it was not kept."""
    found = handed_in(reflection_id)
    held, draft = found.assessment, found.draft_assessment
    own = markings.own_marking(found, member_of(access.current()))
    version = held.version if held else 0
    if own is not None and markings.is_blind(found, member_of(access.current())):
        version = own.version
    kept = FilledRubric(
        chosen=chosen,
        comment=comment,
        version=version,
        draft_version=draft.version if draft else 0,
    )
    return reflection_page(found, kept=kept, refused=refused)

"""Who marks which reflection: shared out, given by hand, marked by two, and how far they agree."""

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.errors import InvalidInput, NotFound, Stale
from lti_alliance.models import Activity, db
from lti_alliance.parts import parts
from lti_alliance.services import markers, markings
from lti_alliance.services.activities import activity_settings
from lti_alliance.web import access, transaction
from lti_alliance.web.forms import saved_version
from lti_alliance.web.instructor_grading import chosen_levels, refused_page, typed_comment, who_next
from lti_alliance.web.opening import activity_of, key, member_of
from lti_alliance.web.reflection_pages import handed_in
from lti_alliance.web.rendering import page

_instructor = access.role(Role.INSTRUCTOR)


@_instructor
def show_markers() -> Response:
    """Show who may mark, what is theirs, and the form that shares the reflections out."""
    return _markers_page(activity_of(access.current()))


@_instructor
def share_out() -> BaseResponse:
    """Share the waiting reflections out among those who are ticked."""
    visit = access.current()
    activity = activity_of(visit)
    try:
        with transaction.act() as session:
            shared = markers.share_out_waiting(
                session,
                parts().catalogue,
                activity,
                marker_ids=[key(text) for text in request.form.getlist("marker")],
                per_reflection=request.form.get("per_reflection", 0, type=int),
                also_later="also_later" in request.form,
                actor=member_of(visit),
                at=parts().now(),
            )
    except InvalidInput as refused:
        return _markers_page(activity, refused=refused)
    return redirect(url_for(".show_markers", given=shared.given, left_out=shared.left_out), 303)


@_instructor
def change_markers(reflection_id: str) -> BaseResponse:
    """Give one reflection to one more marker, or take it from one who has not marked it."""
    visit = access.current()
    found = handed_in(reflection_id)
    with transaction.act() as session:
        if taken := request.form.get("take_away", ""):
            markers.take_away(
                session, found, marker_id=key(taken), actor=member_of(visit), at=parts().now()
            )
        else:
            markers.assign(
                session,
                found,
                marker_id=key(request.form.get("marker", "")),
                actor=member_of(visit),
                at=parts().now(),
            )
    return redirect(url_for(".reflection", reflection_id=reflection_id) + "#markers", 303)


@access.teaches
def save_mark(reflection_id: str) -> BaseResponse:
    """Keep what one of several markers chose, and go on to their next if the button says so."""
    found = handed_in(reflection_id)
    chosen: dict[str, int | None] = {}
    comment = typed_comment()
    try:
        chosen = chosen_levels(found)
        with transaction.act() as session:
            markings.save_mark(
                session,
                parts().catalogue,
                parts().sealer,
                reflection=found,
                selections=chosen,
                comment=comment,
                base_version=saved_version(request.form),
                marker=member_of(access.current()),
                at=parts().now(),
            )
    except (InvalidInput, Stale) as refused:
        return refused_page(reflection_id, chosen, comment, refused)
    if request.args.get("then") != "next":
        return redirect(url_for(".reflection", reflection_id=reflection_id, saved="mark"), 303)
    return who_next(found, if_none="mark")


@access.teaches
def show_agreement() -> Response:
    """Show how far two markers agree about the same texts."""
    activity = activity_of(access.current())
    settings = activity_settings(activity)
    compared = markings.get_agreement(
        db.session(), parts().catalogue, activity, viewer=member_of(access.current())
    )
    if not settings.has_reflection:
        raise NotFound
    return page(
        "instructor/agreement.html",
        activity=activity,
        settings=settings,
        compared=compared,
        tab="grading",
    )


def _markers_page(activity: Activity, *, refused: InvalidInput | None = None) -> Response:
    session = db.session()
    found = markers.list_markers(session, parts().catalogue, activity)
    plan = markers.find_plan(session, activity)
    if refused is None:
        ticked = {str(one.membership.id) for one in found if one.is_in_plan}
        per_reflection = plan.per_reflection if plan else 1
        also_later = plan is not None
    else:
        ticked = set(request.form.getlist("marker"))
        per_reflection = request.form.get("per_reflection", 1, type=int)
        also_later = "also_later" in request.form
    return page(
        "instructor/markers.html",
        activity=activity,
        status=422 if refused else 200,
        settings=activity_settings(activity),
        markers=found,
        ticked=ticked,
        per_reflection=per_reflection,
        also_later=also_later,
        has_plan=plan is not None,
        given=request.args.get("given", type=int),
        left_out=request.args.get("left_out", type=int) or 0,
        errors=refused.fields if refused else {},
        problem=refused.code if refused else "",
        tab="grading",
    )

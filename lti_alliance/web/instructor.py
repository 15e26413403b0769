"""An instructor's pages: setting an activity up, who did what, grading, unmatched answers."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.activities import (
    ActivitySettings,
    parse_settings,
    propose,
    settings_from_json,
)
from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Module
from lti_alliance.errors import Conflict, InvalidInput, NotFound, Stale
from lti_alliance.models import Activity, db
from lti_alliance.parts import parts
from lti_alliance.services import activities, modules, wordings
from lti_alliance.services.activities import activity_settings
from lti_alliance.web import (
    access,
    forms,
    grade_pages,
    instructor_gradebook,
    instructor_grading,
    instructor_revisions,
    opening,
    quiz_pages,
    transaction,
)
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import leave_handle_to_addresses, page

blueprint = Blueprint("instructor", __name__, url_prefix="/launches/<handle>")
leave_handle_to_addresses(blueprint)

_REFLECTION = "/grading/<reflection_id>"
blueprint.add_url_rule("/grading", view_func=instructor_grading.shelf)
blueprint.add_url_rule(_REFLECTION, view_func=instructor_grading.reflection)
blueprint.add_url_rule(_REFLECTION, view_func=instructor_grading.assess, methods=["POST"])
blueprint.add_url_rule("/grading/worry", view_func=instructor_revisions.worry)
_POSTED: tuple[tuple[str, Callable[..., BaseResponse]], ...] = (
    ("/grading/release", instructor_grading.release_all),
    (f"{_REFLECTION}/draft", instructor_grading.save_draft),
    (f"{_REFLECTION}/return", instructor_revisions.return_reflection),
    (f"{_REFLECTION}/comments", instructor_revisions.add_passage_comment),
    (f"{_REFLECTION}/comments/<comment_id>", instructor_revisions.change_passage_comment),
    (f"{_REFLECTION}/phrases", instructor_revisions.save_phrase),
    (f"{_REFLECTION}/flag", instructor_revisions.flag),
    (f"{_REFLECTION}/flag/cleared", instructor_revisions.clear_flag),
    (f"{_REFLECTION}/purge", instructor_revisions.purge),
)
for _address, _view in _POSTED:
    blueprint.add_url_rule(_address, view_func=_view, methods=["POST"])

blueprint.add_url_rule("/students/<membership_id>/grade", view_func=grade_pages.grade)
for _address, _act in (
    ("/deliveries/<delivery_id>/resend", instructor_gradebook.resend),
    ("/deliveries/resend-all", instructor_gradebook.resend_all),
    ("/comparison", instructor_gradebook.compare),
    ("/roster", instructor_gradebook.read_roster),
    ("/column", instructor_gradebook.ask_for_column),
):
    blueprint.add_url_rule(_address, view_func=_act, methods=["POST"])

_staff = access.role(Role.INSTRUCTOR, Role.TEACHING_ASSISTANT, Role.CONTENT_DEVELOPER)


@blueprint.get("/modules")
@access.configures
def choose() -> BaseResponse:
    """Show the modules that a link can open."""
    visit = access.current()
    found = opening.opening_of(visit)
    if found.activity is not None and activities.has_work(db.session(), found.activity):
        return redirect(url_for(".settings"), 303)
    return page(
        "instructor/choose.html",
        activity=found.activity,
        modules=parts().catalogue.list(),
        proposal=found.proposal,
    )


@blueprint.get("/modules/<module_id>")
@access.configures
def configure(module_id: str) -> Response:
    """Show the settings of a module that is about to be used, with careful defaults."""
    found = opening.opening_of(access.current())
    module = parts().catalogue.get(module_id)
    settings = propose(module)
    if found.proposal is not None and found.proposal.module_id == module_id:
        settings = settings_from_json(found.proposal.settings)
    return _settings_page(module, found.activity, values=forms.settings_values(settings))


@blueprint.post("/modules/<module_id>")
@access.configures
def set_up(module_id: str) -> BaseResponse:
    """Set the activity up, or give it another module while nobody has worked."""
    visit = access.current()
    found = opening.opening_of(visit)
    if visit.resource_link is None:
        raise NotFound
    if found.activity is not None and forms.VERSION_FIELD not in request.form:
        # The form was for an empty link: somebody else has set it up since.
        raise Conflict("activity.already_set_up")
    module = parts().catalogue.get(module_id)
    try:
        settings = _read_settings(module)
        if found.activity is not None:
            _change(found.activity, settings, module_id)
        else:
            with transaction.act() as session:
                activities.set_up_activity(
                    session,
                    parts().catalogue,
                    link=visit.resource_link,
                    module_id=module_id,
                    settings=settings,
                    actor=member_of(visit),
                    at=parts().now(),
                    copied_from=found.proposal,
                )
    except InvalidInput as invalid:
        return _refused_settings(module, found.activity, invalid)
    return redirect(url_for("student.home"), 303)


@blueprint.get("/settings")
@_staff
def settings() -> Response:
    """Show the settings of the activity: to change them, or to read them."""
    activity = activity_of(access.current())
    module = _module(activity)
    current = activity_settings(activity)
    return _settings_page(module, activity, values=forms.settings_values(current), tab="settings")


@blueprint.post("/settings")
@access.configures
def change_settings() -> BaseResponse:
    """Change the settings; every grade follows."""
    activity = activity_of(access.current())
    module = _module(activity)
    try:
        _change(activity, _read_settings(module), activity.module_id)
    except InvalidInput as invalid:
        return _refused_settings(module, activity, invalid, tab="settings")
    except Stale as stale:
        return _settings_page(
            module,
            activity,
            values=forms.typed_settings(request.form),
            tab="settings",
            status=409,
            problem=stale.reason,
        )
    return redirect(url_for(".settings", saved=1), 303)


@blueprint.get("/unmatched")
@access.teaches
def unmatched() -> Response:
    """Show the short answers that no key knows, grouped by wording."""
    return _unmatched_page(activity_of(access.current()))


@blueprint.post("/unmatched")
@access.teaches
def accept() -> BaseResponse:
    """Accept a wording for all or part of the points; whoever gave it is graded anew."""
    visit = access.current()
    activity = activity_of(visit)
    with transaction.act() as session:
        count = wordings.accept_wording(
            session,
            parts().catalogue,
            activity=activity,
            item_id=request.form.get("item_id", ""),
            wording=request.form.get("wording", ""),
            share=_share(request.form.get("share", "")),
            actor=member_of(visit),
            at=parts().now(),
        )
    return redirect(url_for(".unmatched", accepted=count), 303)


@blueprint.get("/preview")
@_staff
def preview() -> Response:
    """Show what students see, without an attempt and without an answer key."""
    activity = activity_of(access.current())
    module = _module(activity)
    current = activity_settings(activity)
    return page(
        "instructor/preview.html",
        activity=activity,
        module=module,
        settings=current,
        items=quiz_pages.preview_items(module) if current.has_quiz else [],
        prompts=[module.get_reflection(name) for name in current.prompt_ids]
        if current.has_reflection
        else [],
        tab="preview",
    )


def _module(activity: Activity) -> Module:
    return modules.get_module(db.session(), parts().catalogue, content_hash=activity.content_hash)


def _read_settings(module: Module) -> ActivitySettings:
    return parse_settings(forms.activity_fields(request.form), module)


def _change(activity: Activity, changed: ActivitySettings, module_id: str) -> None:
    visit = access.current()
    with transaction.act() as session:
        activities.change_settings(
            session,
            parts().catalogue,
            activity=activity,
            settings=changed,
            module_id=module_id,
            base_version=forms.saved_version(request.form),
            actor=member_of(visit),
            at=parts().now(),
        )


def _refused_settings(
    module: Module, activity: Activity | None, invalid: InvalidInput, *, tab: str = ""
) -> Response:
    return _settings_page(
        module,
        activity,
        values=forms.typed_settings(request.form),
        errors=invalid.fields,
        tab=tab,
        status=422,
        problem=invalid.code,
    )


def _settings_page(
    module: Module,
    activity: Activity | None,
    *,
    values: Mapping[str, Any],
    errors: Mapping[str, str] | None = None,
    tab: str = "",
    status: int = 200,
    problem: str = "",
) -> Response:
    has_work = activity is not None and activities.has_work(db.session(), activity)
    return page(
        "instructor/settings.html",
        activity=activity,
        status=status,
        module=module,
        values=values,
        errors=errors or {},
        tab=tab,
        problem=problem,
        has_work=has_work,
        may_change=access.current().role.configures,
        was_saved="saved" in request.args,
    )


def _unmatched_page(activity: Activity) -> Response:
    return page(
        "instructor/unmatched.html",
        activity=activity,
        module=_module(activity),
        answers=wordings.list_unmatched(db.session(), parts().catalogue, activity),
        accepted=request.args.get("accepted", type=int),
        tab="unmatched",
    )


def _share(text: str) -> Decimal:
    try:
        share = Decimal(text)
    except InvalidOperation:
        share = Decimal(0)
    if not share.is_finite():
        raise InvalidInput({"share": wordings.SHARE_INVALID})
    return share

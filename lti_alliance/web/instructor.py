"""An instructor's pages: setting an activity up, who did what, grading, unmatched answers."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Module
from lti_alliance.errors import InvalidInput
from lti_alliance.models import Activity, db
from lti_alliance.parts import parts
from lti_alliance.services import modules, wordings
from lti_alliance.services.activities import activity_settings
from lti_alliance.web import (
    access,
    accommodations,
    consequence_words,
    copied_dates,
    grade_pages,
    instructor_analysis,
    instructor_assistants,
    instructor_content,
    instructor_gradebook,
    instructor_grading,
    instructor_guides,
    instructor_items,
    instructor_markers,
    instructor_previews,
    instructor_revisions,
    instructor_settings,
    preset_pages,
    quiz_items,
    transaction,
)
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import leave_handle_to_addresses, page

blueprint = Blueprint("instructor", __name__, url_prefix="/launches/<handle>")
leave_handle_to_addresses(blueprint, keeps_activity=True)

consequence_words.register(blueprint)
instructor_analysis.register(blueprint)
instructor_content.register(blueprint)
instructor_items.register(blueprint)

_MODULE = "/modules/<module_id>"
blueprint.add_url_rule("/modules", view_func=instructor_settings.choose)
blueprint.add_url_rule(_MODULE, view_func=instructor_settings.configure)
blueprint.add_url_rule(_MODULE, view_func=instructor_settings.set_up, methods=["POST"])
blueprint.add_url_rule("/settings", view_func=instructor_settings.settings)
blueprint.add_url_rule("/settings", view_func=instructor_settings.change_settings, methods=["POST"])

blueprint.add_url_rule("/presets", view_func=preset_pages.presets)
blueprint.add_url_rule(
    "/presets/<preset_id>/rename", view_func=preset_pages.rename, methods=["POST"]
)
blueprint.add_url_rule(
    "/presets/<preset_id>/delete", view_func=preset_pages.delete, methods=["POST"]
)

_REFLECTION = "/grading/<reflection_id>"
blueprint.add_url_rule("/analysis", endpoint="analysis", view_func=instructor_analysis.show)
blueprint.add_url_rule("/guide", view_func=instructor_guides.guide)
blueprint.add_url_rule("/content", view_func=instructor_content.content)
blueprint.add_url_rule("/items/<item_id>", view_func=instructor_items.item)
blueprint.add_url_rule("/items/<item_id>/regrade", view_func=instructor_items.regrade)
blueprint.add_url_rule("/grading", view_func=instructor_grading.shelf)
blueprint.add_url_rule(_REFLECTION, view_func=instructor_grading.reflection)
blueprint.add_url_rule(_REFLECTION, view_func=instructor_grading.assess, methods=["POST"])
blueprint.add_url_rule("/grading/worry", view_func=instructor_revisions.worry)
blueprint.add_url_rule("/grading/markers", view_func=instructor_markers.show_markers)
blueprint.add_url_rule("/grading/agreement", view_func=instructor_markers.show_agreement)
_POSTED: tuple[tuple[str, Callable[..., BaseResponse]], ...] = (
    ("/grading/release", instructor_grading.release_all),
    ("/guide/phrases", instructor_guides.keep_phrases),
    ("/guide/keys/<item_id>", instructor_guides.decide_key),
    ("/guide/keys/<item_id>/vote", instructor_guides.vote),
    ("/content", instructor_content.accept_content),
    ("/items/<item_id>/key", instructor_items.correct_key),
    ("/items/<item_id>/regrade", instructor_items.decide_regrade),
    ("/items/<item_id>/questions/<question_id>", instructor_items.answer),
    ("/grading/markers", instructor_markers.share_out),
    (f"{_REFLECTION}/draft", instructor_grading.save_draft),
    (f"{_REFLECTION}/mark", instructor_markers.save_mark),
    (f"{_REFLECTION}/markers", instructor_markers.change_markers),
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

blueprint.add_url_rule("/dates", view_func=copied_dates.dates)
blueprint.add_url_rule("/dates", view_func=copied_dates.set_dates, methods=["POST"])
blueprint.add_url_rule("/students/<membership_id>/grade", view_func=grade_pages.grade)
_ACCOMMODATION = "/students/<membership_id>/accommodation"
blueprint.add_url_rule("/accommodations", view_func=accommodations.list_all)
blueprint.add_url_rule(_ACCOMMODATION, view_func=accommodations.accommodation)
blueprint.add_url_rule(_ACCOMMODATION, view_func=accommodations.grant, methods=["POST"])
for _address, _act in (
    ("/deliveries/<delivery_id>/resend", instructor_gradebook.resend),
    ("/deliveries/resend-all", instructor_gradebook.resend_all),
    ("/comparison", instructor_gradebook.compare),
    ("/roster", instructor_gradebook.read_roster),
    ("/column", instructor_gradebook.ask_for_column),
    ("/assistants", instructor_assistants.set_assistants),
    ("/previews/clearing", instructor_previews.clear),
):
    blueprint.add_url_rule(_address, view_func=_act, methods=["POST"])

_staff = access.role(Role.INSTRUCTOR, Role.TEACHING_ASSISTANT, Role.AIDE, Role.CONTENT_DEVELOPER)


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
        items=quiz_items.preview_items(module) if current.has_quiz else [],
        prompts=[module.get_reflection(name) for name in current.prompt_ids]
        if current.has_reflection
        else [],
        tab="preview",
    )


def _module(activity: Activity) -> Module:
    return modules.get_module(db.session(), parts().catalogue, content_hash=activity.content_hash)


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

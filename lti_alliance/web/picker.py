"""The picker: an instructor chooses activities inside the LMS's own dialog, and sends them back.

Deep Linking 2.0, https://www.imsglobal.org/spec/lti-dl/v2p0. The answer is signed here and posted
by the browser; nothing is in the course before the LMS has taken it.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.activities import parse_settings, propose, settings_from_json
from lti_alliance.domain.modules import Module
from lti_alliance.errors import InvalidInput
from lti_alliance.models import DeepLinking, db
from lti_alliance.services import course_plans, deep_linking
from lti_alliance.services.deep_linking import Choice
from lti_alliance.web import access, course_plan_pages, forms, opening, preset_steps, quiz_items
from lti_alliance.web.local_times import own_zone
from lti_alliance.web.placing import hand_over, open_request
from lti_alliance.web.rendering import leave_handle_to_addresses, page

blueprint = Blueprint("picker", __name__, url_prefix="/launches/<handle>/picker")
leave_handle_to_addresses(blueprint)

blueprint.add_url_rule("/course", view_func=course_plan_pages.plan)
blueprint.add_url_rule("/course", view_func=course_plan_pages.change_plan, methods=["POST"])
blueprint.add_url_rule(
    "/planned/<planned_id>/remove", view_func=course_plan_pages.take_off, methods=["POST"]
)


@blueprint.get("/")
@access.configures
def choose() -> Response:
    """Show the modules, to place one or several."""
    asked = open_request()
    return page(
        "picker/choose.html",
        modules=opening.offered_modules(),
        asked=asked,
        planned=course_plan_pages.list_planned(),
    )


@blueprint.get("/modules/<module_id>")
@access.configures
def configure(module_id: str) -> Response:
    """Show the settings of one activity that is about to be placed, with careful defaults."""
    asked, module = open_request(), opening.offered_module(module_id)
    settings, title, planned = propose(module), module.title, request.args.get("planned", "")
    if planned:
        row = course_plans.get_planned(
            db.session(), opening.key(planned), opening.member_of(access.current()).context_id
        )
        settings, title = settings_from_json(row.settings), row.title
    values = forms.settings_values(settings, own_zone()) | {"title": title, "planned": planned}
    return _settings_page(asked, module, values)


@blueprint.post("/modules/<module_id>")
@access.configures
def place_one(module_id: str) -> BaseResponse:
    """Place one activity with these settings."""
    asked, module = open_request(), opening.offered_module(module_id)
    if (taken := preset_steps.take(module)) is not None:
        return _settings_page(asked, module, **taken.for_page)
    try:
        choice = _read_choice(module)
    except InvalidInput as invalid:
        return _settings_page(
            asked,
            module,
            forms.typed_settings(request.form),
            errors=invalid.fields,
            problem=invalid.code,
            status=422,
        )
    planned = request.form.get("planned", "")
    return hand_over(asked, [choice], planned_id=opening.key(planned) if planned else None)


@blueprint.get("/modules/<module_id>/preview")
@access.configures
def preview(module_id: str) -> Response:
    """Show what students will see of a module."""
    open_request()
    module = opening.offered_module(module_id)
    settings = propose(module)
    return page(
        "picker/preview.html",
        module=module,
        settings=settings,
        items=quiz_items.preview_items(module),
        prompts=module.reflections,
    )


@blueprint.post("/cancel")
@access.configures
def cancel() -> BaseResponse:
    """Go back to the course with nothing."""
    return hand_over(open_request(), [])


def _read_choice(module: Module) -> Choice:
    faults: dict[str, str] = {}
    title, settings = "", None
    try:
        title = deep_linking.check_title(request.form.get("title", ""))
    except InvalidInput as invalid:
        faults |= invalid.fields
    try:
        settings = parse_settings(forms.activity_fields(request.form), module)
    except InvalidInput as invalid:
        faults |= invalid.fields
    if faults or settings is None:
        raise InvalidInput(faults, code="deeplink.item_invalid")
    return Choice(module_id=module.id, title=title, settings=settings)


def _settings_page(
    asked: DeepLinking,
    module: Module,
    values: Mapping[str, Any],
    *,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
    status: int = 200,
    said: str = "",
) -> Response:
    return page(
        "picker/settings.html",
        status=status,
        module=module,
        asked=asked,
        values=values,
        errors=errors or {},
        problem=problem,
        said=said,
        presets=preset_steps.own_presets(),
    )

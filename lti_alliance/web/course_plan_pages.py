"""The whole course in one list: filled in, checked, and placed at once or kept as a checklist."""

from collections.abc import Mapping

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.errors import InvalidInput
from lti_alliance.models import DeepLinking, db
from lti_alliance.parts import parts
from lti_alliance.services import course_plans, presets
from lti_alliance.services.course_plans import Planned
from lti_alliance.services.deep_linking import Choice
from lti_alliance.web import access, opening, preset_steps, transaction
from lti_alliance.web.course_plans import (
    Plan,
    Presets,
    fill_plan,
    has_unfilled_presets,
    propose_plan,
    read_plan,
    typed_plan,
)
from lti_alliance.web.local_times import own_zone
from lti_alliance.web.opening import member_of
from lti_alliance.web.placing import hand_over, open_request
from lti_alliance.web.rendering import page


@access.configures
def plan() -> Response:
    """Show a list of several activities with titles and dates, to be checked before it is sent."""
    asked = open_request()
    planned = {each.row.module_id for each in list_planned()}
    proposed = propose_plan(
        request.args,
        opening.offered_modules(),
        presets=_presets(),
        planned=planned,
        zone=own_zone(),
    )
    return _plan_page(asked, proposed)


@access.configures
def change_plan() -> BaseResponse:
    """Fill the list in, or place all of it, or keep it where the platform takes one at a time."""
    asked, own = open_request(), _presets()
    if request.form.get("step") == "fill":
        return _plan_page(asked, fill_plan(request.form, opening.offered_modules(), presets=own))
    if has_unfilled_presets(request.form):
        # Nothing is placed with settings that nobody has seen.
        filled = fill_plan(request.form, opening.offered_modules(), presets=own)
        return _plan_page(asked, filled, must_look=True)
    try:
        read = read_plan(request.form, opening.offered_modules(), presets=own)
        if asked.accepts_multiple:
            return hand_over(asked, read)
        return _keep(read)
    except InvalidInput as invalid:
        typed = typed_plan(request.form, opening.offered_modules(), presets=own)
        return _plan_page(asked, typed, errors=invalid.fields, problem=invalid.code)


@access.configures
def take_off(planned_id: str) -> BaseResponse:
    """Take an activity off the list of what is to be placed."""
    open_request()
    with transaction.act() as session:
        course_plans.take_off_plan(
            session,
            opening.key(planned_id),
            context_id=member_of(access.current()).context_id,
        )
    return redirect(url_for("picker.choose"), 303)


def list_planned() -> list[Planned]:
    """List what is planned for the course of whoever is asking."""
    return course_plans.list_planned(db.session(), member_of(access.current()).context_id)


def _keep(choices: list[Choice]) -> BaseResponse:
    with transaction.act() as session:
        course_plans.add_to_plan(
            session,
            choices,
            context_id=member_of(access.current()).context_id,
            at=parts().now(),
        )
    return redirect(url_for("picker.choose"), 303)


def _presets() -> Presets:
    return {str(each.id): presets.settings_of(each) for each in preset_steps.own_presets()}


def _plan_page(
    asked: DeepLinking,
    shown: Plan,
    *,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
    must_look: bool = False,
) -> Response:
    return page(
        "picker/course.html",
        status=422 if errors else 200,
        asked=asked,
        plan=shown,
        presets=preset_steps.own_presets(),
        errors=shown.errors | dict(errors or {}),
        problem=problem,
        must_look=must_look,
    )

"""Setting an activity up and changing it: what a change means is said before it is made."""

from collections.abc import Mapping
from typing import Any

from flask import Response, redirect, request, url_for
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
from lti_alliance.services import activities, consequences, line_items, modules, regrades, terms
from lti_alliance.services.activities import activity_settings
from lti_alliance.services.consequences import Forecast
from lti_alliance.web import (
    access,
    forms,
    opening,
    preset_steps,
    transaction,
)
from lti_alliance.web.forms import Step
from lti_alliance.web.local_times import own_zone
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import page


@access.configures
def choose() -> BaseResponse:
    """Show the modules that a link can open."""
    visit = access.current()
    found = opening.opening_of(visit)
    if found.activity is not None and activities.has_work(db.session(), found.activity):
        return redirect(url_for("instructor.settings"), 303)
    offered = opening.offered_modules()
    # What a link of another course opens may be a module of that course's own.
    is_here = found.proposal and found.proposal.module_id in {module.id for module in offered}
    return page(
        "instructor/choose.html",
        activity=found.activity,
        modules=offered,
        proposal=found.proposal if is_here else None,
    )


@access.configures
def configure(module_id: str) -> Response:
    """Show the settings of a module that is about to be used, with careful defaults."""
    found, module = opening.opening_of(access.current()), opening.offered_module(module_id)
    settings = propose(module)
    if found.proposal is not None and found.proposal.module_id == module_id:
        settings = settings_from_json(found.proposal.settings)
    values = forms.settings_values(settings, own_zone())
    return _settings_page(module, found.activity, values=values)


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
    module = opening.offered_module(module_id)
    if found.activity is not None and module_id == found.activity.module_id:
        return change_settings()
    if (taken := preset_steps.take(module)) is not None:
        return _settings_page(module, found.activity, **taken.for_page)
    try:
        settings = _read_settings(module, found.activity)
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


@access.role(Role.INSTRUCTOR, Role.TEACHING_ASSISTANT, Role.AIDE, Role.CONTENT_DEVELOPER)
def settings() -> Response:
    """Show the settings of the activity: to change them, or to read them."""
    activity = activity_of(access.current())
    module = _module(activity)
    current = activity_settings(activity)
    values = forms.settings_values(current, own_zone())
    return _settings_page(module, activity, values=values, tab="settings")


@access.configures
def change_settings() -> BaseResponse:
    """Change the settings; where it matters to people under way, say so and ask first."""
    activity, step = activity_of(access.current()), forms.step(request.form)
    module = _module(activity)
    if (taken := preset_steps.take(module)) is not None:
        return _settings_page(module, activity, tab="settings", **taken.for_page)
    if step is Step.EDIT:
        typed = forms.typed_settings(request.form)
        return _settings_page(module, activity, values=typed, tab="settings")
    try:
        changed = _read_settings(module, activity)
        if step is not Step.CONFIRM:
            forecast = _foresee(activity, changed)
            if forecast.consequences:
                return _consequences_page(module, activity, forecast)
        _change(activity, changed, activity.module_id)
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
    return redirect(url_for("instructor.settings", saved=1), 303)


def _foresee(activity: Activity, changed: ActivitySettings) -> Forecast:
    if forms.saved_version(request.form) != activity.version:
        raise Stale(activity.version)
    return consequences.foresee(db.session(), activity, changed, at=parts().now())


def _consequences_page(module: Module, activity: Activity, forecast: Forecast) -> Response:
    return page(
        "instructor/consequences.html",
        activity=activity,
        module=module,
        work=forecast.work,
        consequences=forecast.consequences,
        typed=forms.carried_on(request.form),
        version=forms.saved_version(request.form),
        tab="settings",
    )


def _module(activity: Activity) -> Module:
    return modules.get_module(db.session(), parts().catalogue, content_hash=activity.content_hash)


def _read_settings(module: Module, activity: Activity | None) -> ActivitySettings:
    shown = activity_settings(activity).closes_at if activity else None
    return parse_settings(forms.activity_fields(request.form, shown=shown), module)


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
    said: str = "",
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
        said=said,
        presets=preset_steps.own_presets(),
        has_work=has_work,
        may_change=access.current().role.configures,
        dates_are_told=activity is not None and terms.are_dates_told(db.session(), activity),
        was_saved="saved" in request.args,
        was_set_for_course="assistants" in request.args,
        column=line_items.differing_maximum(activity) if activity else None,
        own_maximum=activity_settings(activity).maximum if activity else None,
        module_newer=modules.find_newest(db.session(), parts().catalogue, activity)
        if activity
        else None,
        to_decide=regrades.list_to_decide(db.session(), parts().catalogue, activity)
        if activity
        else (),
    )

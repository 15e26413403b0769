"""The picker: an instructor chooses activities inside the LMS's own dialog, and sends them back.

Deep Linking 2.0, https://www.imsglobal.org/spec/lti-dl/v2p0. The answer is signed here and posted
by the browser; nothing is in the course before the LMS has taken it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.activities import parse_settings, propose
from lti_alliance.domain.addresses import origin_of
from lti_alliance.domain.modules import Module
from lti_alliance.errors import Conflict, InvalidInput, NotFound
from lti_alliance.lti import deep_linking as protocol
from lti_alliance.lti.keys import signing_key
from lti_alliance.models import ContentItem, DeepLinking, db
from lti_alliance.parts import parts
from lti_alliance.services import deep_linking
from lti_alliance.services.deep_linking import Choice
from lti_alliance.web import access, forms, quiz_pages, security, transaction, wording
from lti_alliance.web.course_plan import Plan, propose_plan, read_plan
from lti_alliance.web.opening import member_of
from lti_alliance.web.rendering import leave_handle_to_addresses, page

blueprint = Blueprint("picker", __name__, url_prefix="/launches/<handle>/picker")
leave_handle_to_addresses(blueprint)


@blueprint.get("/")
@access.configures
def choose() -> Response:
    """Show the modules, to place one or several."""
    asked = _open_request()
    return page("picker/choose.html", modules=parts().catalogue.list(), asked=asked)


@blueprint.get("/modules/<module_id>")
@access.configures
def configure(module_id: str) -> Response:
    """Show the settings of one activity that is about to be placed, with careful defaults."""
    asked, module = _open_request(), parts().catalogue.get(module_id)
    values = forms.settings_values(propose(module)) | {"title": module.title}
    return _settings_page(asked, module, values)


@blueprint.post("/modules/<module_id>")
@access.configures
def place_one(module_id: str) -> BaseResponse:
    """Place one activity with these settings."""
    asked, module = _open_request(), parts().catalogue.get(module_id)
    try:
        choice = _read_choice(module)
    except InvalidInput as invalid:
        typed = forms.typed_settings(request.form)
        return _settings_page(asked, module, typed, errors=invalid.fields, problem=invalid.code)
    return _return(asked, [choice])


@blueprint.get("/modules/<module_id>/preview")
@access.configures
def preview(module_id: str) -> Response:
    """Show what students will see of a module."""
    _open_request()
    module = parts().catalogue.get(module_id)
    settings = propose(module)
    return page(
        "picker/preview.html",
        module=module,
        settings=settings,
        items=quiz_pages.preview_items(module),
        prompts=module.reflections,
    )


@blueprint.get("/course")
@access.configures
def plan() -> Response:
    """Show a list of several activities with titles and dates, to be checked before it is sent."""
    asked = _open_request()
    proposed = propose_plan(request.args, parts().catalogue)
    return _plan_page(asked, proposed)


@blueprint.post("/course")
@access.configures
def place_several() -> BaseResponse:
    """Place all activities of the list at once."""
    asked = _open_request()
    try:
        read = read_plan(request.form, parts().catalogue)
    except InvalidInput as invalid:
        typed = propose_plan(request.form, parts().catalogue)
        return _plan_page(asked, typed, errors=invalid.fields, problem=invalid.code)
    return _return(asked, read)


@blueprint.post("/cancel")
@access.configures
def cancel() -> BaseResponse:
    """Go back to the course with nothing."""
    return _return(_open_request(), [])


def _open_request() -> DeepLinking:
    """Return the request of this launch; it is answered once."""
    asked = deep_linking.find_request(db.session(), access.current().launch)
    if asked is None:
        raise NotFound
    if asked.returned_at is not None:
        raise Conflict("deeplink.already_returned")
    return asked


def _return(asked: DeepLinking, choices: Sequence[Choice]) -> Response:
    """Keep the choices and hand the browser the signed answer to carry to the LMS."""
    visit, at = access.current(), parts().now()
    # Whatever can fail comes before the request counts as answered.
    key = signing_key(db.session(), parts().sealer)
    with transaction.act() as session:
        items = deep_linking.place(
            session, parts().catalogue, asked, choices, actor=member_of(visit), at=at
        )
    assert visit.context is not None
    answering = protocol.Answering(
        issuer=visit.registration.issuer,
        client_id=visit.registration.client_id,
        deployment_id=visit.context.deployment.deployment_id,
        family=visit.registration.family,
        data=asked.data,
    )
    token = protocol.response_token(
        answering,
        [_link(item, asked) for item in items],
        key=key,
        launch_url=parts().settings.launch_url,
        at=at,
    )
    security.allow_forms_to(origin_of(asked.return_url))
    return page(
        "picker/return.html",
        return_url=asked.return_url,
        token=token,
        titles=[item.title for item in items],
    )


def _link(item: ContentItem, asked: DeepLinking) -> protocol.PlacedLink:
    settings = deep_linking.settings_of(item)
    module = parts().catalogue.get(item.module_id)
    return protocol.PlacedLink(
        id=str(item.id),
        title=item.title,
        text=wording.module_in_brief(module, settings),
        maximum=settings.maximum if asked.accepts_line_item else None,
        closes_at=settings.closes_at,
    )


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
) -> Response:
    return page(
        "picker/settings.html",
        status=422 if errors else 200,
        module=module,
        asked=asked,
        values=values,
        errors=errors or {},
        problem=problem,
    )


def _plan_page(
    asked: DeepLinking,
    proposed: Plan,
    *,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    if not asked.accepts_multiple:
        raise Conflict("deeplink.too_many")
    return page(
        "picker/course.html",
        status=422 if errors else 200,
        asked=asked,
        plan=proposed,
        errors=errors or {},
        problem=problem,
    )

"""Registration without typing: the page that an invitation opens, and its status afterwards.

Dynamic Registration 1.0, https://www.imsglobal.org/spec/lti-dr/v1p0. A GET shows, a POST performs.
"""

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.addresses import origin_of
from lti_alliance.errors import LaunchRejected
from lti_alliance.lti import platform_configuration
from lti_alliance.lti.developer_key import canvas_developer_key
from lti_alliance.lti.platform_configuration import PlatformConfiguration
from lti_alliance.lti.registration import Registered, register
from lti_alliance.lti.tool_description import ToolDescription
from lti_alliance.models import Invitation, Registration, db
from lti_alliance.parts import parts
from lti_alliance.services import invitations, platform_status, registering
from lti_alliance.services.invitations import InvitationState
from lti_alliance.web import access, limits, security, transaction
from lti_alliance.web.platform_pages import status_values

TOOL_NAME = "LTI Alliance"
DESCRIPTION = "Teaches the therapeutic alliance: readings, quizzes, reflections, grades sent back."

blueprint = Blueprint("registering", __name__)


@blueprint.get("/lti/register")
@access.open_
@limits.registrations
def show() -> Response:
    """Show what is about to be registered, or how the registration stands that has been made."""
    invitation = _invitation(request.args.get("invitation", ""))
    if invitation.registration is not None:
        return _status(invitation.registration)
    address = request.args.get("openid_configuration", "")
    if not address:
        return make_response(
            render_template(
                "lti/register_how.html",
                address=f"{parts().settings.base_url}{request.full_path}",
                name=invitation.name,
            )
        )
    platform_configuration.check_address(address, allow_local=invitation.allow_local)
    security.allow_framing([origin_of(address)])
    return make_response(
        render_template(
            "lti/register.html",
            invitation=request.args["invitation"],
            address=address,
            token=request.args.get("registration_token", ""),
            host=origin_of(address),
            name=invitation.name,
            tool=TOOL_NAME,
        )
    )


@blueprint.post("/lti/register")
@access.open_
@limits.registrations
def perform() -> Response:
    """Register the tool at the platform, and the platform here."""
    form = request.form
    invitation = _invitation(form.get("invitation", ""))
    if invitation.registration is not None:
        return _status(invitation.registration)
    address = form.get("openid_configuration", "")
    platform_configuration.check_address(address, allow_local=invitation.allow_local)
    security.allow_framing([origin_of(address)])
    with transaction.act() as session:
        is_ours = invitations.begin_use(session, invitation, at=parts().now())
    if not is_ours:
        raise LaunchRejected("register.under_way", status=409)
    try:
        platform, answered = _exchange(invitation, address)
        registration = _keep(invitation, platform, answered)
    except BaseException:
        with transaction.act() as session:
            invitations.give_back(session, invitation)
        raise
    return make_response(
        render_template(
            "lti/registered.html",
            registration=registration,
            has_deployment=bool(answered.deployment_id),
            status_code=form["invitation"],
        )
    )


@blueprint.get("/lti/config/canvas.json")
@access.open_
def canvas_configuration() -> BaseResponse:
    """Give the developer key of this host for Canvas to load."""
    return jsonify(canvas_developer_key(_tool()))


def _invitation(code: str) -> Invitation:
    found = invitations.find_invitation(db.session(), code) if code else None
    if found is None:
        raise LaunchRejected("register.not_invited", status=403)
    if invitations.state_of(found, at=parts().now()) is InvitationState.EXPIRED:
        raise LaunchRejected("register.invitation_expired", status=403)
    return found


def _exchange(invitation: Invitation, address: str) -> tuple[PlatformConfiguration, Registered]:
    token = request.form.get("registration_token", "")
    http, allow_local = parts().http, invitation.allow_local
    platform = platform_configuration.fetch_configuration(
        http, address, token=token, allow_local=allow_local
    )
    answered = register(http, platform, _tool(), token=token, allow_local=allow_local)
    return platform, answered


def _keep(
    invitation: Invitation, platform: PlatformConfiguration, answered: Registered
) -> Registration:
    with transaction.act() as session:
        return registering.register_platform(
            session,
            session.get_one(Invitation, invitation.id, populate_existing=True),
            issuer=platform.issuer,
            client_id=answered.client_id,
            auth_login_url=platform.authorization_endpoint,
            auth_token_url=platform.token_endpoint,
            auth_audience=platform.audience,
            jwks_url=platform.jwks_uri,
            registration_url=platform.registration_endpoint,
            family=platform.family,
            deployment_id=answered.deployment_id,
            at=parts().now(),
        )


def _tool() -> ToolDescription:
    settings, form = parts().settings, request.form
    base = settings.base_url
    contact = settings.support_contact
    return ToolDescription(
        name=TOOL_NAME,
        description=DESCRIPTION,
        base_url=base,
        launch_url=settings.launch_url,
        login_url=f"{base}/lti/login",
        jwks_url=f"{base}/.well-known/jwks.json",
        # The box is ticked where nothing was asked, as for the developer key of Canvas.
        asks_for_names=request.method != "POST" or "names" in form,
        in_course_menu="course_menu" in form,
        contact=contact if "@" in contact and " " not in contact else "",
    )


def _status(registration: Registration) -> Response:
    # The LMS may open the address once more in its frame; the page has nothing to click.
    security.allow_framing_by_anyone()
    found = platform_status.platform_status(db.session(), registration, at=parts().now())
    return make_response(render_template("lti/status.html", **status_values(found)))

"""Moodle's endpoints: their addresses, in Moodle's shapes below a prefix.

Moodle LTI documentation: https://docs.moodle.org/dev/LTI_1.3_support
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from lti_alliance.practice_lms.dialects import (
    moodle_configuration,
    moodle_deep_linking,
    moodle_launch,
    moodle_line_items,
    moodle_members,
    moodle_registration,
    moodle_scores,
    moodle_tokens,
)
from lti_alliance.practice_lms.dialects.moodle_gates import no_handler
from lti_alliance.practice_lms.platform import platform_named
from lti_alliance.practice_lms.services import answer, endpoint

blueprint = Blueprint("moodle", __name__, url_prefix="/moodle")

SERVICES = "/mod/lti/services.php"
ITEMS = SERVICES + "/<course_id>/lineitems"
ITEM = ITEMS + "/<item_id>/lineitem"
METHODS = ["GET", "POST", "PUT", "DELETE"]


@blueprint.route("/mod/lti/auth.php", methods=["GET", "POST"])
@endpoint("moodle", "Authentication request", fault="auth")
def auth() -> Response:
    """Answer the tool's authentication request."""
    return moodle_launch.authorize(platform_named("moodle"))


@blueprint.get("/mod/lti/certs.php")
@endpoint("moodle", "Platform keys read", fault="jwks")
def certs() -> Response:
    """Publish the platform's keys."""
    return answer(platform_named("moodle").key_set())


@blueprint.route("/mod/lti/token.php", methods=METHODS)
@endpoint("moodle", "Token request", fault="token")
def token() -> Response:
    """Issue an access token."""
    return moodle_tokens.issue(platform_named("moodle"))


@blueprint.route(ITEMS, methods=METHODS)
@endpoint("moodle", "Line items", fault="lineitems")
def line_items(course_id: str) -> Response:
    """List line items or create one."""
    platform = platform_named("moodle")
    if request.method == "GET":
        return moodle_line_items.listing(platform, course_id)
    if request.method == "POST":
        return moodle_line_items.create(platform, course_id)
    return no_handler()


@blueprint.route(ITEM, methods=METHODS)
@endpoint("moodle", "Line item", fault="lineitems")
def line_item(course_id: str, item_id: str) -> Response:
    """Show, change or delete a line item."""
    platform = platform_named("moodle")
    actions = {
        "GET": moodle_line_items.show,
        "PUT": moodle_line_items.update,
        "DELETE": moodle_line_items.delete,
    }
    action = actions.get(request.method)
    return action(platform, course_id, item_id) if action else no_handler()


@blueprint.route(ITEM + "/scores", methods=METHODS)
@endpoint("moodle", "Score", fault="score")
def scores(course_id: str, item_id: str) -> Response:
    """Take a score."""
    if request.method != "POST":
        return no_handler()
    return moodle_scores.receive(platform_named("moodle"), course_id, item_id)


@blueprint.route(ITEM + "/results", methods=METHODS)
@endpoint("moodle", "Results read", fault="results")
def results(course_id: str, item_id: str) -> Response:
    """List results."""
    if request.method != "GET":
        return no_handler()
    return moodle_line_items.results(platform_named("moodle"), course_id, item_id)


@blueprint.route(SERVICES + "/CourseSection/<course_id>/bindings/<type_id>/memberships")
@endpoint("moodle", "Members read", fault="memberships")
def memberships(course_id: str, type_id: str) -> Response:
    """List the course's members."""
    return moodle_members.listing(platform_named("moodle"), course_id, type_id)


@blueprint.route(SERVICES + "/<path:rest>", methods=METHODS)
@endpoint("moodle", "Unknown service address")
def unknown(rest: str) -> Response:
    """Refuse an address that no service answers."""
    del rest
    return no_handler()


@blueprint.get("/mod/lti/openid-configuration.php")
@endpoint("moodle", "Platform configuration read", fault="openid_configuration")
def openid_configuration() -> Response:
    """Say what this platform is."""
    return moodle_configuration.configuration(platform_named("moodle"))


@blueprint.post("/mod/lti/openid-registration.php")
@endpoint("moodle", "Registration", fault="registration")
def openid_registration() -> Response:
    """Let a tool register itself."""
    return moodle_registration.register(platform_named("moodle"))


@blueprint.post("/mod/lti/contentitem_return.php")
@endpoint("moodle", "Deep linking response", fault="deep_linking")
def contentitem_return() -> Response:
    """Take what the tool's picker sent back."""
    return moodle_deep_linking.receive(platform_named("moodle"))

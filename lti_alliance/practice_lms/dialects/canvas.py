"""Canvas's endpoints: their addresses, in Canvas's shapes below a prefix.

Canvas LTI documentation: https://canvas.instructure.com/doc/api/file.lti_launch_overview.html
"""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request

from lti_alliance.practice_lms.dialects import (
    canvas_deep_linking,
    canvas_launch,
    canvas_line_items,
    canvas_members,
    canvas_notices,
    canvas_registration,
    canvas_scores,
    canvas_tokens,
)
from lti_alliance.practice_lms.platform import platform_named
from lti_alliance.practice_lms.services import answer, endpoint

blueprint = Blueprint("canvas", __name__, url_prefix="/canvas")

COURSE = "/api/lti/courses/<course_id>"
ITEM = COURSE + "/line_items/<item_id>"


@blueprint.route("/api/lti/authorize_redirect", methods=["GET", "POST"])
@endpoint("canvas", "Authentication request, on the way to the school's host")
def authorize_redirect() -> Response:
    """Send the browser on to the school's own host, all parameters kept."""
    target = platform_named("canvas").root + "/api/lti/authorize"
    query = request.query_string.decode("latin-1")
    if request.method == "POST":
        return canvas_launch.resubmit(target, request.form.to_dict())
    response = redirect(f"{target}?{query}", code=302)
    return Response(response.response, 302, response.headers)


@blueprint.route("/api/lti/authorize", methods=["GET", "POST"])
@endpoint("canvas", "Authentication request", fault="auth")
def authorize() -> Response:
    """Answer the tool's authentication request."""
    return canvas_launch.authorize(platform_named("canvas"))


@blueprint.get("/post_message_forwarding")
def post_message_forwarding() -> str:
    """Show the hidden frame through which the tool keeps its launch data."""
    return render_template("forwarder.html", platform=platform_named("canvas"))


@blueprint.get("/api/lti/security/jwks")
@endpoint("canvas", "Platform keys read", fault="jwks")
def jwks() -> Response:
    """Publish the platform's keys."""
    response = answer(platform_named("canvas").key_set())
    response.headers["Cache-Control"] = "max-age=864000"
    return response


@blueprint.post("/login/oauth2/token")
@endpoint("canvas", "Token request", fault="token")
def token() -> Response:
    """Issue an access token."""
    return canvas_tokens.issue(platform_named("canvas"))


@blueprint.get(COURSE + "/line_items")
@endpoint("canvas", "Line items listed", fault="lineitems")
def list_line_items(course_id: str) -> Response:
    """List line items."""
    return canvas_line_items.listing(platform_named("canvas"), course_id)


@blueprint.post(COURSE + "/line_items")
@endpoint("canvas", "Line item created", fault="lineitems")
def create_line_item(course_id: str) -> Response:
    """Create a line item."""
    return canvas_line_items.create(platform_named("canvas"), course_id)


@blueprint.get(ITEM)
@endpoint("canvas", "Line item read", fault="lineitems")
def show_line_item(course_id: str, item_id: str) -> Response:
    """Show a line item."""
    return canvas_line_items.show(platform_named("canvas"), course_id, item_id)


@blueprint.put(ITEM)
@endpoint("canvas", "Line item changed", fault="lineitems")
def update_line_item(course_id: str, item_id: str) -> Response:
    """Change a line item."""
    return canvas_line_items.update(platform_named("canvas"), course_id, item_id)


@blueprint.delete(ITEM)
@endpoint("canvas", "Line item deleted", fault="lineitems")
def delete_line_item(course_id: str, item_id: str) -> Response:
    """Delete a line item."""
    return canvas_line_items.delete(platform_named("canvas"), course_id, item_id)


@blueprint.post(ITEM + "/scores")
@endpoint("canvas", "Score", fault="score")
def score(course_id: str, item_id: str) -> Response:
    """Take a score."""
    return canvas_scores.receive(platform_named("canvas"), course_id, item_id)


@blueprint.get(ITEM + "/results")
@endpoint("canvas", "Results read", fault="results")
def results(course_id: str, item_id: str) -> Response:
    """List results."""
    return canvas_line_items.results(platform_named("canvas"), course_id, item_id)


@blueprint.get(ITEM + "/results/<result_id>")
@endpoint("canvas", "Result read", fault="results")
def result(course_id: str, item_id: str, result_id: str) -> Response:
    """Show one result."""
    return canvas_line_items.result(platform_named("canvas"), course_id, item_id, result_id)


@blueprint.get(COURSE + "/names_and_roles")
@endpoint("canvas", "Members read", fault="memberships")
def names_and_roles(course_id: str) -> Response:
    """List the course's members."""
    return canvas_members.listing(platform_named("canvas"), course_id)


@blueprint.put("/api/lti/notice-handlers/<number>")
@endpoint("canvas", "Notice handler set", fault="notices")
def set_notice_handler(number: str) -> Response:
    """Subscribe to a type of notice."""
    return canvas_notices.subscribe(platform_named("canvas"), number)


@blueprint.get("/api/lti/notice-handlers/<number>")
@endpoint("canvas", "Notice handlers listed", fault="notices")
def list_notice_handlers(number: str) -> Response:
    """List the subscriptions."""
    return canvas_notices.listing(platform_named("canvas"), number)


@blueprint.get("/api/lti/security/openid-configuration")
@endpoint("canvas", "Platform configuration read", fault="openid_configuration")
def openid_configuration() -> Response:
    """Say what this platform is."""
    return canvas_registration.configuration(platform_named("canvas"))


@blueprint.post("/api/lti/registrations")
@endpoint("canvas", "Registration", fault="registration")
def registrations() -> Response:
    """Let a tool register itself."""
    return canvas_registration.register(platform_named("canvas"))


@blueprint.post("/courses/<course_id>/deep_linking_response")
@endpoint("canvas", "Deep linking response", fault="deep_linking")
def deep_linking_response(course_id: str) -> Response:
    """Take what the tool's picker sent back."""
    return canvas_deep_linking.receive(platform_named("canvas"), course_id)

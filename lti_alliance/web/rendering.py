"""Pages of a launch: what every template may count on, and live blocks served by themselves."""

from collections.abc import Mapping
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    render_template,
    request,
    url_for,
)

from lti_alliance.domain.modules import Module
from lti_alliance.models import Activity
from lti_alliance.web import access
from lti_alliance.web.access import FRAGMENT_HEADER

ACTIVITY_FIELD = "activity"
"""The field of the address by which pages are about another activity of the same course."""


def leave_handle_to_addresses(blueprint: Blueprint, *, keeps_activity: bool = False) -> None:
    """Keep the launch's handle out of views and links: it comes in and goes out by itself.

    So does the activity that was chosen in the course, where the blueprint's pages are about one.
    """

    @blueprint.before_request
    def take_out() -> None:
        # The access rule has read it by now: the application's own checks come before these.
        (request.view_args or {}).pop("handle", None)

    @blueprint.url_defaults
    def put_in(_endpoint: str, values: dict[str, Any]) -> None:
        if "handle" not in values:
            values["handle"] = access.current().handle
        if keeps_activity and ACTIVITY_FIELD in request.args:
            values.setdefault(ACTIVITY_FIELD, request.args[ACTIVITY_FIELD])


def page(
    template: str, *, activity: Activity | None = None, status: int = 200, **values: Any
) -> Response:
    """Answer with a page, or with the one block of it that the `X-Fragment` header names."""
    visit = access.current()
    values |= {
        "activity": activity,
        "home_url": url_for("student.home"),
        "activity_title": (activity.resource_link.title if activity else link_title(visit))
        or (values["module"].title if "module" in values else ""),
    }
    block = request.headers.get(FRAGMENT_HEADER)
    body = render_template(template, **values) if block is None else _block(template, block, values)
    response = make_response(body, status)
    response.vary.add(FRAGMENT_HEADER)
    return response


def link_title(visit: access.Visit) -> str:
    """Name the link that was opened as the course names it."""
    return visit.resource_link.title if visit.resource_link else ""


def wants_json() -> bool:
    """Whether a script asks, which reads an answer instead of showing it."""
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def _module_title(values: Mapping[str, Any]) -> str:
    module = values.get("module")
    return module.title if isinstance(module, Module) else ""


def _block(template: str, block: str, values: dict[str, Any]) -> str:
    found = current_app.jinja_env.get_template(template)
    if block not in found.blocks:
        return ""
    current_app.update_template_context(values)
    return "".join(found.blocks[block](found.new_context(values)))

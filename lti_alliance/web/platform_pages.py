"""Pages for whoever administers the LMS: how the connection stands, and the school's own help."""

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.errors import InvalidInput, NotAllowed
from lti_alliance.models import db
from lti_alliance.parts import parts
from lti_alliance.services import platform_status
from lti_alliance.services.platform_status import PlatformStatus
from lti_alliance.web import access, transaction
from lti_alliance.web.rendering import leave_handle_to_addresses, page

blueprint = Blueprint("platform_pages", __name__, url_prefix="/launches/<handle>")
leave_handle_to_addresses(blueprint)


@blueprint.get("/status")
@access.visitor
def status() -> Response:
    """Show how the connection of the visitor's LMS stands."""
    return status_page(_administrator())


@blueprint.post("/status/help")
@access.visitor
def change_help() -> BaseResponse:
    """Change what students read where help is offered."""
    visit = _administrator()
    text = request.form.get("help_text", "")
    try:
        with transaction.act() as session:
            platform_status.change_help_text(
                session,
                visit.registration,
                text,
                actor_role=visit.role,
                at=parts().now(),
            )
    except InvalidInput as invalid:
        return status_page(visit, typed=text, errors=invalid.fields)
    return redirect(url_for(".status", saved=1), 303)


def status_page(
    visit: access.Visit, *, typed: str | None = None, errors: dict[str, str] | None = None
) -> Response:
    """Show the status page; with what was typed where that could not be kept."""
    found = platform_status.platform_status(db.session(), visit.registration, at=parts().now())
    return page(
        "administrator/status.html",
        status=422 if errors else 200,
        **status_values(found),
        help_text=visit.registration.help_text if typed is None else typed,
        errors=errors or {},
        was_saved="saved" in request.args,
    )


def status_values(found: PlatformStatus) -> dict[str, Any]:
    """Return what every status page shows."""
    settings = parts().settings
    return {
        "found": found,
        "at": parts().now(),
        "jwks_url": f"{settings.base_url}/.well-known/jwks.json",
        "profile_days": settings.profile_days,
    }


def _administrator() -> access.Visit:
    visit = access.current()
    if not visit.is_administrator:
        raise NotAllowed
    return visit

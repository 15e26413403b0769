"""An instructor's decision about the teaching assistants of the course."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.errors import NotFound
from lti_alliance.parts import parts
from lti_alliance.services import assistants
from lti_alliance.web import access, transaction
from lti_alliance.web.opening import member_of


@access.role(Role.INSTRUCTOR)
def set_assistants() -> BaseResponse:
    """Let the course's assistants see students' work, or keep it from them."""
    visit = access.current()
    if visit.context is None:
        raise NotFound
    with transaction.act() as session:
        assistants.set_assistants(
            session,
            visit.context,
            may_see_work="may_see_work" in request.form,
            actor=member_of(visit),
            at=parts().now(),
        )
    return redirect(url_for(".settings", assistants=1), 303)

"""An instructor's act upon student previews: clear away what was tried out."""

from flask import redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.parts import parts
from lti_alliance.services import previews
from lti_alliance.web import access, transaction
from lti_alliance.web.opening import activity_of, member_of


@access.role(Role.INSTRUCTOR)
def clear() -> BaseResponse:
    """Clear the work of the LMS's student view in this activity."""
    visit = access.current()
    activity = activity_of(visit)
    with transaction.act() as session:
        count = previews.clear_previews(session, activity, actor=member_of(visit), at=parts().now())
    return redirect(url_for("student.home", cleared=count), 303)

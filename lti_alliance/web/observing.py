"""What an observer sees: how far the learners are that the LMS says they accompany."""

from flask import Response

from lti_alliance.errors import NotAllowed
from lti_alliance.models import Membership, db
from lti_alliance.parts import parts
from lti_alliance.services import mentoring
from lti_alliance.web import access
from lti_alliance.web.rendering import page


def show(visit: access.Visit, person: Membership | None = None) -> Response:
    """Show how an observer's learners stand, or one of them; never answers or texts.

    Raises ``NotAllowed`` for somebody whom the observer does not accompany.
    """
    mentored = visit.launch.mentored or []
    if person is not None and person.user.sub not in mentored:
        raise NotAllowed("review.not_allowed")
    if not mentored or visit.context is None:
        return page("student/plain.html", kind="observer")
    wanted = mentored if person is None else [person.user.sub]
    return page(
        "student/observer.html",
        learners=mentoring.list_learners(
            db.session(),
            parts().catalogue,
            context=visit.context,
            link=visit.resource_link,
            subs=wanted,
            at=parts().now(),
        ),
    )

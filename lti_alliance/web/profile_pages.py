"""What a whole course earned by aspect, and before and after, for those who teach it."""

from flask import Blueprint, Response
from flask_babel import gettext

from lti_alliance.domain.gains import MIN_PEOPLE
from lti_alliance.domain.items import Aspect
from lti_alliance.domain.profiles import MIN_ITEMS
from lti_alliance.errors import NotFound
from lti_alliance.models import Context, db
from lti_alliance.parts import parts
from lti_alliance.services import course_gains, profiles
from lti_alliance.web import access
from lti_alliance.web.opening import member_of
from lti_alliance.web.rendering import leave_handle_to_addresses, page

blueprint = Blueprint("profiles", __name__, url_prefix="/launches/<handle>/course")
leave_handle_to_addresses(blueprint)


@blueprint.get("/profile")
@access.teaches
def course() -> Response:
    """Show what the students of the course earned by aspect."""
    visit = access.current()
    context = course_of(visit)
    return page(
        "desk/profile.html",
        course=context,
        profile=profiles.course_profile(
            db.session(), parts().catalogue, context, viewer=member_of(visit)
        ),
        min_items=MIN_ITEMS,
    )


@blueprint.get("/gains")
@access.teaches
def gains() -> Response:
    """Show tests before the course beside those after it."""
    visit = access.current()
    context = course_of(visit)
    return page(
        "desk/gains.html",
        course=context,
        gains=course_gains.list_gains(db.session(), context, viewer=member_of(visit)),
        min_people=MIN_PEOPLE,
    )


def course_of(visit: access.Visit) -> Context:
    """Return the course of a launch; one that names none has no such page."""
    if visit.context is None:
        raise NotFound
    return visit.context


@blueprint.app_template_filter("aspect_words")
def aspect_words(aspect: Aspect) -> str:
    """Name an aspect of the alliance."""
    return str(
        {
            Aspect.TRUST: gettext("Trust"),
            Aspect.CREDIBILITY: gettext("Credibility"),
            Aspect.EXPERTISE: gettext("Expertise"),
            Aspect.EMPATHY: gettext("Empathy"),
            Aspect.UNDERSTANDING: gettext("Understanding"),
            Aspect.HARMONY: gettext("Harmony"),
        }[aspect]
    )

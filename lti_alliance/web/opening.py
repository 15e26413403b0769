"""Where a launch leads: the first page of each role, and the activity its pages are about."""

from collections.abc import Sequence
from uuid import UUID

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Module
from lti_alliance.errors import NotFound
from lti_alliance.models import Activity, Attempt, Membership, db
from lti_alliance.parts import parts
from lti_alliance.services import (
    activities,
    attempts,
    copied_dates,
    deep_linking,
    line_items,
    modules,
    my_work,
    profiles,
    regrades,
    reports,
    student_home,
    student_sheets,
    warm_ups,
)
from lti_alliance.services.activities import Opening, OpeningKind
from lti_alliance.web import access, observing, platform_pages, rendering, transaction
from lti_alliance.web.rendering import page


def home(visit: access.Visit) -> BaseResponse:
    """Show what this launch opened, as the role of the person sees it."""
    # A request to place something opens no link of its own.
    if visit.resource_link is None and _asks_to_place(visit):
        return redirect(url_for("picker.choose"), 303)
    if visit.launch.is_review:
        return redirect(url_for("student.submission"), 303)
    opening = opening_of(visit)
    match visit.role:
        case Role.ADMINISTRATOR:
            return platform_pages.status_page(visit)
        case Role.OBSERVER:
            return observing.show(visit)
        case _ if opening.kind is OpeningKind.NO_COURSE:
            return _plain("no_course")
        case _ if opening.kind is OpeningKind.COURSE:
            return _course(visit)
        case Role.LEARNER:
            return _student_home(visit, opening)
        case _:
            return _teacher_home(visit, opening)


def _asks_to_place(visit: access.Visit) -> bool:
    return deep_linking.find_request(db.session(), visit.launch) is not None


def activity_of(visit: access.Visit) -> Activity:
    """Return the activity that the pages of this launch are about."""
    found = opening_of(visit).activity
    if found is None:
        raise NotFound
    return found


def member_of(visit: access.Visit) -> Membership:
    """Return who the person is in the course."""
    if visit.membership is None:
        raise NotFound
    return visit.membership


def offered_modules() -> Sequence[Module]:
    """List the modules that whoever is asking can place in their course."""
    context_id = member_of(access.current()).context_id
    return modules.list_offered(db.session(), parts().catalogue, context_id)


def offered_module(module_id: str) -> Module:
    """Return a module that whoever is asking can place in their course."""
    context_id = member_of(access.current()).context_id
    return modules.get_offered(db.session(), parts().catalogue, context_id, module_id)


def key(text: str) -> UUID:
    """Read an id from an address; anything else names nothing."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def opening_of(visit: access.Visit) -> Opening:
    """Decide what this launch is about: what it opened, or an activity chosen in its course."""
    launch = visit.launch
    if (chosen := request.args.get(rendering.ACTIVITY_FIELD)) is not None:
        return Opening(OpeningKind.ACTIVITY, activity=_chosen(visit, chosen))
    if visit.resource_link is not None and not launch.targets_work:
        # Read along with the visit.
        known = visit.resource_link.activity
        if known is not None:
            return Opening(OpeningKind.ACTIVITY, activity=known)
    # A copied link gets its activity at the first visit, so this may write.
    with transaction.act() as session:
        return activities.open_launch_target(session, launch, at=parts().now())


def visible_attempt(attempt_id: str) -> Attempt:
    """Return an attempt that the visitor may see: their own, or one in a course they teach."""
    visit = access.current()
    viewer = member_of(visit)
    found = attempts.get_attempt(db.session(), key(attempt_id), viewer=viewer)
    # The role of this launch decides, not that of the person's last launch elsewhere.
    if found.membership_id != viewer.id and not visit.role.teaches:
        raise NotFound
    return found


def own_attempt(attempt_id: str) -> Attempt:
    """Return an attempt that the visitor made."""
    found = visible_attempt(attempt_id)
    if found.membership_id != member_of(access.current()).id:
        raise NotFound
    return found


def _chosen(visit: access.Visit, chosen: str) -> Activity:
    """Return an activity of the course that its staff, or a student with work in it, may see."""
    if visit.context is None:
        raise NotFound
    activity = student_sheets.get_activity_in(db.session(), visit.context.id, key(chosen))
    is_staff = visit.role.teaches or visit.role.configures
    if not is_staff and not activities.has_begun(db.session(), activity, member_of(visit)):
        raise NotFound
    return activity


def _student_home(visit: access.Visit, opening: Opening) -> Response:
    if opening.activity is None:
        return page("student/not_set_up.html")
    found = student_home.student_home(
        db.session(),
        parts().catalogue,
        activity=opening.activity,
        membership=member_of(visit),
        at=parts().now(),
    )
    return page(
        "student/activity.html",
        activity=opening.activity,
        home=found,
        is_preview=visit.is_test_user,
        module=found.module,
        warm_up=warm_ups.offer_warm_up(
            db.session(),
            parts().catalogue,
            activity=opening.activity,
            membership=member_of(visit),
            at=parts().now(),
        ),
    )


def _teacher_home(visit: access.Visit, opening: Opening) -> BaseResponse:
    if opening.activity is None:
        if visit.role.configures:
            return redirect(url_for("instructor.choose"), 303)
        return page("student/not_set_up.html")
    if not visit.role.teaches:
        return redirect(url_for("instructor.settings"), 303)
    overview = reports.overview(
        db.session(),
        parts().catalogue,
        activity=opening.activity,
        at=parts().now(),
        viewer=member_of(visit),
    )
    return page(
        "instructor/overview.html",
        activity=opening.activity,
        overview=overview,
        unseen=my_work.list_unseen(db.session(), opening.activity.id, seen_by=member_of(visit)),
        module_newer=modules.find_newest(db.session(), parts().catalogue, opening.activity),
        to_decide=regrades.list_to_decide(db.session(), parts().catalogue, opening.activity),
        copied=copied_dates.count_open(db.session(), opening.activity.resource_link.context),
        column=line_items.differing_maximum(opening.activity),
        module=overview.module,
        resent=request.args.get("resent", type=int),
        resent_all=request.args.get("resent_all", type=int),
        compared=request.args.get("compared", type=int),
        asked=request.args.get("asked", type=int),
        cleared=request.args.get("cleared", type=int),
        roster_asked=request.args.get("roster", type=int),
        tab="overview",
    )


def _course(visit: access.Visit) -> BaseResponse:
    if visit.role.teaches:
        return redirect(url_for("desk.course"), 303)
    if visit.role is Role.LEARNER:
        return work_page(visit)
    assert visit.context is not None
    return page("student/course.html", course=reports.course_page(db.session(), visit.context))


def work_page(visit: access.Visit) -> Response:
    """Show a student their own work in the course."""
    member, at = member_of(visit), parts().now()
    lines = my_work.my_work(db.session(), parts().sealer, membership=member, at=at)
    own = profiles.own_profile(db.session(), parts().catalogue, member, at=at)
    return page("student/work.html", lines=lines, profile=own)


def _plain(kind: str) -> Response:
    return page("student/plain.html", kind=kind)

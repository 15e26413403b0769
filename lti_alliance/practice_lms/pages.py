"""The pages that everybody sees: doors, courses, activities, one's own grades."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from lti_alliance.practice_lms import gradebook, launches
from lti_alliance.practice_lms.platform import Platform, platform_named, practice
from lti_alliance.practice_lms.services import answer
from lti_alliance.practice_lms.sessions import sign_in, sign_out, signed_in
from lti_alliance.practice_lms.state import Activity, Course, Person

blueprint = Blueprint("pages", __name__)

MOST_LISTED = 200
PLATFORM = "/<any(canvas, moodle):platform_name>"
COURSE = PLATFORM + "/courses/<course_id>"


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at which course."""

    platform: Platform
    course: Course
    person: Person

    @property
    def may_grade(self) -> bool:
        """Tell whether the visitor sees everyone's grades."""
        return self.platform.may_grade(self.course, self.person)

    @property
    def may_teach(self) -> bool:
        """Tell whether the visitor may add activities."""
        return self.platform.may_teach(self.course, self.person)

    @property
    def is_student(self) -> bool:
        """Tell whether the visitor has grades of their own here."""
        return self.platform.is_student(self.course, self.person)


def visit(platform_name: str, course_id: str) -> Visit:
    """Return the visit, or send the visitor to the sign-in page."""
    platform = platform_named(platform_name)
    person = signed_in(platform)
    if person is None:
        abort(make_response(redirect(f"/{platform_name}/login?next={request.path}", code=303)))
    course = platform.state.courses.get(course_id)
    if course is None:
        abort(404)
    return Visit(platform, course, person)


def render(template: str, here: Visit, **values: Any) -> str:
    """Render a course page."""
    return render_template(
        template,
        visit=here,
        platform=here.platform,
        course=here.course,
        person=here.person,
        people=whom_to_be(here.platform, here.person),
        name_of=gradebook.display_name,
        **values,
    )


@blueprint.get("/")
def doors() -> str:
    """Show the doors: one per kind of visitor."""
    return render_template("doors.html", platforms=practice().platforms)


@blueprint.get(PLATFORM + "/login")
def login(platform_name: str) -> str:
    """Choose whom to be."""
    platform = platform_named(platform_name)
    return render_template(
        "login.html",
        platform=platform,
        people=whom_to_be(platform),
        name_of=gradebook.display_name,
        next=_local(request.args.get("next", "")),
    )


@blueprint.post(PLATFORM + "/login_as")
def login_as(platform_name: str) -> AnyResponse:
    """Sign in as somebody, without a password."""
    platform = platform_named(platform_name)
    body = request.get_json(silent=True) if request.is_json else request.form
    body = body if body is not None else {}
    person = platform.state.people.get(str(body.get("person", "")))
    if person is None:
        abort(404)
    if request.is_json:
        return sign_in(platform, person, answer({"person": person.id, "sub": person.sub}))
    course = next(iter(platform.state.courses.values()))
    address = _local(str(body.get("next", ""))) or f"/{platform.name}/courses/{course.id}"
    return sign_in(platform, person, make_response(redirect(address, code=303)))


@blueprint.post(PLATFORM + "/logout")
def logout(platform_name: str) -> AnyResponse:
    """Sign out."""
    return sign_out(platform_named(platform_name), make_response(redirect("/", code=303)))


@blueprint.get(PLATFORM + "/registration.json")
def registration(platform_name: str) -> Response:
    """Say what a tool must know about this platform."""
    platform = platform_named(platform_name)
    canvas = platform_name == "canvas"
    root = platform.root
    return answer(
        {
            "issuer": platform.issuer,
            "client_id": platform.state.tool.client_id,
            "deployment_id": platform.state.tool.deployment_id,
            "auth_login_url": root
            + ("/api/lti/authorize_redirect" if canvas else "/mod/lti/auth.php"),
            "auth_token_url": root + ("/login/oauth2/token" if canvas else "/mod/lti/token.php"),
            "jwks_url": root + ("/api/lti/security/jwks" if canvas else "/mod/lti/certs.php"),
            "service_host": platform.settings.host,
            "family": platform_name,
            "name": f"Practice {platform_name.title()}",
        }
    )


@blueprint.get(COURSE)
def show_course(platform_name: str, course_id: str) -> str:
    """Show the course and its activities."""
    here = visit(platform_name, course_id)
    activities = [
        each
        for each in here.course.activities.values()
        if not each.deleted and (each.published or here.may_teach)
    ]
    return render("course.html", here, activities=activities, grades=_own_grades(here))


@blueprint.get(COURSE + "/activities/<activity_id>")
def show_activity(platform_name: str, course_id: str, activity_id: str) -> str:
    """Show the activity: the tool in a frame, the grade beside it."""
    here = visit(platform_name, course_id)
    activity = find_activity(here, activity_id)
    cells = [each for each in _own_grades(here) if each["activity"] == activity.id]
    return render("activity.html", here, activity=activity, cells=cells)


@blueprint.get(COURSE + "/activities/<activity_id>/launch")
def launch_activity(platform_name: str, course_id: str, activity_id: str) -> AnyResponse:
    """Send the tool its login initiation, from inside the frame or a new tab."""
    here = visit(platform_name, course_id)
    activity = find_activity(here, activity_id)
    if platform_name == "canvas" and not here.platform.state.tool.recognises(
        here.platform.target_of(activity)
    ):
        # Canvas finds the tool of a link by its address, and finds none for a foreign one.
        message = "Couldn't find valid settings for this link"
        return make_response(render_template("canvas_error.html", message=message), 404)
    fields = launches.begin(here.platform, here.course, here.person, activity=activity)
    return make_response(launch_form(here, fields))


def launch_form(here: Visit, fields: dict[str, str]) -> str:
    """Return the page that posts a login initiation."""
    return render_template(
        "form_post.html",
        address=here.platform.state.tool.login_url,
        fields=fields,
        button="Open the activity",
    )


def find_activity(here: Visit, activity_id: str) -> Activity:
    """Return the activity that a page is about."""
    activity = here.course.activities.get(activity_id)
    if activity is None or not activity.launchable:
        abort(404)
    return activity


@blueprint.get(COURSE + "/grades")
def show_grades(platform_name: str, course_id: str) -> str:
    """Show a student their own grades."""
    here = visit(platform_name, course_id)
    return render("grades.html", here, cells=_own_grades(here))


@blueprint.get(COURSE + "/grades.json")
def grades_json(platform_name: str, course_id: str) -> Response:
    """Return one's own grades for the page to follow."""
    here = visit(platform_name, course_id)
    return answer(gradebook.gradebook_json(here.platform, here.course, only=here.person))


def _own_grades(here: Visit) -> list[dict[str, Any]]:
    if not here.is_student:
        return []
    found: list[dict[str, Any]] = gradebook.gradebook_json(
        here.platform, here.course, only=here.person
    )["cells"]
    return found


@blueprint.get(PLATFORM + "/phone")
def phone(platform_name: str) -> str:
    """Show the course as wide as a telephone."""
    platform = platform_named(platform_name)
    course = next(iter(platform.state.courses.values()))
    return render_template("phone.html", platform=platform, course=course)


@blueprint.get("/messages")
def show_messages() -> str:
    """Show the protocol messages that passed, newest first."""
    wanted = request.args.get("platform", "")
    found = [each for each in practice().messages.newest_first() if wanted in ("", each.platform)]
    return render_template("messages.html", messages=found[:100], wanted=wanted)


@blueprint.get("/favicon.ico")
def favicon() -> AnyResponse:
    """Point at the icon."""
    return redirect("/static/icon.svg", code=302)


def whom_to_be(platform: Platform, person: Person | None = None) -> list[Person]:
    """Return whom a visitor can choose to be: not all of a great class, but always themselves."""
    listed = list(islice(platform.state.people.values(), MOST_LISTED))
    return listed if person is None or person in listed else [person, *listed]


def _local(address: str) -> str:
    """Return an address within this site, or nothing."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if ours else ""

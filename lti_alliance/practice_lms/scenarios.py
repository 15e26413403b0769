"""The fictional people, courses and activities with which the practice LMS starts."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import TYPE_CHECKING

from lti_alliance.practice_lms.scopes import CANVAS_SCOPES, MOODLE_SCOPES
from lti_alliance.practice_lms.state import (
    Activity,
    Course,
    Enrolment,
    LineItem,
    Person,
    PlatformState,
)
from lti_alliance.practice_lms.tools import Tool

if TYPE_CHECKING:
    from lti_alliance.practice_lms.settings import PracticeSettings

COURSE_TITLE = "Counseling Skills and the Working Alliance"
COURSE_CODE = "COUN 6010"
CANVAS_COURSE = "77"
MOODLE_COURSE = "3"

CANVAS_STUDENTS = """
Amara Okafor; Mateo Quispe; Ji-woo Han; Freya Lindqvist; Tarek Haddad; Leilani Kahale; Anjali Rao;
Oskar Nowak; Thandiwe Mokoena; Rowan Ashby; Mei-Ling Chou; Dmitri Volkov; Sofía Barrientos;
Kwame Boateng; Hana Yamashita; Elif Demir; Noah Tsinajinnie; Camille Fournier; Yusuf Warsame;
Priya Nair; Liam O'Donovan; Ines Carvalho; Bilal Qureshi; Marisol Vega
"""
MOODLE_STUDENTS = """
Ravi Menon; Chiara Bellini; Samuel Adeyemi; Ingrid Solheim; Nadia Benali; Tomás Herrera;
Aiko Morimoto; Joseph Whitehorse
"""

SECTIONS = ("Monday group", "Thursday group")

# Slug, title, kind, points, description.
ACTIVITIES: list[tuple[str, str, str, float | None, str]] = [
    (
        "taster",
        "Two-minute taster",
        "assignment",
        5,
        "A few short items about what an alliance is. Takes about two minutes.",
    ),
    (
        "foundations-quiz",
        "Week 1 quiz: Foundations",
        "assignment",
        20,
        "Read, then answer the items. Several attempts; the best one counts.",
    ),
    (
        "foundations-reflection",
        "Week 1 reflection: Foundations",
        "assignment",
        10,
        "Write about an alliance of your own. Your instructor reads and grades it.",
    ),
    (
        "trust-quiz",
        "Week 2 quiz: Trust, credibility, expertise",
        "assignment",
        20,
        "Two attempts; the later one counts.",
    ),
    (
        "trust-reflection",
        "Week 2 reflection: Trust, credibility, expertise",
        "assignment",
        10,
        "Write a page about how trust was won or lost in a conversation you know.",
    ),
    (
        "week-3",
        "Week 3: still to be chosen",
        "assignment",
        10,
        "The instructor has placed this activity and not yet said what it is.",
    ),
    (
        "reading",
        "Reading: What the alliance is made of",
        "module_item",
        None,
        "An ungraded reading. It does not appear in the gradebook.",
    ),
]

CANVAS_CUSTOM = {
    "canvas_course_id": "$Canvas.course.id",
    "canvas_assignment_id": "$Canvas.assignment.id",
    "due_at": "$Canvas.assignment.dueAt.iso8601",
    "lock_at": "$Canvas.assignment.lockAt.iso8601",
    "context_history": "$Context.id.history",
    "student_view": "$com.instructure.User.student_view",
    "sections": "$com.instructure.User.sectionNames",
    "section_restricted": "$Canvas.course.sectionRestricted",
    "time_zone": "$Person.address.timezone",
}
MOODLE_CUSTOM = {
    "context_history": "$Context.id.history",
    "due_at": "$ResourceLink.submission.endDateTime",
    "available_from": "$ResourceLink.available.startDateTime",
    "linkId": "$ResourceLink.id",
    "time_zone": "$Person.address.timezone",
}


def build_platforms(settings: PracticeSettings) -> dict[str, PlatformState]:
    """Return both platforms as they are on the first day."""
    return {"canvas": _canvas(settings), "moodle": _moodle(settings)}


def hex_id(text: str) -> str:
    """Return the 40-hex opaque id that Canvas would give to something."""
    return hashlib.sha1(f"practice:{text}".encode(), usedforsecurity=False).hexdigest()


def _person(platform: str, number: int, slug: str, name: str, role: str) -> Person:
    given, _, family = name.partition(" ")
    sub = str(uuid.uuid5(uuid.NAMESPACE_URL, f"practice:{slug}"))
    return Person(
        id=slug,
        sub=sub if platform == "canvas" else str(number),
        number=number,
        name=name,
        given_name=given,
        family_name=family,
        email=f"{slug}@northfield.example" if name else "",
        username=slug,
        sourced_id=f"S-{20400 + number}" if role == "student" else "",
        legacy_id=hex_id(f"{platform}:{slug}"),
    )


def slug_of(name: str) -> str:
    """Return the account name that belongs to a person's name."""
    plain = name.lower().translate(str.maketrans("áíñ", "ain", "'-"))
    return plain.replace(" ", ".")


def enrol(state: PlatformState, course: Course, slug: str, name: str, role: str) -> Person:
    """Give somebody an account and, with a role, a part in the course."""
    person = _person(state.name, state.take_number(), slug, name, role)
    state.people[slug] = person
    if role:
        course.enrolments[slug] = Enrolment(role)
    return person


def _canvas(settings: PracticeSettings) -> PlatformState:
    state = _platform("canvas", settings)
    course = Course(CANVAS_COURSE, hex_id("course"), COURSE_CODE, COURSE_TITLE)
    state.courses[course.id] = course
    state.next_number = 301
    for number, name in enumerate(names_in(CANVAS_STUDENTS)):
        student = enrol(state, course, slug_of(name), name, "student")
        course.enrolments[student.id].sections = [SECTIONS[number % len(SECTIONS)]]
        student.institution_roles = ["Student"]
        student.about = "Student"
    first = next(iter(state.people))

    for slug, name, role, institution, about in [
        ("instructor", "Dr. Renata Whitfield", "teacher", ["Instructor"], "Instructor"),
        ("assistant", "Gabriel Osei", "ta", ["Instructor"], "Teaching assistant"),
        ("designer", "Saoirse Brennan", "designer", ["Instructor"], "Course designer"),
        ("observer", "Ngozi Okafor", "observer", [], "Observer of Amara Okafor"),
        ("test.student", "Test Student", "test_student", [], "Canvas's own test student"),
        ("admin", "Victor Almeida", "", ["Administrator"], "Administrator, not enrolled"),
        (
            "teaches.elsewhere",
            "Beatriz Salgado",
            "student",
            ["Instructor", "Student"],
            "Student here, instructor in another course",
        ),
        ("nameless", "", "student", ["Student"], "Student with neither name nor e-mail"),
    ]:
        person = enrol(state, course, slug, name, role)
        person.institution_roles, person.about = institution, about
        if slug == "instructor":
            person.given_name, person.family_name = "Renata", "Whitfield"
    state.people["observer"].observes = [first]

    state.next_number = 551
    for slug, title, kind, points, description in ACTIVITIES:
        link = str(uuid.uuid5(uuid.NAMESPACE_URL, f"practice:canvas:{slug}"))
        text = f"<p>{description}</p>"
        activity = Activity(slug, state.take_number(), title, kind, link, description=text)
        add_activity(state, course, activity, points=points)
    menu = Activity(
        "navigation", state.take_number(), "Alliance", "course_navigation", course.context_id
    )
    add_activity(state, course, menu, points=None)
    state.next_number = 4100
    return state


def _moodle(settings: PracticeSettings) -> PlatformState:
    state = _platform("moodle", settings)
    course = Course(MOODLE_COURSE, MOODLE_COURSE, COURSE_CODE, COURSE_TITLE)
    state.courses[course.id] = course
    state.next_number = 2
    admin = enrol(state, course, "admin", "Vera Lindholm", "admin")
    admin.about = "Site administrator, made the course"
    teacher = enrol(state, course, "teacher", "Prof. Daniel Mwangi", "teacher")
    teacher.given_name, teacher.family_name, teacher.about = "Daniel", "Mwangi", "Teacher"
    for name in names_in(MOODLE_STUDENTS):
        enrol(state, course, slug_of(name), name, "student").about = "Student"
    helper = enrol(state, course, "helper", "Zainab Rahimi", "non_editing_teacher")
    helper.about = "Non-editing teacher"

    state.next_number = 3
    for slug, title, kind, points, description in ACTIVITIES:
        number = state.take_number()
        activity = Activity(slug, number, title, kind, str(number), description=description)
        add_activity(state, course, activity, points=points)
    state.next_number = 40
    return state


def add_activity(
    state: PlatformState,
    course: Course,
    activity: Activity,
    *,
    points: float | None,
    resource_id: str | None = None,
    tag: str | None = None,
) -> LineItem | None:
    """Put an activity into the course, with its gradebook column if it has points."""
    activity.points = points
    course.activities[activity.id] = activity
    if points is None:
        return None
    item = LineItem(
        state.take_number(),
        activity.title,
        float(points),
        activity_id=activity.id,
        resource_id=resource_id,
        tag=tag,
        resource_link_id=activity.resource_link_id,
        coupled=True,
        client_id=state.tool.client_id,
    )
    course.line_items[str(item.id)] = item
    return item


def names_in(text: str) -> list[str]:
    """Return the names of a list with semicolons."""
    return [" ".join(each.split()) for each in text.split(";") if each.strip()]


def _platform(name: str, settings: PracticeSettings) -> PlatformState:
    canvas = name == "canvas"
    launch = settings.tool_address(settings.launch_path)
    return PlatformState(
        name=name,
        issuer=settings.canvas_issuer if canvas else f"{settings.base_url}/moodle",
        secret=secrets.token_hex(32),
        tool=Tool(
            client_id=settings.canvas_client_id if canvas else settings.moodle_client_id,
            deployment_id=settings.deployment_id(name),
            login_url=settings.tool_address(settings.login_path),
            redirect_uris=[launch],
            jwks_url=settings.tool_address(settings.jwks_path),
            target_link_uri=launch,
            scopes=list(CANVAS_SCOPES if canvas else MOODLE_SCOPES),
            custom=dict(CANVAS_CUSTOM if canvas else MOODLE_CUSTOM),
        ),
    )

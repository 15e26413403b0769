"""Two of everything: nobody reaches what is another course's, by whatever route and whatever id.

The routes are read from the application, so that a new one is covered, or fails here until somebody
says what the names in its address are.
"""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from lti_alliance.web import access
from tests.web.neighbours import Apart, Neighbour, open_neighbours, snapshot
from tests.web.test_access import code_of
from tests.web.visits import Visitor

# Names in addresses that stand for a row of one course.
ROWS = frozenset(
    {
        "activity_id",
        "attempt_id",
        "authored_id",
        "comment_id",
        "delivery_id",
        "membership_id",
        "planned_id",
        "preset_id",
        "question_id",
        "reflection_id",
        "set_id",
    }
)
# Names that mean the same everywhere, with one that exists.
WORDS = {
    "extension": "csv",
    "item_id": "ta-01",
    "module_id": "taster",
    "name": "gift",
    "number": "1",
    "prompt_id": "tc-r1",
}
# Taking away what is not there is done already: nothing tells that it was another's.
SILENT = {"picker.take_off": 303, "instructor.delete": 303}
# Pages that want more than their address: the kind of a new question, a reading that went wrong.
WANT_MORE = frozenset({"authored.new_item", "student.practice_reading"})
# Routes whose rows belong to a person, who is the same in every course of one registration.
OF_A_PERSON = frozenset({"preset_id"})
# Fields of a form that every page would let pass, so that nothing but the id stands in the way.
FIELDS = {
    "saved_version": "1",
    "version": "1",
    "text": "Something else.",
    "comment": "Something else.",
    "passage_comment": "Something else.",
    "phrase": "Something else.",
    "feedback": "Something else.",
    "kind": "excuse",
    "reason": "Something else.",
    "preset_name": "Something else",
    "scope": "all",
    "step": "save",
    "act": "delete",
    "title": "Something else",
    "take_away": str(UUID(int=7)),
}
# What a page may be asked about beside its address: where, and under which name.
ASIDES = [
    ("GET", "", "activity", "activity_id"),
    ("GET", "settings", "activity", "activity_id"),
    ("GET", "analysis", "activity", "activity_id"),
    ("GET", "grading", "activity", "activity_id"),
    ("GET", "picker/modules/taster", "planned", "planned_id"),
    ("POST", "picker/modules/taster", "planned", "planned_id"),
    ("POST", "grading/markers", "marker", "membership_id"),
    ("POST", "grading/{reflection_id}/markers", "take_away", "membership_id"),
    ("POST", "grading/{reflection_id}/phrases", "forget", "phrase"),
    ("POST", "grading/{reflection_id}", "phrase", "phrase"),
    ("POST", "deliveries/{delivery_id}/resend", "grade_of", "membership_id"),
]
HOST = "http://localhost:8000"


def inside(app: Flask) -> list[Rule]:
    """List the routes of a launch's pages."""
    found = [rule for rule in app.url_map.iter_rules() if "handle" in rule.arguments]
    return sorted(found, key=lambda rule: (rule.rule, sorted(rule.methods or ())))


def methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def path(rule: Rule, handle: str, ids: dict[str, str]) -> str:
    """Fill in the address of a route."""
    values = WORDS | ids | {"handle": handle}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], rule.rule)


def ask(visitor: Visitor, method: str, address: str, fields: dict[str, str] | None = None):
    """Send a request with the visitor's own proof; nobody is led anywhere."""
    data = None if method == "GET" else {"csrf_token": visitor.csrf, **FIELDS, **(fields or {})}
    return visitor.client.open(address, method=method, data=data, base_url=HOST)


def mixtures(rule: Rule, own: Neighbour, other: Neighbour) -> Iterator[dict[str, str]]:
    """Yield the ids of an address, all of another course, and each alone among one's own."""
    names = rule.arguments & ROWS
    yield {name: other.ids[name] for name in names}
    if len(names) > 1:
        for foreign in sorted(names):
            yield {name: (other if name == foreign else own).ids[name] for name in names}


def assert_refused(answer: TestResponse, about: str, other: Neighbour) -> None:
    assert answer.status_code in (403, 404), (about, answer.status_code, answer.text[:300])
    assert other.canary not in answer.text, about
    assert code_of(answer) in ("resource.unknown", "role.not_allowed"), about


def test_every_name_in_an_address_is_known(app: Flask) -> None:
    """A name that is new in an address is a row of one course or a word of all: somebody says."""
    names = {name for rule in inside(app) for name in rule.arguments} - {"handle"}

    assert names == ROWS | WORDS.keys()


@pytest.mark.parametrize("apart", Apart)
def test_no_id_of_another_course_opens_anything(app, session, engine, now, apart: Apart) -> None:
    """A teacher and a student ask every route about what is another's: nothing is there."""
    own, other = open_neighbours(app, session, now, apart)
    before = snapshot(engine)
    asked = set()
    for rule in inside(app):
        names = rule.arguments & ROWS
        if not names or (apart.shares_people and names <= OF_A_PERSON):
            continue
        for ids in mixtures(rule, own, other):
            for visitor in (own.teacher, own.placer, own.student):
                for method in methods(rule):
                    address = path(rule, visitor.handle, ids)
                    answer = ask(visitor, method, address)
                    asked.add(rule.endpoint)
                    if answer.status_code == SILENT.get(rule.endpoint):
                        assert other.canary not in answer.text
                        continue
                    assert_refused(answer, f"{method} {rule.rule} {sorted(ids)}", other)

    assert len(asked) >= 50
    after = snapshot(engine)
    # That somebody asked for what their role does not open is on record, and nothing else is new.
    known, told = before.pop("audit_events"), after.pop("audit_events")
    noted = [row for row in told if row not in known]
    assert noted
    assert all("role.refused" in row for row in noted)
    assert after == before


@pytest.mark.parametrize("apart", Apart)
def test_no_launch_of_another_opens_anything(app, session, engine, now, apart: Apart) -> None:
    """With every id right but the launch another browser's, every route says the same."""
    own, other = open_neighbours(app, session, now, apart)
    before = snapshot(engine)
    bodies = set()
    for rule in inside(app):
        for method in methods(rule):
            for handle in (other.teacher.handle, other.student.handle, "x" * 32):
                answer = ask(own.teacher, method, path(rule, handle, other.ids))
                assert answer.status_code == 404, (method, rule.rule)
                bodies.add(answer.text.replace(answer.headers["X-Request-ID"], ""))

    # A launch that is another's and one that never was cannot be told apart.
    assert len(bodies) == 1
    assert not any(other.canary in body for body in bodies)
    assert snapshot(engine) == before


@pytest.mark.parametrize("apart", Apart)
def test_no_field_reaches_another_course(app, session, engine, now, apart: Apart) -> None:
    """Ids in queries and forms reach no further than those in addresses."""
    own, other = open_neighbours(app, session, now, apart)
    foreign = snapshot_of(engine, other)
    for method, where, field, name in ASIDES:
        # In the dialog nothing is about an activity yet.
        visitors = (own.teacher, own.student) if field == "activity" else (own.teacher, own.placer)
        for visitor in visitors:
            address = visitor.home + where.format_map(own.ids)
            if method == "GET":
                answer = ask(visitor, "GET", f"{address}?{field}={other.ids[name]}")
            else:
                answer = ask(visitor, "POST", address, {field: other.ids[name]})
            assert answer.status_code < 500, (where, field)
            assert other.canary not in answer.text, (where, field)
            if field == "activity" and answer.status_code == 303:
                answer = visitor.get(answer.location)
            assert field != "activity" or answer.status_code in (403, 404), (where, field)

    assert snapshot_of(engine, other) == foreign


def snapshot_of(engine, school: Neighbour) -> dict[str, set[str]]:
    """Return every row in which an id of this course stands, by its table."""
    ids = {UUID(value).hex for value in school.ids.values()}
    return {
        name: {repr(row) for row in rows if ids & {str(value).replace("-", "") for value in row}}
        for name, rows in snapshot(engine).items()
    }


@pytest.mark.parametrize("apart", Apart)
def test_everybody_reaches_their_own(app, session, now, apart: Apart) -> None:
    """The same requests about one's own are answered: the others were refused for their ids."""
    own, _ = open_neighbours(app, session, now, apart)
    opened = set()
    for rule in inside(app):
        if "GET" not in methods(rule) or not rule.arguments & ROWS:
            continue
        for visitor in (own.teacher, own.student):
            answer = ask(visitor, "GET", path(rule, visitor.handle, own.ids))
            if answer.status_code == 200:
                opened.add(rule.endpoint)

    asked = {r.endpoint for r in inside(app) if "GET" in methods(r) and r.arguments & ROWS}
    assert asked - opened == WANT_MORE


def test_routes_without_a_launch_know_no_rows(app: Flask) -> None:
    """Outside a launch no address names a row, so there is nothing to try."""
    outside = [rule for rule in app.url_map.iter_rules() if "handle" not in rule.arguments]

    assert {name for rule in outside for name in rule.arguments} <= {"version", "filename"}
    assert all(not access.rule_of(app, rule.endpoint).needs_visit for rule in outside)

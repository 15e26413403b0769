"""Conventions that hold all over the project, each checked where it could be broken."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from lti_alliance import schema
from lti_alliance.domain.launch import Role
from lti_alliance.web import access
from tests.conftest import Clock
from tests.factories import make_activity, make_course, make_link, make_member
from tests.web.visits import visit

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lti_alliance"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TEMPLATES = sorted((PACKAGE / "web" / "templates").rglob("*.html"))
MIGRATIONS = sorted((schema.MIGRATIONS / "versions").glob("*.py"))
WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCES:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def rules(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)


# Routes


def test_every_route_has_an_access_rule(app: Flask) -> None:
    """A route says who may call it; one that does not is an oversight."""
    without = [rule.endpoint for rule in rules(app) if access.rule_of(app, rule.endpoint) is None]

    assert without == []


def test_pages_of_a_launch_ask_for_the_launch(app: Flask) -> None:
    """Whatever lies under a launch's address needs that launch."""
    inside = [rule for rule in rules(app) if "<handle>" in rule.rule]
    open_to_all = [
        rule.rule
        for rule in inside
        if not getattr(access.rule_of(app, rule.endpoint), "needs_visit", False)
    ]

    assert inside
    assert open_to_all == []


def test_only_platform_messages_come_from_other_sites(app: Flask) -> None:
    """No form but the platform's own messages may be sent from another site."""
    cross_site = {
        rule.rule
        for rule in rules(app)
        if WRITING & (rule.methods or set())
        and getattr(access.rule_of(app, rule.endpoint), "takes_cross_site_forms", False)
    }

    assert cross_site <= {"/lti/login", "/lti/login/continue", "/lti/launch", "/lti/notices"}


def test_every_form_needs_the_token_of_its_launch(app: Flask, session: Session, now: Clock) -> None:
    """No page of a launch takes a form that does not carry the launch's own token."""
    link = make_link(session, make_course(session))
    make_activity(session, link)
    visitors = [
        visit(app, session, make_member(session, link.context, role=role), link=link, at=now())
        for role in (Role.INSTRUCTOR, Role.LEARNER)
    ]
    codes = {}
    for rule in rules(app):
        methods = WRITING & (rule.methods or set())
        if not methods or "<handle>" not in rule.rule:
            continue
        path = re.sub(r"<[^>]+>", str(UUID(int=0)), rule.rule.partition("<handle>/")[2])
        answers = [
            visitor.client.open(
                visitor.home + path,
                method=sorted(methods)[0],
                base_url="http://localhost:8000",
                headers={"Accept": "application/json"},
            )
            for visitor in visitors
        ]
        found = {answer.json["error"] for answer in answers if answer.json}
        # Some pages are for one of the two; the other is turned away before the token is asked for.
        codes[rule.rule] = found - {"role.not_allowed"}

    assert codes
    assert {rule: found for rule, found in codes.items() if found != {"csrf"}} == {}


# Templates


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_form_carries_a_token(path: Path) -> None:
    """A form that writes inside the tool carries the launch's token."""
    text = path.read_text(encoding="utf-8")
    # Forms that end at a platform carry what the platform wants instead.
    forms = re.findall(r"<form\b[^>]*method=\"post\".*?</form>", text, re.DOTALL | re.IGNORECASE)
    ours = [form for form in forms if "data-to-platform" not in form.partition(">")[0]]

    assert [form[:80] for form in ours if "csrf" not in form and "lti" not in path.parts] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_nothing_comes_from_another_host(path: Path) -> None:
    """Pages load scripts, styles, pictures and fonts from the tool alone, and inline none."""
    text = path.read_text(encoding="utf-8")

    assert re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"(?:https?:)?//", text) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert re.findall(r"<[^>]+\s(?:style|on[a-z]+)=\"", text) == []


# Source


def test_no_naive_moments() -> None:
    """Nothing makes a moment without a time zone."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"utcnow", "utcfromtimestamp"}
    ]

    assert found == []


def test_no_leftovers() -> None:
    """No note to self stays in the code."""
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    files = [*SOURCES, *TEMPLATES, *(PACKAGE / "web" / "static").rglob("*.js")]
    found = [name_of(path) for path in files if marks.search(path.read_text(encoding="utf-8"))]

    assert found == []


def test_no_vague_names() -> None:
    """A module is named after what it holds."""
    vague = {"utils", "helpers", "common", "misc", "manager", "handler", "base_utils"}

    assert [name_of(path) for path in SOURCES if path.stem in vague] == []


def test_every_source_file_says_what_it_is_for() -> None:
    """Each module opens with a sentence."""
    assert [name_of(path) for path, tree in trees() if not ast.get_docstring(tree)] == []


def test_every_test_states_its_rule() -> None:
    """Each test has a docstring, and its name and its rule are not the only ones of their kind."""
    silent = []
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_test = isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
            if is_test and not ast.get_docstring(node):
                silent.append(f"{name_of(path)}:{node.lineno}")

    assert silent == []


# Migrations


def test_head_names_the_newest_migration() -> None:
    """The file HEAD names the newest migration, so that two new ones conflict in git."""
    assert schema.newest_revision() == max(path.stem[:4] for path in MIGRATIONS)


def test_migrations_are_numbered_without_gaps() -> None:
    """Each file is NNNN_what.py, its revision NNNN, and builds on the one before."""
    previous = None
    for number, path in enumerate(MIGRATIONS, start=1):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)

        assert re.fullmatch(r"\d{4}_[a-z0-9_]+", path.stem)
        assert module.revision == f"{number:04d}" == path.stem[:4]
        assert module.down_revision == previous
        previous = module.revision


def test_migrations_import_no_model() -> None:
    """A migration stays what it was when the models move on."""
    assert [p.name for p in MIGRATIONS if "lti_alliance" in p.read_text(encoding="utf-8")] == []

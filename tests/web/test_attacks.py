"""Known attacks: each is in the table of `docs/security.md` with the tests of its defence."""

import ast
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import select

from lti_alliance.models import Grade
from lti_alliance.services.grading import FEEDBACK_COMMENT
from lti_alliance.web.static_files import STATIC
from tests.platforms import INSTRUCTOR, LEARNER, LTI, MEMBERSHIP, World
from tests.web.course import RUBRIC_PARTS, open_course
from tests.web.placing import Placing
from tests.web.test_instructor_grading import levels
from tests.web.test_negative_inputs import ALL_ROWS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"
ATTACKS = [f"A{number}" for number in range(1, 31)]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)(?:\[(N\d+)\])?`")
MARKUP = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</title></textarea><iframe src=//evil.example>",
    "{{ 7 * 7 }}",
    "&lt;script&gt;",
)


def rows() -> dict[str, str]:
    """Return the row of each attack in the table."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return {line.split("|")[1].strip(): line for line in lines if line.startswith("| A")}


@cache
def names_in(name: str) -> frozenset[str]:
    """Return the names of the tests of a file."""
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_every_attack_is_in_the_table() -> None:
    """No known attack is left out."""
    assert list(rows()) == ATTACKS


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_attack_has_its_tests(attack: str) -> None:
    """Each names a defence and tests that exist."""
    found = TEST.findall(rows()[attack])
    known = {row["id"] for row in ALL_ROWS}

    assert found
    assert [(file, name) for file, name, _ in found if name not in names_in(file)] == []
    assert {row for *_, row in found if row} <= known


class _Scripts(HTMLParser):
    """Notes every part of a page that a browser would run, load or follow."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note handlers, inline scripts, foreign frames and addresses that run something."""
        named = dict(attrs)
        if tag in ("iframe", "object", "embed", "base"):
            self.found.append(tag)
        if tag == "script" and not (named.get("src") or "").startswith("/static/"):
            self.found.append(tag)
        for name, value in attrs:
            is_address = name in ("href", "src", "action", "formaction")
            if name.startswith("on") or (is_address and "script:" in (value or "").lower()):
                self.found.append(f"{tag} {name}")


def scripts_of(html: str) -> list[str]:
    parser = _Scripts()
    parser.feed(html)
    return parser.found


@pytest.mark.parametrize("text", MARKUP)
def test_no_claim_becomes_markup(world: World, text: str) -> None:
    """Whatever stands in a claim is a text on every first page, or is not there."""
    claims = {
        "name": text,
        "given_name": text,
        "family_name": text,
        "email": text,
        "locale": text,
        f"{LTI}context": {"id": f"course {text}", "title": text, "label": text},
        f"{LTI}resource_link": {"id": f"link {text}", "title": text, "description": text},
        f"{LTI}custom": {"activity": text, text: text},
        f"{LTI}launch_presentation": {"return_url": text, "locale": text},
        f"{LTI}tool_platform": {"name": text, "product_family_code": text},
    }
    pages = [
        world.browser().open(**claims | {f"{LTI}roles": [LEARNER]}),
        world.browser().open(**claims | {f"{LTI}roles": [f"{MEMBERSHIP}Mentor"]}),
    ]
    browser = world.browser()
    launched = browser.launch(**claims | {f"{LTI}roles": [INSTRUCTOR]})
    for path in ("", "modules", "modules/taster", "course", "course/profile"):
        pages.append(browser.get(launched.location + path, follow_redirects=True))
    pages.append(Placing(world, claims=claims | {f"{LTI}roles": [INSTRUCTOR]}).page)

    for page in pages:
        assert page.status_code == 200
        assert scripts_of(page.text) == []
        assert "49" not in re.findall(r"<h1.*?</h1>", page.text, re.DOTALL)[0]


def test_one_script_listens_and_to_whom_it_asked() -> None:
    """One script hears messages, of the window and origin that it asked; others send a height.

    What it does with forged answers is shown in `tests/browser/test_cookieless.py`.
    """
    texts = {
        path.name: path.read_text(encoding="utf-8") for path in STATIC.rglob("behaviours/*.js")
    }
    sent = {
        name: re.findall(r"postMessage\(\{ subject: \"([\w.]+)\"(?:, (\w+))? \}", text)
        for name, text in texts.items()
        if "postMessage" in text
    }

    hearing = [n for n, t in texts.items() if re.search(r"[\"']message[\"']|onmessage", t)]

    assert hearing == ["platform-storage.js"]
    heard = texts[hearing[0]]
    assert "source !== frame" in heard
    assert "from !== origin" in heard
    assert "data.message_id !== message_id" in heard
    assert sent == {
        "frame-resize.js": [("lti.frameResize", "height")],
        "close-frame.js": [("org.imsglobal.lti.close", "")],
        "platform-storage.js": [],
    }


def test_the_gradebook_gets_no_words_of_anybody(app, session, now) -> None:
    """With feedback, comments and notes written, the gradebook's comment is the fixed sentence."""
    course = open_course(app, session, now)
    activity = course.stage.activity(**RUBRIC_PARTS)
    made = course.hand_in_reflection("ada", activity, "tc-r1", "I stayed, and then I fell silent.")
    teacher = course.visit("instructor", activity)
    teacher.post(
        f"grading/{made}/comments",
        {"version": "1", "passage": "fell silent", "passage_comment": "A canary beside the text."},
    )
    teacher.post(f"grading/{made}/phrases", {"phrase": "A canary to keep."})
    answer = teacher.post(
        f"grading/{made}", {"saved_version": "0", "comment": "A canary below.", **levels(course)}
    )
    comments = course.fresh().scalars(select(Grade.comment)).all()

    assert answer.status_code == 303
    assert comments == [FEEDBACK_COMMENT]
    assert "canary" not in FEEDBACK_COMMENT

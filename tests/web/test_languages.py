"""The language of a page: which one it is, what is in it, and what keeps its own."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from lti_alliance.web.wording import minutes_words
from tests.languages import CLOSE, OPEN, add_marked_language
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.visits import SCRIPT

VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})
DRAWN = frozenset({"circle", "path", "rect", "polyline"})
SPOKEN_ATTRIBUTES = ("aria-label", "alt", "placeholder")
NAMED = frozenset({"title", "svg", "time", "option", "textarea", "q", "code"})
"""Elements with names, moments and texts of others, and drawings."""
ID_OF_ITEM = re.compile(r"\btc-r?\d+\b")
WRITTEN = "I waited until it was said. " * 9


@pytest.fixture
def course(app, session, now) -> Course:
    return open_course(app, session, now)


@pytest.fixture
def activity(course):
    return course.stage.activity(**RUBRIC_PARTS)


def html_of(answer) -> str:
    assert answer.status_code == 200, answer.text
    return re.search(r"<html[^>]*>", answer.text)[0]


@pytest.mark.parametrize(
    ("told", "preferred", "language"),
    [
        ("es", "", "es"),
        ("es", "en", "es"),
        ("es-ES", "", "es-ES"),
        ("es_mx", "", "es-MX"),
        ("ES-MX", "", "es-MX"),
        ("es-419", "", "es"),
        ("es-QQ", "", "es"),
        ("", "es", "es"),
        ("", "fr, es;q=0.8, en;q=0.5", "es"),
        ("fr", "es", "es"),
        ("fr", "de", "en"),
        ("", "", "en"),
        ("en", "es", "en"),
        ("en-GB", "es", "en-GB"),
        ("../../etc", "es;q=x, ../../etc", "en"),
        ("xx", "*", "en"),
    ],
)
def test_the_language_of_a_page(course, activity, told, preferred, language) -> None:
    """The launch decides, else the browser, else it is English; the country is kept."""
    ada = course.visit("ada", activity, locale=told)
    answer = ada.get(headers={"Accept-Language": preferred} if preferred else {})

    assert html_of(answer) == f'<html lang="{language}" dir="ltr">'


def test_a_page_in_spanish(course) -> None:
    """Sentences, plurals and dates of a page are in the language of the launch."""
    closes_at = datetime(2026, 3, 9, 23, 59, tzinfo=UTC)
    activity = course.stage.activity(**RUBRIC_PARTS, closes_at=closes_at)
    page = course.visit("ada", activity, locale="es").get().text

    assert "Mi trabajo en este curso" in page
    assert "Saltar al contenido" in page
    assert re.search(r"alrededor de \d+ minutos", page)
    assert "9 mar 2026, 23:59 UTC" in page


@pytest.mark.parametrize(("told", "written"), [("es", "7,5"), ("es-MX", "7.5"), ("en", "7.5")])
def test_numbers_are_written_as_in_the_country(course, told, written) -> None:
    """A decimal comma stands where the reader's country writes one."""
    some = course.stage.activity(**(RUBRIC_PARTS | {"quiz_points": Decimal("7.5")}))
    page = course.visit("ada", some, locale=told).get().text

    assert written in page


def test_faults_of_a_form_are_translated(course, activity) -> None:
    """A rule's own sentence, said in an inner room, is shown in the language of the page."""
    teacher = course.visit("instructor", activity, locale="es")
    page = teacher.post("settings", {"saved_version": str(activity.version)})

    assert page.status_code == 422
    assert "Elija al menos una parte: el cuestionario, la reflexión o ambas." in page.text


def test_refusals_are_translated(app, client) -> None:
    """A refusal is in the language of the browser where nobody is known yet, also to scripts."""
    asked = {"Accept-Language": "es"}
    page = client.get("/nowhere", headers=asked)
    told = client.get("/nowhere", headers=asked | SCRIPT).json

    assert page.status_code == 404
    assert "En esta dirección no hay nada" in page.text
    assert told["message"].startswith("Esta página no existe.")


def test_commands_speak_english(app, monkeypatch) -> None:
    """The command line is English, whatever the language of the machine."""
    monkeypatch.setenv("LANG", "es_ES.UTF-8")
    monkeypatch.setenv("LANGUAGE", "es")
    with app.app_context():
        assert minutes_words(90) == "1 hour and 30 minutes"


class Reader(HTMLParser):
    """Reads what is said on a page outside of marks, in no language of its own."""

    def __init__(self, names: set[str]) -> None:
        super().__init__()
        self.names = names
        self.depth = 0
        self.left: list[str] = []
        self.within: list[tuple[str, bool, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        for name in SPOKEN_ATTRIBUTES:
            if OPEN not in (found.get(name) or OPEN):
                self._leave(found[name] or "")
        if tag not in VOID | DRAWN:
            is_other = "lang" in found and tag != "html"
            self.within.append((tag, is_other, is_other or tag in NAMED))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID | DRAWN:
            assert self.within.pop()[0] == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Pass over what holds nothing."""

    def handle_data(self, data: str) -> None:
        if OPEN in data and any(is_other for _, is_other, _ in self.within):
            # A sentence of the page would be read out in the language of the module.
            self.left.append(data)
        if any(is_passed for _, _, is_passed in self.within):
            return
        said = ""
        for sign in data:
            self.depth += (sign == OPEN) - (sign == CLOSE)
            said += sign if self.depth == 0 else " "
        self._leave(said)

    def _leave(self, said: str) -> None:
        for name in sorted(self.names, key=len, reverse=True):
            said = said.replace(name, " ")
        if re.search(r"[^\W\d_]{2,}", ID_OF_ITEM.sub("", said)):
            self.left.append(" ".join(said.split()))


def addresses(app) -> list[str]:
    """List the pages of a launch that need nothing but the launch."""
    return sorted(
        rule.rule.partition("<handle>/")[2]
        for rule in app.url_map.iter_rules()
        if "<handle>/" in rule.rule and "GET" in rule.methods and rule.arguments == {"handle"}
    )


@pytest.mark.timeout(300)
def test_nothing_on_a_page_is_left_untranslated(course, activity, app, tmp_path) -> None:
    """On every page each word is a marked sentence, a name, or in an element with its language."""
    attempt = course.hand_in_quiz("ada", activity)
    reflection = course.hand_in_reflection("ada", activity, "tc-r1", WRITTEN)
    open_attempt = course.open_quiz("ben", activity).id
    add_marked_language(app, tmp_path, "eo")
    paths = {
        "ada": ["", f"attempts/{attempt}", "reflections/tc-r1", *addresses(app)],
        "ben": [f"attempts/{open_attempt}", f"attempts/{open_attempt}/review", "reflections/tc-r1"],
        "instructor": [f"attempts/{attempt}", f"grading/{reflection}", *addresses(app)],
    }
    names = {"Ada", "Ben", "Skills", "Markdown", "UTC", WRITTEN.strip(), "nonsense"}
    names |= {m.title for m in course.catalogue.list()} | {activity.resource_link.title}
    left: dict[str, list[str]] = {}
    opened = set()
    for name, wanted in paths.items():
        visitor = course.visit(name, activity, locale="eo")
        for path in wanted:
            answer = visitor.get(path)
            if answer.status_code != 200 or answer.mimetype != "text/html":
                continue
            assert 'lang="eo"' in html_of(answer)
            opened.add(re.search(r'data-page="([^"]*)"', answer.text)[1])
            reader = Reader(names)
            reader.feed(answer.text)
            if reader.left:
                left[f"{name}: {path}"] = reader.left

    assert opened >= {"activity", "reading", "quiz", "review", "result", "dashboard", "settings"}
    assert left == {}

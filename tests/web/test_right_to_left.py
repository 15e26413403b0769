"""A page that is read from right to left, in a real browser: mirrored, and whole when narrow."""

import re

import pytest

from tests.languages import add_mirrored_language
from tests.web.course import RUBRIC_PARTS
from tests.web.test_student_behaviours import context, course, open_page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

__all__ = ["context", "course"]

NARROW = {"width": 320, "height": 640}
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Where the first part of a row begins, counted from the right edge of the row.
FROM_THE_RIGHT = """(row) => {
  const [first, second] = row.children;
  return first.getBoundingClientRect().left - second.getBoundingClientRect().left;
}"""


@pytest.fixture
def activity(course, tmp_path):
    add_mirrored_language(course.app, tmp_path, "ar")
    return course.stage.activity(**RUBRIC_PARTS)


def open_narrow(context, course, name, activity, path=""):
    page = open_page(context, course, name, activity, path, locale="ar")
    page.set_viewport_size(NARROW)
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.locator("html").get_attribute("lang") == "ar"
    return page


def test_no_page_is_wider_than_a_phone(context, course, activity) -> None:
    """At 320 pixels nothing sticks out of a page, as from left to right."""
    attempt = course.hand_in_quiz("ada", activity)
    reflection = course.hand_in_reflection("ada", activity, "tc-r1", "I waited. " * 60)
    open_attempt = course.open_quiz("ben", activity).id
    places = {
        "ada": ["", "reading", f"attempts/{attempt}", "reflections/tc-r1", "grade", "work"],
        "ben": [f"attempts/{open_attempt}", f"attempts/{open_attempt}/review", "reflections/tc-r1"],
        "instructor": [
            *(
                "",
                "settings",
                "preview",
                "guide",
                "analysis",
                "course",
                "grading",
                "accommodations",
            ),
            *("unmatched", "course-modules/", f"grading/{reflection}", "course/standards"),
        ],
    }
    wide = {}
    for name, paths in places.items():
        for path in paths:
            page = open_narrow(context, course, name, activity, path)
            if (by := page.evaluate(TOO_WIDE)) > 0:
                wide[f"{name}: {path}"] = by
            page.close()

    assert wide == {}


def test_rows_and_arrows_are_mirrored(context, course, activity) -> None:
    """A box stands to the right of its words, the way back points to the right."""
    open_attempt = course.open_quiz("ben", activity).id
    quiz = open_narrow(context, course, "ben", activity, f"attempts/{open_attempt}")
    arrow = quiz.locator(".back .icon").first

    assert quiz.locator(".choice").first.evaluate(FROM_THE_RIGHT) > 0
    assert arrow.evaluate("(drawing) => getComputedStyle(drawing).scale") == "-1 1"


def test_a_module_keeps_its_own_direction(context, course, activity) -> None:
    """English text within a page in Arabic is read from left to right."""
    open_attempt = course.open_quiz("ben", activity).id
    quiz = open_narrow(context, course, "ben", activity, f"attempts/{open_attempt}")
    direction = "(part) => getComputedStyle(part).direction"

    assert quiz.locator("legend[lang=en]").first.evaluate(direction) == "ltr"
    assert quiz.locator("h1").evaluate(direction) == "rtl"


def test_the_looks_know_no_left_and_right() -> None:
    """Margins, borders and places are said by the direction of the text."""
    from tests.test_conventions import PACKAGE

    css = (PACKAGE / "web" / "static" / "app.css").read_text(encoding="utf-8")
    sided = re.findall(
        r"^\s*(?:(?:margin|padding|border|inset)-)?(?:left|right)(?:-\w+)*\s*:.*"
        r"|(?:text-align|float|clear):\s*(?:left|right)",
        css,
        re.MULTILINE,
    )

    assert sided == []

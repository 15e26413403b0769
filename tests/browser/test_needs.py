"""What people need of a page: keys alone, forced colors, still pages, wide text, large targets."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Frame, Locator, Page, expect

from tests.browser.conftest import (
    COURSES,
    TEACHERS,
    Demo,
    NewContext,
    open_activity,
    press,
    press_enter,
    shown,
    tick,
    tool_frame,
)
from tests.browser.test_every_page import faults, frame_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("demo"),
]

TASTER = re.compile("A two-minute taster")
WITH_RUBRIC = re.compile("Trust, credibility, expertise")
STUDENTS = {"canvas": "noah.tsinajinnie", "moodle": "aiko.morimoto"}
TEXT = "She said that she did not know, and I believed the rest of what she told me. "
MOST_STOPS = 120
MIN_TARGET_PX = 24

FOCUS = """() => {
  const found = document.activeElement;
  if (!found || found === document.body) return null;
  const looks = getComputedStyle(found.closest(".choice") ?? found);
  const own = getComputedStyle(found);
  const box = found.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const label = found.closest("label") ?? found;
  return {
    name: found.outerHTML.slice(0, 120),
    seen: looks.outlineStyle !== "none" || own.outlineStyle !== "none",
    covered: Boolean(top) && !label.contains(top) && !top.contains(found),
  };
}"""

SMALL = """(least) => [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary")]
  .filter((element) => element.checkVisibility())
  .filter((element) => getComputedStyle(element).clipPath === "none")
  .map((element) => element.closest("label") ?? element)
  .filter((element) => {
    const box = element.getBoundingClientRect();
    const inText = getComputedStyle(element).display === "inline";
    const off = box.right <= 0 || box.bottom <= 0;
    return !inText && !off && (box.width < least || box.height < least);
  })
  .map((element) => element.outerHTML.slice(0, 120))"""

CUT_OFF = """() => [...document.querySelectorAll("body *")]
  .filter((element) => element.checkVisibility() && element.innerText?.trim())
  .filter((element) => {
    const looks = getComputedStyle(element);
    // What is for screen readers alone is clipped by design.
    if (element.matches("textarea") || looks.clipPath !== "none") return false;
    return looks.overflowY === "hidden" && element.scrollHeight > element.clientHeight + 1
      || looks.overflowX === "hidden" && element.scrollWidth > element.clientWidth + 1;
  })
  .map((element) => element.outerHTML.slice(0, 120))"""

MOVING = """() => [...document.querySelectorAll("*")]
  .filter((element) => {
    const looks = getComputedStyle(element);
    const times = `${looks.transitionDuration},${looks.animationDuration}`.split(",");
    return times.some((time) => parseFloat(time) > 0.01);
  })
  .map((element) => element.outerHTML.slice(0, 120))"""

RESTYLE = """(rules) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets = [sheet];
}"""

WIDER_TEXT = """
  * { line-height: 1.5 !important; letter-spacing: 0.12em !important;
      word-spacing: 0.16em !important; }
  p { margin-block-end: 2em !important; }
"""


def place(demo: Demo, page: Page, platform: str, *, by_rubric: bool = False) -> str:
    """Put an activity of its own into the course and set it up; return its id.

    It is the taster, or else a reflection that is graded by its rubric.
    """
    activity = f"needs-{uuid4().hex[:8]}"
    demo.ask(
        f"courses/{platform}/{COURSES[platform]}/activities",
        {"id": activity, "title": f"Needs {activity}", "points": 10},
        method="POST",
    )
    open_activity(demo, page, platform=platform, person=TEACHERS[platform], activity=activity)
    card = tool_frame(page).locator(".card", has_text=WITH_RUBRIC if by_rubric else TASTER)
    press_enter(card.get_by_role("link").first)
    tool = shown(page, "settings")
    if by_rubric:
        tool.locator("input[name=parts][value=quiz]").uncheck()
        tick(tool.locator("input[name=parts][value=reflection]"))
        tick(tool.locator("input[name=reflection_grading][value=rubric]"))
    press(tool, "button", "Use this module")
    shown(page, "dashboard")
    return activity


def is_focused(target: Locator) -> bool:
    """Say whether the keyboard is at an element now."""
    return bool(
        target.count() and target.first.evaluate("(found) => found === document.activeElement")
    )


def go_to(page: Page, frame: Frame, target: Locator) -> list[str]:
    """Go on with the tab key to one of some elements; say what was wrong on the way."""
    wrong = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = frame.evaluate(FOCUS)
        # A page that has just come may put the reader at its heading after the key was pressed.
        if stop is None or stop["name"].startswith('<h1 tabindex="-1"'):
            continue
        if not stop["seen"]:
            wrong.append(f"the focus cannot be seen: {stop['name']}")
        if stop["covered"]:
            wrong.append(f"the focus is covered: {stop['name']}")
        if any(is_focused(one) for one in target.all()):
            return wrong
    raise AssertionError(f"{target} is not reached by keyboard")


def student_by_keys(demo: Demo, page: Page) -> Iterator[str]:
    """Take the quiz and write the reflection with keys alone; yield what is wrong."""

    def press_key(role: str, name: str, then: str) -> list[str]:
        frame = frame_of(page, demo)
        wrong = go_to(page, frame, frame.get_by_role(role, name=name))
        page.keyboard.press("Enter")
        shown(page, then)
        return wrong

    yield from press_key("button", "Start the quiz", "quiz")
    frame = frame_of(page, demo)
    for item in frame.locator("fieldset[data-item]").all():
        yield from go_to(page, frame, item.get_by_role("radio"))
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        expect(item.get_by_role("radio", checked=True)).to_have_count(1)
    yield from press_key("button", "Check and hand in", "review")
    yield from press_key("button", "Hand in attempt 1", "result")
    yield from press_key("link", "Back to the activity", "activity")
    yield from press_key("link", "Begin writing", "reflection")
    frame = frame_of(page, demo)
    yield from go_to(page, frame, frame.get_by_label("Write here"))
    page.keyboard.insert_text(TEXT * 4)
    yield from press_key("button", "Check and hand in", "reflection-review")
    yield from press_key("button", "Hand in the reflection", "reflection-receipt")


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_keys_alone_take_a_quiz_a_reflection_and_its_grading(
    demo: Demo, new_context: NewContext, platform: str
) -> None:
    """Every stop on the way can be seen, none is covered, and none holds the keyboard."""
    teacher, student = new_context().pages[0], new_context().pages[0]
    person = STUDENTS[platform]
    activity = place(demo, teacher, platform)
    open_activity(demo, student, platform=platform, person=person, activity=activity)
    shown(student, "activity")
    wrong = list(student_by_keys(demo, student))

    activity = place(demo, teacher, platform, by_rubric=True)
    open_activity(demo, student, platform=platform, person=person, activity=activity)
    press(shown(student, "activity"), "link", "Begin writing")
    shown(student, "reflection").get_by_label("Write here").fill(TEXT * 12)
    press(tool_frame(student), "button", "Check and hand in")
    press(shown(student, "reflection-review"), "button", "Hand in the reflection")
    shown(student, "reflection-receipt")
    open_activity(demo, teacher, platform=platform, person=TEACHERS[platform], activity=activity)
    frame = frame_of(teacher, demo)
    wrong += go_to(teacher, frame, frame.get_by_role("link", name="Reflections"))
    teacher.keyboard.press("Enter")
    shown(teacher, "grading")
    wrong += go_to(teacher, frame, frame.get_by_role("link", name=re.compile("^Grade")))
    teacher.keyboard.press("Enter")
    shown(teacher, "grading-reflection")
    for criterion in frame.locator("fieldset[id^='criterion.']").all():
        wrong += go_to(teacher, frame, criterion.get_by_role("radio"))
        teacher.keyboard.press("3")
    wrong += go_to(teacher, frame, frame.get_by_role("button", name="Save and next"))
    teacher.keyboard.press("Enter")
    expect(shown(teacher, "grading").get_by_text("Draft, not released")).to_be_visible()
    wrong += go_to(teacher, frame, frame.get_by_role("button", name="Release 1 grade"))
    teacher.keyboard.press("Enter")
    expect(tool_frame(teacher).get_by_text("1 grade is released.")).to_be_visible()
    for _ in range(MOST_STOPS):
        teacher.keyboard.press("Tab")
        if teacher.evaluate("document.activeElement.tagName") != "IFRAME":
            break

    assert teacher.evaluate("document.activeElement.tagName") != "IFRAME"
    assert not wrong, "\n".join(dict.fromkeys(wrong))


SETTINGS = {
    "forced colors": {"forced_colors": "active"},
    "little motion": {"reduced_motion": "reduce"},
    "zoomed to 200 %": {"viewport": {"width": 640, "height": 400}},
    "zoomed to 400 %": {"viewport": {"width": 320, "height": 200}},
    "wider text": {"viewport": {"width": 320, "height": 640}},
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_way_of_a_student_under_a_setting(
    demo: Demo, new_context: NewContext, setting: str
) -> None:
    """Each state is clean, whole, still where that is wished, and large enough to be hit."""
    activity = place(demo, new_context().pages[0], "canvas")
    page = new_context(**SETTINGS[setting]).pages[0]
    open_activity(demo, page, platform="canvas", person=STUDENTS["canvas"], activity=activity)
    wrong: list[str] = []
    for _ in states(page):
        frame = frame_of(page, demo)
        if setting == "wider text":
            frame.evaluate(RESTYLE, WIDER_TEXT)
        wrong += faults(page, demo)
        wrong += [f"cut off: {one}" for one in frame.evaluate(CUT_OFF)]
        wrong += [f"small: {one}" for one in frame.evaluate(SMALL, MIN_TARGET_PX)]
        if setting == "little motion":
            wrong += [f"moving: {one}" for one in frame.evaluate(MOVING)]

    assert not wrong, "\n".join(dict.fromkeys(wrong))


def states(page: Page) -> Iterator[str]:
    """Walk through the states of a student's way."""
    press(shown(page, "activity"), "button", "Start the quiz")
    tool = shown(page, "quiz")
    yield "quiz"
    tick(tool.get_by_role("radio").first)
    press(tool, "button", "Check and hand in")
    shown(page, "review")
    yield "review"
    press(tool_frame(page), "button", "Hand in attempt 1")
    shown(page, "result")
    yield "result"
    press(tool_frame(page), "link", "Back to the activity")
    press(shown(page, "activity"), "link", "Begin writing")
    tool = shown(page, "reflection")
    yield "reflection"
    tool.get_by_label("Write here").fill(TEXT * 4)
    press(tool, "button", "Check and hand in")
    shown(page, "reflection-review")
    yield "reflection-review"

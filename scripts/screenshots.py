"""Make the pictures in docs/screenshots from a demonstration of its own.

    .venv/bin/python scripts/screenshots.py

It needs Chromium. The history is played first, which takes half a minute.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "screenshots"
PORT, LMS_PORT = 8710, 8711
LMS = f"http://127.0.0.1:{LMS_PORT}"
WIDTH = 1180
SIZES = {"narrow": {"width": 320, "height": 1800}, "wide": {"width": WIDTH, "height": 1500}}


def main() -> None:
    """Run a demonstration and take the pictures."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or sys.exit("No Chromium.")
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen(
            [
                *(sys.executable, "-m", "lti_alliance", "demo", "--folder", folder),
                *("--port", str(PORT), "--lms-port", str(LMS_PORT)),
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        try:
            wait_for_history(demo)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium)
                page = browser.new_page(viewport={"width": WIDTH, "height": 900})
                student_result(page)
                instructor(page)
                desk(page)
                grading(page)
                picker(page)
                analysis(page)
                for name, size in SIZES.items():
                    item_kinds(page, name, size)
                browser.close()
        finally:
            demo.terminate()
            demo.communicate()


def wait_for_history(demo: subprocess.Popen[str]) -> None:
    """Read what the demonstration says until its history is complete."""
    assert demo.stdout is not None
    for line in demo.stdout:
        print(line, end="")
        if "history is complete" in line:
            return
    sys.exit("The demonstration ended early.")


def right_answers() -> dict[str, str]:
    """Return the text of the right option of each item of the taster."""
    from lti_alliance.content.catalogue import Catalogue

    items = Catalogue.load().get("taster").quiz.items
    return {item.id: next(o.text_markdown for o in item.options if o.correct) for item in items}


def student_result(page: Page) -> None:
    """Take the taster as a student, and picture the result beside the grade."""
    sign_in(page, "canvas", "hana.yamashita")
    page.goto(f"{LMS}/canvas/courses/77/activities/taster")
    tool = page.frame_locator("iframe").first
    tool.get_by_role("link", name="Begin writing").click()
    tool.get_by_label("Write here").fill(
        "A mentor once told me that she did not know and would find out. I trusted her more from "
        "that day. I would like to say it to a client without blushing, and to come back with it."
    )
    tool.get_by_role("button", name="Check and hand in").click()
    tool.get_by_role("button", name="Hand in the reflection").click()
    tool.get_by_role("link", name="Back to the activity").click()
    tool.get_by_role("button", name="Start the quiz").click()
    for item_id, text in right_answers().items():
        tool.locator(f"[data-item={item_id}]").get_by_label(text).check()
    tool.get_by_role("button", name="Check and hand in").click()
    tool.get_by_role("button", name="Hand in attempt 1").click()
    tool.get_by_text("In the gradebook since").wait_for()
    page.get_by_role("complementary").get_by_text("/ 5").wait_for()
    picture(page, "student-result", height=980)


def instructor(page: Page) -> None:
    """Picture what the instructor of the larger course sees."""
    sign_in(page, "canvas", "instructor")
    page.goto(f"{LMS}/canvas/courses/77/activities/foundations-quiz")
    page.frame_locator("iframe").first.locator("body[data-page=dashboard]").wait_for()
    picture(page, "instructor", height=1000)


def desk(page: Page) -> None:
    """Picture the whole course, from the course menu."""
    page.goto(f"{LMS}/canvas/courses/77/activities/navigation")
    frame = page.frame_locator("iframe").first
    frame.locator("body[data-page=course-desk]").wait_for()
    picture(page, "desk", height=1700)


def grading(page: Page) -> None:
    """Picture a reflection with its rubric."""
    page.goto(f"{LMS}/canvas/courses/77/activities/foundations-reflection")
    frame = page.frame_locator("iframe").first
    frame.get_by_role("link", name="Reflections").first.click()
    frame.get_by_role("link", name="Grade").first.click()
    frame.locator("body[data-page=grading-reflection]").wait_for()
    picture(page, "grading", height=1500)


def picker(page: Page) -> None:
    """Picture the dialog in which an activity is chosen."""
    page.goto(f"{LMS}/canvas/courses/77/add?placement=assignment_selection")
    page.frame_locator("iframe").first.locator("body[data-page=picker]").wait_for()
    picture(page, "picker", height=1000)


def analysis(page: Page) -> None:
    """Picture a question of last term's class whose key is wrong, and a regrade to decide about."""
    page.goto(f"{LMS}/canvas/courses/76/activities/foundations-quiz")
    frame = page.frame_locator("iframe").first
    frame.get_by_role("link", name="Analysis").click()
    frame.locator("body[data-page=analysis]").wait_for()
    card = frame.locator("section.card", has_text="look at the key").first
    card.get_by_text("Who chose what").click()
    card.screenshot(path=TARGET / "analysis.png")
    frame.get_by_role("link", name="Overview").click()
    frame.locator(".notice", has_text="A key was corrected").get_by_role("link").first.click()
    frame.locator("body[data-page=regrade]").wait_for()
    picture(page, "regrade", height=1100)


def item_kinds(page: Page, name: str, size: dict[str, int]) -> None:
    """Picture one item of each kind as students meet it."""
    from lti_alliance.content.catalogue import Catalogue

    first = {}
    for item in Catalogue.load().get("foundations").quiz.items:
        first.setdefault(item.kind, item.id)
    page.set_viewport_size(size)
    page.goto(f"{LMS}/canvas/courses/77/activities/foundations-quiz")
    frame = page.frame_locator("iframe").first
    frame.get_by_role("link", name="Preview as student").click()
    frame.locator("body[data-page=preview]").wait_for()
    for kind, item_id in first.items():
        item = frame.locator(f"section.item:has([data-item={item_id}])")
        # Alone on the page, so that all of it lies within the window.
        item.evaluate(
            "chosen => document.querySelectorAll('section.item')"
            ".forEach(each => { each.hidden = each !== chosen })"
        )
        page.wait_for_timeout(700)
        item.screenshot(path=TARGET / f"item-{kind}-{name}.png")


def sign_in(page: Page, platform: str, person: str) -> None:
    """Sign in to the practice LMS."""
    page.goto(LMS)
    page.request.post(f"{LMS}/{platform}/login_as", data={"person": person})


def picture(page: Page, name: str, *, height: int) -> None:
    """Save what the window shows."""
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(800)
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=TARGET / f"{name}.png")


if __name__ == "__main__":
    main()

"""A page that could not be saved, in a real browser: nothing typed is lost, with scripts or not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Dialog, Page, expect
from sqlalchemy.orm import Session

from lti_alliance.app import create_app
from lti_alliance.models import db
from lti_alliance.settings import Settings
from tests.conftest import SOON_MS, Clock
from tests.failures.test_readiness import without_writes
from tests.web.course import RUBRIC_PARTS, Course, open_course
from tests.web.test_student_behaviours import open_page, served

pytestmark = pytest.mark.browser

TEXT = 'She said: "not <now>".\nSo I waited.'


@pytest.fixture
def course(settings: Settings, session: Session, now: Clock) -> Iterator[Course]:
    """A course that a browser can reach."""
    made: list[Flask] = []
    with served(lambda environ, start: made[0](environ, start)) as address:
        app = create_app(replace(settings, base_url=address), now=now)
        made.append(app)
        yield open_course(app, session, now)
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_what_was_typed_outlives_a_failing_database(
    chromium: Browser, course: Course, has_scripts: bool
) -> None:
    """The page of the failure keeps the text, asks before it is left, and sends it on."""
    context = chromium.new_context(locale="en-US", java_script_enabled=has_scripts)
    activity = course.stage.activity(**RUBRIC_PARTS)
    page = open_page(context, course, "ada", activity, "reflections/tc-r1")
    with without_writes(course.app):
        page.fill("#text", TEXT)
        if has_scripts:
            expect(page.locator("#save-state")).to_contain_text("trying again", timeout=SOON_MS)
        page.get_by_role("button", name="Check and hand in").click()
        expect(page.locator("main")).to_have_attribute("data-error-code", "service_unavailable")
        violations = Axe().run(page).response["violations"] if has_scripts else []
        asked = asked_before_leaving(page) if has_scripts else []
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("body")).to_have_attribute("data-page", "reflection-review")
    shown = page.locator(".card .typed").inner_text()
    context.close()

    assert violations == []
    assert asked == (["beforeunload"] if has_scripts else [])
    assert shown == TEXT


def asked_before_leaving(page: Page) -> list[str]:
    """Try to leave, stay when asked, and return the kinds of questions."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    # A browser asks only on pages that somebody has touched.
    page.locator("summary").click()
    page.evaluate("setTimeout(() => { location.href = 'about:blank' })")
    page.wait_for_timeout(500)
    page.remove_listener("dialog", stay)
    return asked

"""Real launches by scripted people: the practice LMS's own forms, posted as a browser would."""

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.demo.browser import Page, ScriptedBrowser
from lti_alliance.demo.processes import DemoError
from lti_alliance.demo.stage import Stage
from lti_alliance.models import LaunchSession

_HANDLE = re.compile(r"/launches/([^/]+)/")
_MOST_FORMS = 4
"""A launch passes two or three self-submitting pages; more would be a loop."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a launch opened."""

    browser: ScriptedBrowser
    page: Page
    handle: str


def launch(
    stage: Stage,
    *,
    platform: str,
    person: str,
    activity: str,
    course_id: str | None = None,
    browser: ScriptedBrowser | None = None,
) -> Opened:
    """Launch an activity as a person of the practice LMS, over HTTP from end to end.

    Without ``course_id`` it is the platform's first course; without ``browser``, a new one.
    """
    browser = browser or ScriptedBrowser()
    browser.post(f"{stage.lms_url}/{platform}/login_as", {"person": person})
    initiation = browser.send_json(
        f"{stage.lms_url}/_practice/launch",
        {"platform": platform, "course": course_id, "activity": activity, "person": person},
    )
    page = browser.post(initiation["login_url"], initiation["fields"])
    for _ in range(_MOST_FORMS):
        if found := _HANDLE.search(page.url):
            return Opened(browser, page, found[1])
        if not page.forms:
            break
        page = browser.post(page.forms[0].action, page.forms[0].fields)
    raise DemoError(f"The launch of {activity} by {person} ended at {page.url} ({page.status}).")


def find_session(session: Session, opened: Opened) -> LaunchSession:
    """Return the launch session that the launch opened."""
    return session.scalars(select(LaunchSession).where(LaunchSession.handle == opened.handle)).one()

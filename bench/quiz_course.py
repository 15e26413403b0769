"""A course with a quiz in this tool: set up once, then attempted by everybody who launched."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from flask import Flask
from sqlalchemy import select

from bench.contestants import Contestant
from bench.crowd import Browser, send_all
from bench.http_load import Ask
from bench.sheets import SheetForm, read_form
from lti_alliance.app import create_app
from lti_alliance.demo.run import act
from lti_alliance.domain.activities import ActivitySettings, Keep, Part
from lti_alliance.models import Membership, ResourceLink
from lti_alliance.parts import parts, utc_now
from lti_alliance.services import activities
from lti_alliance.settings import load

MODULE = "foundations"


@dataclass(slots=True)
class Sheet:
    """One student's open attempt: where answers go, and what has been saved."""

    browser: Browser
    save_url: str
    form: SheetForm
    saved_version: int

    @property
    def submit_url(self) -> str:
        """Return where the attempt is handed in."""
        return self.save_url.replace("/responses", "/submission")

    def ask(self, url: str, *, pick: int, answered: int | None = None) -> Ask:
        """Return the request that brings answers to an address, as a script sends it."""
        fields = self.form.filled(pick, answered=answered)
        return Ask(
            url,
            form=fields | {"saved_version": str(self.saved_version)},
            cookies=self.browser.cookies,
            headers={"Accept": "application/json"},
        )


def bench_app(contestant: Contestant) -> Flask:
    """Return an application on the contestant's database, for the benchmark's own work."""
    return create_app(load({**contestant.env, "ALLIANCE_DATABASE_URL": contestant.own_url}))


def set_up(contestant: Contestant) -> None:
    """Give the one link that somebody has launched a quiz without an end to its attempts."""
    with bench_app(contestant).app_context(), act() as session:
        activities.set_up_activity(
            session,
            parts().catalogue,
            link=session.scalars(select(ResourceLink)).one(),
            module_id=MODULE,
            # Of the best attempt only a better one would be told.
            settings=ActivitySettings(
                parts=frozenset({Part.QUIZ}), attempts=None, keep=Keep.LATEST
            ),
            actor=session.scalars(select(Membership).limit(1)).one(),
            at=utc_now(),
        )


def find_homes(contestant: Contestant, browsers: Sequence[Browser]) -> None:
    """Let everybody who has just launched keep the address of the activity."""
    for browser in browsers:
        browser.home = _place(contestant, browser)


def start_attempts(
    contestant: Contestant, browsers: Sequence[Browser], *, at_once: int
) -> list[Sheet]:
    """Let everybody open the activity and begin an attempt."""
    homes = [browser.home for browser in browsers]
    send_all(
        browsers, [_get(b, url) for b, url in zip(browsers, homes, strict=True)], at_once=at_once
    )
    starts = []
    for browser, home in zip(browsers, homes, strict=True):
        form = read_form(_text(browser), action_part="/attempts")
        starts.append(Ask(urljoin(home, form.action), form=form.kept, cookies=browser.cookies))
    send_all(browsers, starts, at_once=at_once)
    pages = [_place(contestant, browser) for browser in browsers]
    send_all(
        browsers, [_get(b, url) for b, url in zip(browsers, pages, strict=True)], at_once=at_once
    )
    return [_sheet(browser, url) for browser, url in zip(browsers, pages, strict=True)]


def _sheet(browser: Browser, page: str) -> Sheet:
    form = read_form(_text(browser), action_part="/responses")
    version = int(form.kept.pop("saved_version"))
    return Sheet(browser, urljoin(page, form.action), form, version)


def _place(contestant: Contestant, browser: Browser) -> str:
    assert browser.answer is not None
    return urljoin(contestant.url, browser.answer.header("Location"))


def _get(browser: Browser, url: str) -> Ask:
    return Ask(url, cookies=browser.cookies)


def _text(browser: Browser) -> str:
    assert browser.answer is not None
    return browser.answer.body.decode()

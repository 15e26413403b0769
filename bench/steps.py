"""What each step of a student costs, from the login to the result: what sizing is reckoned from.

Run as ``python -m bench.steps``. A class goes the whole way together, step by step; CPU is counted
for each step, database included. There is no rival and no target: the tables of docs/operations.md
are made of these numbers. Exit status 1 means that a step was refused.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from bench import report
from bench.arena import Arena, arena
from bench.commands import add_usual, ending_clearly, facts_of, finish, server_of, tell
from bench.contestants import TOOL, Contestant, Serving
from bench.crowd import Browser, crowd_of, launch, log_in, open_all, send_all, sign
from bench.http_load import Ask
from bench.outcome import Outcome
from bench.quiz_course import Sheet, find_homes, set_up
from bench.senders import SenderFailed
from bench.sheets import read_form

STEPS = (
    "login and launch, first visit",
    "login and launch",
    "the activity's page",
    "start an attempt",
    "the quiz",
    "a save",
    "look over before handing in",
    "hand in",
    "the result",
)


@dataclass(frozen=True, slots=True)
class Step:
    """A class that took one step."""

    name: str
    round: int
    count: int
    web_s: float
    database_s: float

    def per_thousand(self) -> float:
        """CPU seconds for a thousand of these, the database included."""
        return (self.web_s + self.database_s) * 1000 / self.count


class Way:
    """A class on its way, with the meter that each step is read from."""

    def __init__(self, tool: Contestant, found: Arena, browsers: list[Browser], at_once: int):
        self._tool = tool
        self._found = found
        self._browsers = browsers
        self._at_once = at_once

    def walk(self, number: int) -> Iterator[Step]:
        """Go the whole way once."""
        yield self._counted(STEPS[0 if number == 0 else 1], number, self._launch)
        find_homes(self._tool, self._browsers)
        homes = [browser.home for browser in self._browsers]
        yield self._counted(STEPS[2], number, lambda: self._get(homes))
        starts = [self._start(browser) for browser in self._browsers]
        yield self._counted(STEPS[3], number, lambda: self._send(starts, 303))
        pages = self._places()
        yield self._counted(STEPS[4], number, lambda: self._get(pages))
        sheets = [
            self._sheet(browser, page) for browser, page in zip(self._browsers, pages, strict=True)
        ]
        saves = [sheet.ask(sheet.save_url, pick=0) for sheet in sheets]
        yield self._counted(STEPS[5], number, lambda: self._send(saves, 200))
        for sheet in sheets:
            sheet.saved_version += 1
        reviews = [f"{page}/review" for page in pages]
        yield self._counted(STEPS[6], number, lambda: self._get(reviews))
        submits = [sheet.ask(sheet.submit_url, pick=0) for sheet in sheets]
        yield self._counted(STEPS[7], number, lambda: self._send(submits, 303))
        yield self._counted(STEPS[8], number, lambda: self._get(pages))

    def _counted(self, name: str, number: int, act: Callable[[], None]) -> Step:
        before = self._tool.cpu_s(), self._tool.database_s()
        act()
        web_s = self._tool.cpu_s() - before[0]
        database_s = self._tool.database_s() - before[1]
        step = Step(name, number, len(self._browsers), web_s, database_s)
        tell(f"round {number}: {name}: {step.per_thousand():.1f} CPU s per 1,000")
        return step

    def _launch(self) -> None:
        for browser in self._browsers:
            browser.forget_launches()
        log_in(self._tool, self._found.issuer, self._browsers, at_once=self._at_once)
        # The platform's work, which costs the tool nothing.
        for browser in self._browsers:
            sign(browser, self._found.issuer, self._tool)
        launch(self._tool, self._browsers, at_once=self._at_once)
        self._check(303)

    def _get(self, urls: Sequence[str]) -> None:
        pairs = zip(self._browsers, urls, strict=True)
        self._send([Ask(url, cookies=browser.cookies) for browser, url in pairs], 200)

    def _send(self, asks: Sequence[Ask], status: int) -> None:
        send_all(self._browsers, asks, at_once=self._at_once)
        self._check(status)

    def _check(self, status: int) -> None:
        for browser in self._browsers:
            assert browser.answer is not None
            if browser.answer.status != status:
                raise SenderFailed(f"{browser.answer.status}: {browser.answer.body[-300:]!r}")

    def _places(self) -> list[str]:
        return [
            urljoin(self._tool.url, browser.answer.header("Location"))
            for browser in self._browsers
            if browser.answer
        ]

    def _start(self, browser: Browser) -> Ask:
        assert browser.answer is not None
        form = read_form(browser.answer.body.decode(), action_part="/attempts")
        return Ask(urljoin(browser.home, form.action), form=form.kept, cookies=browser.cookies)

    def _sheet(self, browser: Browser, page: str) -> Sheet:
        assert browser.answer is not None
        form = read_form(browser.answer.body.decode(), action_part="/responses")
        version = int(form.kept.pop("saved_version"))
        return Sheet(browser, urljoin(page, form.action), form, version)


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = server_of(chosen)
    facts = facts_of(server)
    how = Serving(workers=chosen.workers, threads=chosen.threads)
    with ending_clearly(), arena((TOOL,), server=server, how=how) as found:
        (tool,) = found.contestants
        if faults := open_all(tool, found.issuer, crowd_of(1, name="first"), at_once=1):
            raise SenderFailed(faults[0])
        set_up(tool)
        way = Way(tool, found, crowd_of(chosen.students), chosen.at_once)
        steps = [step for number in range(chosen.rounds + 1) for step in way.walk(number)]
    finish(chosen, _outcome(steps, facts))


def _outcome(steps: Sequence[Step], facts: dict[str, object]) -> Outcome:
    lines = ["| Step | CPU s per 1,000 | of it the database |", "|---|---:|---:|"]
    for name in STEPS:
        own = [step for step in steps if step.name == name]
        share = sum(step.database_s for step in own) * 1000 / sum(step.count for step in own)
        cost = report.spread(step.per_thousand() for step in own)
        lines.append(f"| {name} | {cost.text(1)} | {share:.1f} |")
    return Outcome(
        question="steps",
        command="python -m bench.steps",
        machine=report.machine_line(facts),
        tables=("\n".join(lines),),
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.steps", description=__doc__)
    parser.add_argument("--students", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3, help="after the one of first visits")
    parser.add_argument("--at-once", type=int, default=16, help="open requests at a time")
    return add_usual(parser, quick={"students": 20, "rounds": 1})


if __name__ == "__main__":
    main()

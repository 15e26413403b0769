"""A crowd of students who launch one contestant, each with a browser of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urljoin, urlsplit

from bench.contestants import Contestant
from bench.http_load import Answer, Ask, ask_all
from bench.messages import Issuer, login_form


@dataclass
class Browser:
    """One student's browser: what it keeps for one contestant."""

    sub: str
    cookies: dict[str, str] = field(default_factory=dict)
    answer: Answer | None = None
    token: str = ""
    state: str = ""
    home: str = ""
    """The address of the page that its last launch opened."""

    def take(self, answer: Answer) -> None:
        """Keep what came back."""
        self.answer = answer
        for name, value in answer.cookies().items():
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)

    def forget_launches(self) -> None:
        """Drop the cookies of earlier launches, as a browser does when they end."""
        self.cookies = {k: v for k, v in self.cookies.items() if k.endswith("-probe")}


def crowd_of(count: int, *, name: str = "student") -> list[Browser]:
    """Return new browsers of students numbered from 0."""
    return [Browser(f"{name}-{number}") for number in range(count)]


def send_all(browsers: Sequence[Browser], asks: Sequence[Ask], *, at_once: int) -> list[float]:
    """Send each browser's request; return how long each waited, in seconds."""
    answers = ask_all(asks, at_once=at_once)
    for browser, answer in zip(browsers, answers, strict=True):
        browser.take(answer)
    return [answer.seconds for answer in answers]


def log_in(
    contestant: Contestant, issuer: Issuer, browsers: Sequence[Browser], *, at_once: int
) -> list[float]:
    """Begin everybody's login; return how long each waited, in seconds."""
    asks = [
        Ask(
            contestant.login_url,
            form=login_form(issuer, sub=browser.sub, launch_url=contestant.launch_url),
            cookies=browser.cookies,
        )
        for browser in browsers
    ]
    waited = send_all(browsers, asks, at_once=at_once)
    # Who was never here is first asked to bring a cookie back.
    detour = [b for b in browsers if b.answer and b.answer.status == 303]
    asks = [
        Ask(urljoin(contestant.url, b.answer.header("Location")), cookies=b.cookies)
        for b in detour
        if b.answer
    ]
    send_all(detour, asks, at_once=at_once)
    return waited


def sign(browser: Browser, issuer: Issuer, contestant: Contestant) -> None:
    """Sign what the platform answers to the login that the browser has begun."""
    assert browser.answer is not None
    query = parse_qs(urlsplit(browser.answer.header("Location")).query)
    browser.state = query.get("state", [""])[0]
    nonce = query.get("nonce", [""])[0]
    browser.token = issuer.sign(sub=browser.sub, nonce=nonce, launch_url=contestant.launch_url)


def launch(contestant: Contestant, browsers: Sequence[Browser], *, at_once: int) -> list[float]:
    """Post everybody's launch; return how long each waited, in seconds."""
    asks = [
        Ask(
            contestant.launch_url,
            form={"id_token": browser.token, "state": browser.state},
            cookies=browser.cookies,
        )
        for browser in browsers
    ]
    return send_all(browsers, asks, at_once=at_once)


def open_all(
    contestant: Contestant, issuer: Issuer, browsers: Sequence[Browser], *, at_once: int
) -> list[str]:
    """Log everybody in and launch; return what went wrong."""
    log_in(contestant, issuer, browsers, at_once=at_once)
    for browser in browsers:
        sign(browser, issuer, contestant)
    launch(contestant, browsers, at_once=at_once)
    return [text for browser in browsers if (text := fault_of(browser))]


def fault_of(browser: Browser) -> str:
    """Say what is wrong with the last answer; empty where it is a page or leads to one."""
    answer = browser.answer
    assert answer is not None
    if answer.status in (200, 303):
        return ""
    return f"{browser.sub}: {answer.status} {answer.body[-200:]!r}"


def launching_s(
    contestant: Contestant, issuer: Issuer, browsers: Sequence[Browser], *, at_once: int
) -> float:
    """Log everybody in and launch anew; return the CPU seconds, the database's included.

    What signing takes in between is not counted: it is the platform's.
    """
    for browser in browsers:
        browser.forget_launches()
    before = contestant.cpu_s() + contestant.database_s()
    log_in(contestant, issuer, browsers, at_once=at_once)
    between = contestant.cpu_s() + contestant.database_s()
    for browser in browsers:
        sign(browser, issuer, contestant)
    begun = contestant.cpu_s() + contestant.database_s()
    launch(contestant, browsers, at_once=at_once)
    return between - before + contestant.cpu_s() + contestant.database_s() - begun

"""What the "break something" page offers, each with what it does in plain words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.state import Fault, Switches

MEND = "mend"


@dataclass(frozen=True, slots=True)
class Breakage:
    """One thing to break."""

    key: str
    title: str
    meaning: str
    act: Callable[[Platform], None]
    only: str = ""


def _fault(endpoint: str, kind: str, **members: object) -> Callable[[Platform], None]:
    def act(platform: Platform) -> None:
        fault = Fault.from_json({"endpoint": endpoint, "kind": kind, **members})
        platform.state.faults.append(fault)

    return act


def _switch(**moods: object) -> Callable[[Platform], None]:
    def act(platform: Platform) -> None:
        for name, value in moods.items():
            setattr(platform.state.switches, name, value)

    return act


def _rotate(platform: Platform) -> None:
    platform.rotate_keys()


def _redeploy(platform: Platform) -> None:
    tool = platform.state.tool
    number, _, rest = tool.deployment_id.partition(":")
    tool.deployment_id = f"{int(number) + 1}:{rest}" if rest else str(int(number) + 1)


BREAKAGES = (
    Breakage(
        "score_503",
        "The gradebook is down for a while",
        "The next three scores are answered with 503. They should arrive by themselves later.",
        _fault("score", "status", status=503, times=3, retry_after="2"),
    ),
    Breakage(
        "score_unclear",
        "A score is stored, but the answer is lost",
        "The next score reaches the gradebook and then the connection breaks. It must neither be "
        "lost nor counted twice.",
        _fault("score", "unclear"),
    ),
    Breakage(
        "score_reset",
        "The connection breaks before a score is read",
        "The next score is not stored, and no answer comes.",
        _fault("score", "reset"),
    ),
    Breakage(
        "score_slow",
        "The gradebook is slow",
        "The next two scores wait for eight seconds. No student should have to wait with them.",
        _fault("score", "delay", seconds=8, times=2),
    ),
    Breakage(
        "score_html",
        "A sign-in page instead of an answer",
        "The next score gets a web page with status 200, as a mistaken proxy would send. Nothing "
        "is stored.",
        _fault("score", "html"),
    ),
    Breakage(
        "throttle",
        "Too many requests",
        "The next two scores are refused with “403 Forbidden (Rate Limit Exceeded)”: a wait, not "
        "a missing permission.",
        _fault("score", "throttle", times=2),
        only="canvas",
    ),
    Breakage(
        "token_500",
        "No access tokens",
        "The next two requests for an access token fail with 500.",
        _fault("token", "status", status=500, times=2),
    ),
    Breakage(
        "auth_500",
        "Sign-in fails once",
        "The next launch ends in an error page of the LMS.",
        _fault("auth", "status", status=500, body="Internal Server Error"),
    ),
    Breakage(
        "rotate",
        "New signing key",
        "From now on messages are signed with a key that the tool has not seen.",
        _rotate,
    ),
    Breakage(
        "redeploy",
        "The tool was installed anew",
        "The deployment id changes, so that every launch waits for the tool's administrator. "
        "“Mend everything” brings the old one back.",
        _redeploy,
    ),
    Breakage(
        "clock",
        "The LMS's clock is two minutes fast",
        "Messages seem to come from the future, and scores from the past.",
        _switch(clock_skew_s=120.0),
    ),
    Breakage(
        "anonymous",
        "Nobody has a name",
        "Names and e-mail addresses are no longer sent.",
        _switch(privacy="anonymous"),
    ),
    Breakage(
        "no_storage",
        "No storage in the frame",
        "The LMS no longer offers to keep launch data for the tool, as in its mobile app.",
        _switch(storage_target=False),
        only="canvas",
    ),
    Breakage(
        "noise",
        "Noise in the messages",
        "Messages carry the empty and unknown members that older Canvas servers send.",
        _switch(noise=True),
        only="canvas",
    ),
    Breakage(
        "scheme",
        "Addresses that disagree",
        "The list of line items is announced with another scheme than the line item itself.",
        _switch(http_lineitems=True),
        only="canvas",
    ),
    Breakage(
        "key_off",
        "The tool is switched off",
        "An administrator has turned the tool off: no launches and no services.",
        _switch(key_on=False),
    ),
)


def apply_breakage(platform: Platform, key: str) -> bool:
    """Break the thing, or mend all; tell whether there was such a thing."""
    found = next((each for each in BREAKAGES if each.key == key), None)
    if key != MEND and (found is None or found.only not in ("", platform.name)):
        return False
    with platform.store.lock:
        if found is None:
            platform.state.faults.clear()
            platform.state.switches = Switches()
            platform.state.tool.deployment_id = platform.settings.deployment_id(platform.name)
        else:
            found.act(platform)
    platform.store.changed()
    return True

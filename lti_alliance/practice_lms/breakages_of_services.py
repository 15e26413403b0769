"""Breakages of single calls: scores, results, tokens, keys and sign-ins."""

from __future__ import annotations

from typing import Any

from lti_alliance.practice_lms.breaking import Breakage
from lti_alliance.practice_lms.platform import Platform

TEN_YEARS_S = 10 * 365 * 24 * 60 * 60


def _score(kind: str, **members: Any) -> dict[str, Any]:
    return {"endpoint": "score", "kind": kind, **members}


def _token(kind: str, **members: Any) -> dict[str, Any]:
    return {"endpoint": "token", "kind": kind, **members}


def _rotate(platform: Platform) -> None:
    platform.rotate_keys()


def _redeploy(platform: Platform) -> None:
    tool = platform.state.tool
    number, _, rest = tool.deployment_id.partition(":")
    tool.deployment_id = f"{int(number) + 1}:{rest}" if rest else str(int(number) + 1)


SERVICE = (
    Breakage(
        "score_503",
        "The gradebook is down for a while",
        "The next three scores are answered with 503. They should arrive by themselves later.",
        fault=_score("status", status=503, times=3, retry_after="2"),
    ),
    Breakage(
        "score_unclear",
        "A score is stored, but the answer is lost",
        "The next score reaches the gradebook and then the connection breaks. It must neither be "
        "lost nor counted twice.",
        fault=_score("unclear"),
    ),
    Breakage(
        "score_reset",
        "The connection breaks before a score is read",
        "The next score is not stored, and no answer comes.",
        fault=_score("reset"),
    ),
    Breakage(
        "score_half",
        "An answer breaks off in the middle",
        "The next score is stored, and half of the answer arrives. It must not be counted twice.",
        fault=_score("reset_during"),
    ),
    Breakage(
        "score_slow",
        "The gradebook is slow",
        "The next two scores wait for eight seconds. No student should have to wait with them.",
        fault=_score("delay", seconds=8, times=2),
    ),
    Breakage(
        "score_drip",
        "An answer trickles in",
        "The next score is stored, and its answer comes one byte a second. The tool should lose "
        "patience, look what is in the gradebook, and not send the score again.",
        fault=_score("drip", seconds=1),
    ),
    Breakage(
        "score_html",
        "A sign-in page instead of an answer",
        "The next score gets a web page with status 200, as a mistaken proxy would send. Nothing "
        "is stored.",
        fault=_score("html"),
    ),
    Breakage(
        "score_garbage",
        "Noise instead of an answer",
        "The next score gets bytes that mean nothing, with status 200. Nothing is stored.",
        fault=_score("garbage"),
    ),
    Breakage(
        "score_empty",
        "A yes that means nothing",
        "The next score is answered with status 200 and an empty body, and is not stored. Only who "
        "looks into the gradebook finds out.",
        fault=_score("empty"),
    ),
    Breakage(
        "results_huge",
        "An answer without end",
        "The next question for results is answered with eight megabytes.",
        fault={"endpoint": "results", "kind": "huge"},
    ),
    Breakage(
        "results_500",
        "Results cannot be read",
        "The next three questions for results fail with 500. Scores are still taken.",
        fault={"endpoint": "results", "kind": "status", "status": 500, "times": 3},
    ),
    Breakage(
        "throttle",
        "Too many requests",
        "The next two scores are refused with “403 Forbidden (Rate Limit Exceeded)”: a wait, not "
        "a missing permission.",
        fault=_score("throttle", times=2),
        only="canvas",
    ),
    Breakage(
        "score_429",
        "Too many requests, come back in five seconds",
        "The next two scores are refused with status 429 and a time to wait.",
        fault=_score("status", status=429, retry_after="5", times=2),
    ),
    Breakage(
        "score_ten_years",
        "Come back in ten years",
        "The next score is answered with 503 and an absurd time to wait. The tool should try again "
        "much sooner.",
        fault=_score("status", status=503, retry_after=str(TEN_YEARS_S)),
    ),
    Breakage(
        "score_moved",
        "The gradebook says that it has moved",
        "The next score is sent on to another host. The tool must not follow with the grade.",
        fault=_score("status", status=307, location="https://elsewhere.example/scores"),
    ),
    Breakage(
        "rate_limit",
        "Two calls a second and no more",
        "Further calls are refused as too many until this is mended. A whole class of grades "
        "should still arrive, only later.",
        moods={"rate_limit_per_s": 2.0},
    ),
)
SIGN_IN = (
    Breakage(
        "token_500",
        "No access tokens",
        "The next two requests for an access token fail with 500.",
        fault=_token("status", status=500, times=2),
    ),
    Breakage(
        "token_garbage",
        "A token that cannot be read",
        "The next request for an access token is answered with noise.",
        fault=_token("garbage"),
    ),
    Breakage(
        "token_html",
        "A sign-in page instead of a token",
        "The next two requests for an access token get a web page with status 200.",
        fault=_token("html", times=2),
    ),
    Breakage(
        "auth_500",
        "Sign-in fails once",
        "The next launch ends in an error page of the LMS.",
        fault={
            "endpoint": "auth",
            "kind": "status",
            "status": 500,
            "body": "Internal Server Error",
        },
    ),
    Breakage(
        "rotate",
        "New signing key",
        "From now on messages are signed with a key that the tool has not seen. Launches should "
        "go on. This cannot be mended, and need not be.",
        act=_rotate,
    ),
    Breakage(
        "jwks_500",
        "The LMS's keys cannot be read",
        "The next three requests for the keys fail with 500. Together with a new signing key, "
        "launches wait.",
        fault={"endpoint": "jwks", "kind": "status", "status": 500, "times": 3},
    ),
    Breakage(
        "redeploy",
        "The tool was installed anew",
        "The deployment id changes, so that every launch waits for the tool's administrator. "
        "“Mend everything” brings the old one back.",
        act=_redeploy,
    ),
    Breakage(
        "no_storage",
        "No storage in the frame",
        "The LMS no longer offers to keep launch data for the tool, as in its mobile app.",
        moods={"storage_target": False},
        only="canvas",
    ),
    Breakage(
        "silent_storage",
        "The storage in the frame never answers",
        "The LMS offers to keep launch data for the tool, and then says nothing. Launches should "
        "go on after a moment, by a cookie or in a new tab.",
        moods={"storage_answers": "never"},
        only="canvas",
    ),
    Breakage(
        "late_storage",
        "The storage in the frame answers too late",
        "Each answer takes three seconds. The tool should have gone on by then, and an answer that "
        "comes late should change nothing.",
        moods={"storage_answers": "late"},
        only="canvas",
    ),
)

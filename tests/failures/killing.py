"""Run the real worker or web application in a process that kills itself once, at a named point.

Run as ``python -m tests.failures.killing K5 worker MARKS`` or ``… K0,K1 web MARKS GUNICORN-ARGS``.
The points are those of the fault matrix (F35, F36). Each is a function of the product, wrapped from
here: the product has no hook for it. MARKS is a folder with one file for each point that has been
reached: a point whose file is there lets everything pass, so it kills once.
"""

import functools
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import g, has_request_context
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from lti_alliance.app import main
from lti_alliance.delivering import Deliverer
from lti_alliance.lti.grade_services import GradeServices
from lti_alliance.lti.guarded_connections import _Guarded
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.lti.kept_tokens import KeptTokens
from lti_alliance.services import answering
from lti_alliance.services.score_steps import StepKind

calling = threading.local()
"""The address that this thread is calling."""


class Strike:
    """Kills the process at a point, unless it has been killed there before."""

    def __init__(self, point: str, marks: Path) -> None:
        self._mark = marks / point

    def __call__(self) -> None:
        try:
            with self._mark.open("x") as mark:
                mark.write(str(os.getpid()))
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def after(owner: Any, name: str, then: Callable[[Any, tuple[Any, ...]], None]) -> None:
    """Let something happen between a function's end and its caller."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*args: Any, **values: Any) -> Any:
        result = original(*args, **values)
        then(result, args)
        return result

    setattr(owner, name, wrapped)


def before(owner: Any, name: str, then: Callable[[tuple[Any, ...]], None]) -> None:
    """Let something happen before a function begins."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*args: Any, **values: Any) -> Any:
        then(args)
        return original(*args, **values)

    setattr(owner, name, wrapped)


def is_score_call() -> bool:
    """Say whether this thread is posting a score, and not asking for a token or a result."""
    return getattr(calling, "url", "").partition("?")[0].endswith("/scores")


# The points


def before_commit_of_submission(strike: Strike) -> None:
    """K0: all is written, and the commit has not been sent."""
    after(answering, "submit_attempt", lambda *_: setattr(g, "has_submitted", True))
    event.listen(Engine, "commit", lambda _: strike() if _submits() else None)


def before_answer_to_submission(strike: Strike) -> None:
    """K1 and F36: the commit is through, and the browser has heard nothing."""
    after(answering, "submit_attempt", lambda *_: setattr(g, "has_submitted", True))
    event.listen(Session, "after_commit", lambda _: strike() if _submits() else None)


def _submits() -> bool:
    return has_request_context() and bool(g.get("has_submitted"))


def after_claim(strike: Strike) -> None:
    """K2: the lease is committed."""
    after(Deliverer, "claim", lambda batch, _: strike() if batch and batch.steps else None)


def after_token(strike: Strike) -> None:
    """K3: a token for scores is fetched and kept."""
    after(KeptTokens, "keep", lambda _, args: strike() if "/score" in args[2] else None)


def after_connect(strike: Strike) -> None:
    """K4: the platform has accepted the connection, and no byte has been sent."""
    before(PlatformHTTP, "request", lambda args: setattr(calling, "url", args[2]))
    after(_Guarded, "_new_conn", lambda *_: strike() if is_score_call() else None)


def after_request(strike: Strike) -> None:
    """K5: the last byte of the score is sent."""
    before(PlatformHTTP, "request", lambda args: setattr(calling, "url", args[2]))
    before(_Guarded, "getresponse", lambda _: strike() if is_score_call() else None)


def after_response(strike: Strike) -> None:
    """K6: the platform has taken the score, and nothing of that is recorded."""
    after(GradeServices, "post_score", lambda *_: strike())


def after_record(strike: Strike) -> None:
    """K7: what the platform answered is committed."""
    after(Deliverer, "_record", lambda _, args: strike() if _has_posted(args[1]) else None)


def _has_posted(heard: Any) -> bool:
    return any(step.kind is StepKind.POST and answer.error is None for step, answer in heard)


POINTS = {
    "K0": before_commit_of_submission,
    "K1": before_answer_to_submission,
    "K2": after_claim,
    "K3": after_token,
    "K4": after_connect,
    "K5": after_request,
    "K6": after_response,
    "K7": after_record,
}


def run(points: str, program: str, marks: str, *arguments: str) -> None:
    """Arm the points and run the program."""
    for point in points.split(","):
        POINTS[point](Strike(point, Path(marks)))
    if program == "worker":
        sys.argv = ["alliance", "worker"]
        main()
        return
    # gunicorn forks its workers from this process, and they keep what is wrapped in it.
    from gunicorn.app.wsgiapp import run as run_gunicorn

    sys.argv = ["gunicorn", *arguments]
    run_gunicorn()


if __name__ == "__main__":
    run(*sys.argv[1:])

"""The demonstration from start to stop."""

import contextlib
import random
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from lti_alliance.demo import course, weeks
from lti_alliance.demo.browser import ScriptedBrowser
from lti_alliance.demo.history import SEED, History, find_activities
from lti_alliance.demo.last_term import play_last_term
from lti_alliance.demo.processes import (
    DemoError,
    Interrupted,
    Processes,
    check_port,
    interrupt_on_signals,
    python,
    wait_until_up,
)
from lti_alliance.demo.stage import PLATFORMS, Stage, prepare_folder, register_platforms
from lti_alliance.models import begin_write, db
from lti_alliance.parts import Parts

GUNICORN_CONFIG = Path(__file__).resolve().parents[2] / "config" / "gunicorn.conf.py"
ROOT = GUNICORN_CONFIG.parents[1]
WEEKS = timedelta(days=21)
_LOOK_EVERY_S = 0.5

Tell = Callable[[str], None]


def run_demo(
    stage: Stage, *, reset: bool, with_history: bool, tell: Tell, wait: Callable[[float], None]
) -> None:
    """Run the tool, a worker and the practice LMS until somebody stops them.

    Raises ``DemoError`` with what to do when it cannot run.
    """
    check_port(stage.port, variable="PORT")
    check_port(stage.lms_port, variable="LMS_PORT")
    prepare_folder(stage, reset=reset)
    processes = Processes(stage.folder / "logs")
    interrupt_on_signals()
    try:
        _start(stage, processes, tell)
        history = _start_history(stage, processes) if with_history else None
        _welcome(stage, tell)
        while True:
            processes.check()
            if history is not None and history.poll() is not None:
                done = history.returncode == 0
                tell("The course history is complete." if done else _history_failed(stage))
                history = None
            wait(_LOOK_EVERY_S)
    except Interrupted:
        tell("Stopping.")
    finally:
        processes.stop()


def play_history(stage: Stage, parts: Parts, *, tell: Tell) -> None:
    """Play what happened in both courses; once per demonstration."""
    if stage.history_marker.exists():
        return
    if stage.history_begun.exists():
        tell("The course history was interrupted earlier: `make demo RESET=1` plays it anew.")
        return
    stage.history_begun.touch()
    began = parts.now() - WEEKS
    for platform, play in (("canvas", weeks.play_canvas), ("moodle", weeks.play_moodle)):
        later = tuple(p for p in course.PLACEMENTS if p is not course.TASTER)
        course.set_up(act, parts.catalogue, stage, platform=platform, placements=later, at=began)
        history = History(
            parts=parts,
            act=act,
            stage=stage,
            platform=platform,
            began=began,
            activities=find_activities(db.session(), stage, platform),
            rng=random.Random(SEED),  # noqa: S311 - a story, not a secret
        )
        play(history, _students(stage, platform), tell=tell)
    play_last_term(parts, act, stage, tell=tell)
    stage.history_marker.touch()


def prepare_tasters(stage: Stage, parts: Parts) -> None:
    """Register both platforms and set up the activities that a visitor may open at once."""
    with act() as session:
        register_platforms(session, stage, at=parts.now())
    if stage.taster_marker.exists():
        return
    for platform in PLATFORMS:
        course.set_up(
            act,
            parts.catalogue,
            stage,
            platform=platform,
            placements=(course.TASTER,),
            at=parts.now() - WEEKS,
        )
    stage.taster_marker.touch()


@contextlib.contextmanager
def act() -> Iterator[Session]:
    """Carry out one act: one transaction, one commit."""
    session = db.session()
    begin_write()
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def _start(stage: Stage, processes: Processes, tell: Tell) -> None:
    env = stage.env()
    tell("Preparing the database.")
    _run_once(stage, processes, "database", "db", "upgrade")
    processes.start(
        "practice LMS",
        python(
            "-m",
            "lti_alliance.practice_lms",
            *("--port", str(stage.lms_port)),
            *("--base-url", stage.lms_url),
            *("--tool", stage.tool_url),
            *("--data", str(stage.folder / "lms")),
        ),
        env=env,
        cwd=ROOT,
    )
    processes.start(
        "tool",
        python(
            *("-m", "gunicorn", "--config", str(GUNICORN_CONFIG)),
            # A browser opens connections ahead of use, and each holds a thread for seconds. The one
            # worker is never replaced: nobody could be answered meanwhile.
            *("--bind", f"127.0.0.1:{stage.port}", "--workers", "1", "--threads", "32"),
            *("--max-requests", "0"),
            "wsgi:app",
        ),
        env=env,
        cwd=ROOT,
    )
    processes.start("worker", _alliance("worker"), env=env, cwd=ROOT)
    wait_until_up(f"{stage.lms_url}/", processes)
    wait_until_up(f"{stage.tool_url}/healthz", processes)
    tell("Registering the two courses and setting up the taster.")
    _run_once(stage, processes, "setting up", "demo", *_stage_options(stage), "stage")


def _start_history(stage: Stage, processes: Processes) -> subprocess.Popen[bytes]:
    play = _alliance("demo", *_stage_options(stage), "history")
    return processes.start("history", play, env=stage.env(), cwd=ROOT, is_brief=True)


def _run_once(stage: Stage, processes: Processes, name: str, *arguments: str) -> None:
    once = processes.start(name, _alliance(*arguments), env=stage.env(), cwd=ROOT, is_brief=True)
    if once.wait(timeout=120) != 0:
        log = (processes.logs / f"{name}.log").read_text(errors="replace").splitlines()
        raise DemoError(f"{name.capitalize()} failed:\n" + "\n".join(log[-15:]))


def _alliance(*arguments: str) -> list[str]:
    return python("-m", "lti_alliance", *arguments)


def _stage_options(stage: Stage) -> tuple[str, ...]:
    return (
        *("--folder", str(stage.folder)),
        *("--port", str(stage.port)),
        *("--lms-port", str(stage.lms_port)),
    )


def _students(stage: Stage, platform: str) -> list[str]:
    people = ScriptedBrowser().get_json(f"{stage.lms_url}/_practice/people/{platform}")
    return [person["id"] for person in people if person["about"] == "Student"]


def _welcome(stage: Stage, tell: Tell) -> None:
    tell(
        f"\n  LTI Alliance is running. Open  {stage.lms_url}\n\n"
        "  It is the front door of a practice LMS: be a student, an instructor, an administrator.\n"
        "  The history of the courses fills in while you look around. Ctrl-C stops everything.\n"
    )


def _history_failed(stage: Stage) -> str:
    log = stage.folder / "logs" / "history.log"
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
    return f"The course history could not be completed; the rest works. The reason:\n{tail}"

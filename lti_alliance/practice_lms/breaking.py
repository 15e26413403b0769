"""Break things and mend them again: faults that wait, moods that last, data that change."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from lti_alliance.practice_lms.course_changes import change
from lti_alliance.practice_lms.faults import KINDS
from lti_alliance.practice_lms.gradebook import columns, display_name
from lti_alliance.practice_lms.moods import Broken, Fault, Switches, Undo
from lti_alliance.practice_lms.platform import Platform
from lti_alliance.practice_lms.state import Activity, Course, LineItem, Person

MET = {
    "token": "A request for an access token",
    "score": "A score",
    "lineitems": "A request about line items",
    "results": "A request for results",
    "memberships": "A request for the members",
    "jwks": "A request for the LMS's keys",
    "auth": "A sign-in",
    "deep_linking": "What the picker sends back",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a breakage of data is about: the first activity and student that have a score."""

    course: Course
    item: LineItem
    activity: Activity
    student: Person

    @property
    def names(self) -> dict[str, str]:
        """Return the names that a breakage's words may use."""
        return {
            "activity": f"“{self.activity.title}”",
            "student": display_name(self.student),
            "points": f"{self.item.score_maximum:g}",
        }


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a course's data, in the words of `course_changes`."""

    what: str
    value: Any
    about: str = ""


@dataclass(frozen=True, slots=True)
class Breakage:
    """One thing to break: a fault that waits, moods, changes of data, or an act of its own."""

    key: str
    title: str
    meaning: str
    fault: dict[str, Any] = field(default_factory=dict)
    moods: dict[str, Any] = field(default_factory=dict)
    steps: Callable[[Platform, Scene], list[Step]] | None = None
    act: Callable[[Platform], None] | None = None
    only: str = ""

    def is_on(self, platform: Platform) -> bool:
        """Tell whether this holds until it is mended; faults are used up by themselves."""
        return any(each.key == self.key for each in platform.state.broken) or (
            bool(self.moods)
            and all(
                getattr(platform.state.switches, name) == mood for name, mood in self.moods.items()
            )
        )

    def words(self, scene: Scene | None) -> str:
        """Return what will be seen, with the names of those whom it is about."""
        if self.steps is None:
            return self.meaning
        if scene is None:
            return "There is no graded activity with a student that this could be about."
        return self.meaning.format(**scene.names)


def scene_of(platform: Platform) -> Scene | None:
    """Return the first activity and student that have a score, or else simply the first."""
    course = next(iter(platform.state.courses.values()))
    students = platform.students(course)
    first = None
    for item, activity in columns(course):
        if activity is None or not students or not item.primary:
            continue
        first = first or Scene(course, item, activity, students[0])
        for student in students:
            cell = course.find_cell(item.id, student.id)
            if cell is not None and cell.score is not None:
                return Scene(course, item, activity, student)
    return first


def break_thing(platform: Platform, breakage: Breakage) -> None:
    """Let the fault wait, turn the moods on, change the data."""
    with platform.store.lock:
        if breakage.fault:
            platform.state.faults.append(Fault.from_json(breakage.fault))
        for name, mood in breakage.moods.items():
            setattr(platform.state.switches, name, mood)
        scene = scene_of(platform)
        if breakage.steps is not None and scene is not None:
            words = f"{breakage.title}. {breakage.words(scene)}"
            broken = Broken(breakage.key, words, scene.course.id)
            for step in breakage.steps(platform, scene):
                before = change(
                    platform, scene.course, step.what, about=step.about, value=step.value
                )
                broken.undo.append(Undo(step.what, step.about, before))
            platform.state.broken.append(broken)
        if breakage.act is not None:
            breakage.act(platform)
    platform.store.changed()


def mend_thing(platform: Platform, breakage: Breakage) -> None:
    """Undo one breakage that holds until it is mended."""
    with platform.store.lock:
        usual = Switches()
        for name in breakage.moods:
            setattr(platform.state.switches, name, getattr(usual, name))
        _undo(platform, [each for each in platform.state.broken if each.key == breakage.key])
    platform.store.changed()


def mend_everything(platform: Platform) -> None:
    """Bring back faults, moods, data and the tool's deployment as they were."""
    with platform.store.lock:
        platform.state.faults.clear()
        platform.state.switches = Switches()
        platform.state.tool.deployment_id = platform.usual_deployment_id
        _undo(platform, list(platform.state.broken))
    platform.store.changed()


def _undo(platform: Platform, broken: list[Broken]) -> None:
    for each in reversed(broken):
        course = platform.state.courses.get(each.course)
        for undo in reversed(each.undo if course is not None else []):
            assert course is not None
            # What has gone for good in the meantime need not be mended.
            with contextlib.suppress(KeyError):
                change(platform, course, undo.what, about=undo.about, value=undo.before)
        platform.state.broken.remove(each)


def active(platform: Platform, breakages: Iterable[Breakage]) -> list[str]:
    """Return what is broken now, each in a sentence."""
    state, usual = platform.state, Switches()
    found = [each.words for each in state.broken]
    explained: set[str] = set()
    for breakage in breakages:
        if breakage.moods and breakage.is_on(platform):
            found.append(f"{breakage.title}. {breakage.meaning}")
            explained |= set(breakage.moods)
    for each in dataclasses.fields(Switches):
        now = getattr(state.switches, each.name)
        if each.name not in explained and now != getattr(usual, each.name):
            found.append(f"The switch {each.name} is {now}.")
    if state.tool.deployment_id != platform.usual_deployment_id:
        found.append(f"The tool is installed anew, as deployment {state.tool.deployment_id}.")
    return found + [_waiting(each) for each in state.faults]


def _waiting(fault: Fault) -> str:
    does = KINDS.get(fault.kind, fault.kind)
    if fault.kind == "status":
        does = f"is answered with status {fault.status}"
    whose = " about one student" if fault.only_sub else ""
    after = f", after {fault.skip} that pass" if fault.skip else ""
    times = "once" if fault.times == 1 else f"{fault.times} times"
    return f"{MET.get(fault.endpoint, fault.endpoint)}{whose} {does}, {times}{after}."

"""One person's work in one activity, as a platform asks to see it from its gradebook."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.models import Activity, Attempt, LaunchSession, Membership, Reflection, User
from lti_alliance.services import student_home
from lti_alliance.services.activities import find_attempt_in, find_reflection_in
from lti_alliance.services.student_home import AttemptReport, StudentHome


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What somebody has in an activity."""

    home: StudentHome
    shown: AttemptReport | None
    """The attempt that was asked for; else the one that counts, else the last handed in."""

    @property
    def reflections(self) -> tuple[Reflection, ...]:
        """What was handed in of the reflections."""
        written = (card.reflection for card in self.home.reflections)
        return tuple(each for each in written if each is not None and each.submitted_at)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been handed in."""
        return self.shown is None and not self.reflections


def find_person(session: Session, launch: LaunchSession) -> Membership | None:
    """Return whose work a launch asks for, who may never have been in the course."""
    if launch.context is None:
        return None
    if launch.target_attempt:
        attempt = find_attempt_in(session, launch.context, launch.target_attempt)
        return attempt.membership if attempt else None
    if launch.target_reflection:
        reflection = find_reflection_in(session, launch.context, launch.target_reflection)
        return reflection.membership if reflection else None
    return session.scalar(
        select(Membership)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.context_id == launch.context.id,
            User.registration_id == launch.registration_id,
            User.sub == launch.for_user,
        )
    )


def get_submission(
    session: Session,
    catalogue: Catalogue,
    *,
    activity: Activity,
    person: Membership,
    asked: Attempt | None,
    is_own: bool,
    at: datetime,
) -> Submission:
    """Report on a person's work: to its student as far as the feedback goes, to others in full."""
    home = student_home.student_home(
        session, catalogue, activity=activity, membership=person, at=at
    )
    attempt = _attempt_to_show(home, asked)
    shown = (
        student_home.attempt_report(session, catalogue, attempt=attempt, is_own=is_own, at=at)
        if attempt
        else None
    )
    return Submission(home=home, shown=shown)


def _attempt_to_show(home: StudentHome, asked: Attempt | None) -> Attempt | None:
    finished = home.quiz.finished if home.quiz else ()
    wanted = (asked.id if asked else None, home.quiz.counted_id if home.quiz else None)
    for key in wanted:
        for attempt in finished:
            if attempt.id == key:
                return attempt
    return finished[-1] if finished else None

"""The page of one person's work that a platform opens from its gradebook."""

from dataclasses import dataclass

from flask import Response

from lti_alliance.domain.launch import Role
from lti_alliance.domain.modules import Share
from lti_alliance.domain.reflections import ReflectionState
from lti_alliance.errors import NotAllowed
from lti_alliance.models import Membership, Reflection, db
from lti_alliance.parts import parts
from lti_alliance.services import assessing, flags, sections, submissions
from lti_alliance.services.submissions import Submission
from lti_alliance.web import access, observing, opening, quiz_results, transaction, wording
from lti_alliance.web.rendering import page


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReflection:
    """A reflection that was handed in, with its text where the reader may have it."""

    reflection: Reflection
    task: str
    is_private: bool
    is_held: bool = False
    text: str = ""


@access.visitor
def submission() -> Response:
    """Show the work that this launch asks for, to those who teach and to its own student."""
    visit = access.current()
    person = submissions.find_person(db.session(), visit.launch)
    is_own = person is not None and person.user_id == visit.user.id
    if visit.role is Role.OBSERVER:
        return observing.show(visit, person)
    if not (visit.role.teaches or is_own or _asks_for_own(visit)):
        raise NotAllowed("review.not_allowed")
    if person is not None and not is_own:
        sections.check_may_see(db.session(), opening.member_of(visit), person)
    found = opening.opening_of(visit)
    if found.activity is None:
        return page("student/not_set_up.html")
    if person is None:
        # Somebody who has never come, or whom nobody has heard of: there is no work either way.
        return page("student/submission.html", activity=found.activity, submission=None)
    shown = submissions.get_submission(
        db.session(),
        parts().catalogue,
        activity=found.activity,
        person=person,
        asked=found.attempt,
        is_own=is_own,
        at=parts().now(),
    )
    texts = [] if is_own else _read(shown)
    return _page(visit, person, shown, texts, is_own=is_own)


def _page(
    visit: access.Visit,
    person: Membership,
    shown: Submission,
    texts: list[ReadReflection],
    *,
    is_own: bool,
) -> Response:
    report = shown.shown
    results = []
    if report is not None and report.outcomes is not None:
        results = quiz_results.item_results(report.sheet, report.outcomes, stage=report.stage)
    return page(
        "student/submission.html",
        activity=opening.activity_of(visit),
        module=shown.home.module,
        submission=shown,
        settings=shown.home.settings,
        quiz=shown.home.quiz,
        standing=shown.home.standing,
        report=report,
        results=results,
        texts=texts,
        person=person,
        student=wording.member_name(person),
        is_own=is_own,
        is_preview=person.is_test_user,
    )


def _asks_for_own(visit: access.Visit) -> bool:
    return bool(visit.launch.for_user) and visit.launch.for_user == visit.user.sub


def _read(shown: Submission) -> list[ReadReflection]:
    """Open the reflections for somebody who teaches; that they were read is put on record."""
    if not shown.reflections:
        return []
    read = []
    reader = opening.member_of(access.current())
    with transaction.act() as session:
        for card in shown.home.reflections:
            found = card.reflection
            if found is None or not found.submitted_at:
                continue
            prompt = assessing.prompt_of(session, parts().catalogue, found)
            if prompt.share is Share.PRIVATE:
                read.append(ReadReflection(reflection=found, task=prompt.prompt, is_private=True))
                continue
            is_held = found.state == ReflectionState.FROZEN
            if is_held and not flags.may_decide(session, found, reader):
                read.append(
                    ReadReflection(
                        reflection=found, task=prompt.prompt, is_private=False, is_held=True
                    )
                )
                continue
            opened = assessing.read_for_grading(
                session,
                parts().catalogue,
                parts().sealer,
                reflection=found,
                reader=reader,
                at=parts().now(),
            )
            read.append(
                ReadReflection(
                    reflection=found, task=prompt.prompt, is_private=False, text=opened.text
                )
            )
    return read

"""The sheet of a set of practice: its items as they were given, answered, judged and explained."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.attempts import (
    FeedbackStage,
    Form,
    form_from_json,
    form_to_json,
    lay_out,
)
from lti_alliance.domain.feedback import Verdict, verdict_of
from lti_alliance.domain.items import (
    Item,
    Response,
    response_from_json,
    response_to_json,
)
from lti_alliance.domain.modules import Module
from lti_alliance.domain.places_to_read import Place, places_to_read
from lti_alliance.domain.practice import Candidate
from lti_alliance.domain.response_processing import Outcome, process
from lti_alliance.errors import NotFound
from lti_alliance.models import Activity, PracticeSet
from lti_alliance.services import attempt_sheets, judging, modules, practice_items
from lti_alliance.services.attempt_sheets import Fields
from lti_alliance.services.practice_items import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The items of a set that come from one module, with what has been answered."""

    module: Module
    activity: Activity | None
    form: Form
    items: tuple[Item, ...]
    responses: Mapping[str, Response]
    confidences: Mapping[str, int]
    checked: frozenset[str] = frozenset()
    """Nothing is checked before the whole set is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAgain:
    """What to read again in one module."""

    paper: int
    """Which paper of the set, counted from 0."""
    module: Module
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeReport:
    """A finished set, as far as it may be shown now."""

    papers: tuple[Paper, ...]
    outcomes: Mapping[str, Outcome]
    stages: Mapping[str, FeedbackStage]
    tally: Mapping[Verdict, int]
    """How many answers stand how, of those that may be shown and whose key is agreed on."""
    read_again: tuple[ReadAgain, ...]

    @property
    def counted(self) -> int:
        """How many items the tally is about."""
        return sum(self.tally.values())

    @property
    def has_hidden(self) -> bool:
        """Whether something is not shown in full yet."""
        return any(stage is not FeedbackStage.FINAL for stage in self.stages.values())


def lay_papers(
    session: Session,
    sources: Sequence[Source],
    drawn: Iterable[Candidate],
    *,
    rng: Random,
    at: datetime,
) -> dict[str, Any]:
    """Lay the drawn items out, one paper for each module, for storage."""
    by_source = dict[int, set[str]]()
    for each in drawn:
        by_source.setdefault(each.source, set()).add(each.item_id)
    for number in by_source:
        # A required module may not have been seen in any course yet.
        modules.keep_version(session, sources[number].module, at=at)
    return {
        "papers": [
            {
                "content": source.module.content_hash,
                "activity": str(source.activity.id) if source.activity else None,
                **form_to_json(lay_out(source.module, by_source[number], rng=rng)),
            }
            for number, source in enumerate(sources)
            if number in by_source
        ]
    }


def get_papers(session: Session, catalogue: Catalogue, row: PracticeSet) -> tuple[Paper, ...]:
    """Return a set as it was given, in the content versions it was drawn from."""
    return tuple(_papers(session, catalogue, row))


def get_paper(session: Session, catalogue: Catalogue, row: PracticeSet, number: int) -> Paper:
    """Return one paper of a set, counted from 0."""
    papers = get_papers(session, catalogue, row)
    if number >= len(papers):
        raise NotFound
    return papers[number]


def read_answers(row: PracticeSet, papers: Sequence[Paper], fields: Fields) -> dict[str, Any]:
    """Return what is answered once these fields are added to it, for storage.

    Raises ``InvalidInput`` as ``attempt_sheets.read_fields`` does.
    """
    items = [item for paper in papers for item in paper.items]
    attempt_sheets.check_fields(items, fields)
    kept = {item_id: dict(given) for item_id, given in row.responses.items()}
    for item_id, response in attempt_sheets.read_responses(items, fields).items():
        value = response_to_json(response) if response is not None else None
        kept.setdefault(item_id, {})["value"] = value
    for item_id, sure in attempt_sheets.read_sureness(items, fields).items():
        kept.setdefault(item_id, {})["sure"] = sure
    return kept


def judge(
    session: Session, papers: Sequence[Paper], responses: Mapping[str, Response]
) -> dict[str, Outcome]:
    """Judge every item of a set, with the wordings accepted in the activity it comes from."""
    outcomes = {}
    for paper in papers:
        decided = judging.judging_of(session, paper.activity.id) if paper.activity else None
        for item in paper.items:
            judged = decided.accepting(item) if decided else item
            outcomes[item.id] = process(judged, responses.get(item.id))
    return outcomes


def given_responses(stored: Mapping[str, Any]) -> dict[str, Response]:
    """Read stored answers back."""
    return {
        item_id: response_from_json(given["value"])
        for item_id, given in stored.items()
        if given.get("value") is not None
    }


def outcome_to_json(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """Turn what a set came to into plain values for storage."""
    return {
        item_id: {"verdict": verdict_of(outcome), "counted": outcome.maximum > 0}
        for item_id, outcome in outcomes.items()
    }


def report(
    session: Session, catalogue: Catalogue, row: PracticeSet, *, at: datetime
) -> PracticeReport:
    """Report on a finished set: in full, but for what an activity of the course still hides."""
    papers = get_papers(session, catalogue, row)
    ground = practice_items.survey(session, row.membership)
    hidden = practice_items.stages_by_item(session, catalogue, ground, at=at)
    outcomes = judge(session, papers, given_responses(row.responses))
    stages = {item_id: hidden.get(item_id, FeedbackStage.FINAL) for item_id in outcomes}
    told = {
        item_id: verdict_of(outcome)
        for item_id, outcome in outcomes.items()
        if stages[item_id] is not FeedbackStage.NONE and outcome.maximum > 0
    }
    wrong = {item_id for item_id, verdict in told.items() if verdict is not Verdict.RIGHT}
    return PracticeReport(
        papers=papers,
        outcomes=outcomes,
        stages=stages,
        tally={verdict: list(told.values()).count(verdict) for verdict in Verdict},
        read_again=tuple(
            ReadAgain(paper=number, module=paper.module, places=places)
            for number, paper in enumerate(papers)
            if (places := _places(paper, wrong))
        ),
    )


def _papers(session: Session, catalogue: Catalogue, row: PracticeSet) -> Iterator[Paper]:
    responses = given_responses(row.responses)
    sure = {i: given["sure"] for i, given in row.responses.items() if given.get("sure")}
    for stored in row.form["papers"]:
        activity = session.get(Activity, UUID(stored["activity"])) if stored["activity"] else None
        content_hash = stored["content"]
        module = (
            modules.module_for(session, catalogue, activity, content_hash=content_hash)
            if activity
            else modules.get_module(session, catalogue, content_hash=content_hash)
        )
        form = form_from_json(stored)
        yield Paper(
            module=module,
            activity=activity,
            form=form,
            items=tuple(module.quiz.get_item(given.item_id) for given in form.items),
            responses=responses,
            confidences=sure,
        )


def _places(paper: Paper, wrong: set[str]) -> tuple[Place, ...]:
    return places_to_read(paper.module, [item for item in paper.items if item.id in wrong])

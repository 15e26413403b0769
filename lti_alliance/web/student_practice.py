"""A student's pages of practice: warm-ups, sets of their own choice, what came of them."""

from collections.abc import Mapping
from random import SystemRandom
from re import fullmatch
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from lti_alliance.domain.exam_domains import domains_of
from lti_alliance.domain.launch import Role
from lti_alliance.domain.practice import SIZES, PracticeState
from lti_alliance.errors import InvalidInput
from lti_alliance.models import PracticeSet, db
from lti_alliance.parts import parts
from lti_alliance.services import practice, practice_sheets, warm_ups
from lti_alliance.web import access, forms, opening, practice_pages, transaction
from lti_alliance.web.opening import activity_of, member_of
from lti_alliance.web.rendering import page

_random = SystemRandom()
_CHOICE_FIELDS = frozenset({"modules", "size", "frame", "domain", "minutes"})
_SET = "/practice/<set_id>"


def register(blueprint: Blueprint) -> None:
    """Add the routes of practice to a student's."""
    add = blueprint.add_url_rule
    add("/practice", view_func=choose_practice)
    add("/practice", view_func=start_practice, methods=["POST"])
    add("/warm-up", view_func=start_warm_up, methods=["POST"])
    add("/warm-up/leaving", view_func=leave_out_warm_up, methods=["POST"])
    add(_SET, view_func=practice_set)
    add(f"{_SET}/responses", view_func=save_practice, methods=["POST"])
    add(f"{_SET}/finish", view_func=finish_practice, methods=["POST"])
    add(f"{_SET}/leaving", view_func=leave_practice, methods=["POST"])
    add(f"{_SET}/reading/<int:number>", view_func=practice_reading)


@access.role(Role.LEARNER)
def choose_practice() -> Response:
    """Show what may be practised, and what was."""
    return _choose_page()


@access.role(Role.LEARNER)
def start_practice() -> BaseResponse:
    """Start a set of what the student chose."""
    visit = access.current()
    here = opening.opening_of(visit).activity
    forms.check_fields(request.form, _CHOICE_FIELDS)
    try:
        with transaction.act() as session:
            made = practice.start_practice(
                session,
                parts().catalogue,
                membership=member_of(visit),
                here=here,
                form=_typed_choice(),
                rng=_random,
                at=parts().now(),
            )
    except InvalidInput as invalid:
        return _choose_page(values=_typed_choice(), errors=invalid.fields, status=422)
    return redirect(url_for(".practice_set", set_id=made.id), 303)


@access.role(Role.LEARNER)
def start_warm_up() -> BaseResponse:
    """Start the warm-up of the activity, or go on with it."""
    visit = access.current()
    activity = activity_of(visit)
    with transaction.act() as session:
        made = warm_ups.start_warm_up(
            session,
            parts().catalogue,
            activity=activity,
            membership=member_of(visit),
            rng=_random,
            at=parts().now(),
        )
    return redirect(url_for(".practice_set", set_id=made.id), 303)


@access.role(Role.LEARNER)
def leave_out_warm_up() -> BaseResponse:
    """Leave the warm-up of the activity out."""
    visit = access.current()
    activity = activity_of(visit)
    with transaction.act() as session:
        warm_ups.leave_out_warm_up(
            session, activity=activity, membership=member_of(visit), at=parts().now()
        )
    return redirect(url_for(".home"), 303)


@access.role(Role.LEARNER)
def practice_set(set_id: str) -> BaseResponse:
    """Show a set: its questions while it is open, its report afterwards."""
    row = _own_set(set_id)
    match PracticeState(row.state):
        case PracticeState.OPEN:
            return _questions(row)
        case PracticeState.FINISHED:
            return _report(row)
        case PracticeState.LEFT_OUT:
            return redirect(url_for(".choose_practice"), 303)


@access.role(Role.LEARNER)
def save_practice(set_id: str) -> BaseResponse:
    """Save what is answered so far, and come back to the place it was sent from."""
    row, fields = _own_set(set_id), forms.other_fields(request.form)
    try:
        with transaction.act() as session:
            practice.save_answers(session, parts().catalogue, row=row, fields=fields)
    except InvalidInput as invalid:
        return _refused(set_id, fields, invalid)
    then = request.args.get("then", "")
    place = then if fullmatch(r"question-\d{1,3}", then) else None
    return redirect(url_for(".practice_set", set_id=set_id, _anchor=place), 303)


@access.role(Role.LEARNER)
def finish_practice(set_id: str) -> BaseResponse:
    """Finish a set; sent again, it leads to the same report."""
    row, fields = _own_set(set_id), forms.other_fields(request.form)
    try:
        with transaction.act() as session:
            practice.finish(session, parts().catalogue, row=row, fields=fields, at=parts().now())
    except InvalidInput as invalid:
        return _refused(set_id, fields, invalid)
    return redirect(url_for(".practice_set", set_id=set_id), 303)


@access.role(Role.LEARNER)
def leave_practice(set_id: str) -> BaseResponse:
    """Leave an open set out."""
    row = _own_set(set_id)
    with transaction.act() as session:
        practice.leave_out(session, row)
    return redirect(url_for(".home" if row.activity_id else ".choose_practice"), 303)


@access.role(Role.LEARNER)
def practice_reading(set_id: str, number: int) -> Response:
    """Show the reading of a module that a set drew on."""
    row = _own_set(set_id)
    paper = practice_sheets.get_paper(db.session(), parts().catalogue, row, number)
    return page(
        "student/reading.html",
        activity=opening.opening_of(access.current()).activity,
        module=paper.module,
        back_url=url_for(".practice_set", set_id=set_id),
    )


def _own_set(set_id: str) -> PracticeSet:
    member = member_of(access.current())
    return practice.get_set(db.session(), opening.key(set_id), membership=member)


def _typed_choice() -> dict[str, Any]:
    return {
        "modules": request.form.getlist("modules"),
        **{name: request.form.get(name, "") for name in ("size", "frame", "domain", "minutes")},
    }


def _choose_page(
    *,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    visit = access.current()
    member, here = member_of(visit), opening.opening_of(visit).activity
    offers = practice.list_offers(
        db.session(), parts().catalogue, membership=member, here=here, at=parts().now()
    )
    proposed = {"modules": [offer.module.id for offer in offers], "size": str(SIZES[0])}
    return page(
        "student/practice.html",
        activity=here,
        status=status,
        offers=offers,
        sizes=SIZES,
        domains=domains_of(code for offer in offers for code in offer.module.standards),
        values=values
        if values is not None
        else {"frame": "", "domain": "", "minutes": "", **proposed},
        errors=errors or {},
        open_set=practice.find_open_practice(db.session(), member),
        history=practice.list_sets(
            db.session(), parts().catalogue, membership=member, at=parts().now()
        ),
    )


def _questions(
    row: PracticeSet,
    *,
    typed: forms.Fields | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    papers = practice_sheets.get_papers(db.session(), parts().catalogue, row)
    found = practice_pages.sheaves(papers, typed=typed)
    ends_at = practice_pages.ends_at(row)
    return page(
        "student/practice_set.html",
        activity=opening.opening_of(access.current()).activity,
        status=status,
        set=row,
        sheaves=found,
        total=sum(len(sheaf.items) for sheaf in found),
        errors=errors or {},
        ends_at=ends_at,
        seconds_left=max(0, int((ends_at - parts().now()).total_seconds())) if ends_at else 0,
    )


def _report(row: PracticeSet) -> Response:
    report = practice_sheets.report(db.session(), parts().catalogue, row, at=parts().now())
    found = practice_pages.result_sheaves(report)
    return page(
        "student/practice_report.html",
        activity=opening.opening_of(access.current()).activity,
        set=row,
        report=report,
        sheaves=found,
        numbers=practice_pages.numbers_of(found),
        minutes_taken=practice_pages.minutes_taken(row),
    )


def _refused(set_id: str, fields: forms.Fields, invalid: InvalidInput) -> Response:
    """Answer a form that could not be read with a page on which nothing typed is lost."""
    if invalid.code != "response.invalid":
        raise invalid
    return _questions(_own_set(set_id), typed=fields, errors=invalid.fields, status=422)

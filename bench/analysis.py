"""The analysis of a great class: its page over many first attempts at one activity.

Run as ``python -m bench.analysis``. A few dozen attempts are made by the tool's own code, answers
drawn at random, and multiplied in PostgreSQL. Exit status 1 means that the page is not answered or
that it tells of another number of students.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from statistics import median

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bench import report
from bench.commands import add_usual, ending_clearly, facts_of, finish, server_of, tell
from bench.databases import postgresql_database
from bench.inside import Cost, cost_of, inside, statements_in
from bench.outcome import Outcome, Verdict
from bench.profiles import look_inside
from lti_alliance.domain.activities import ActivitySettings, Part
from lti_alliance.domain.items import Item, MultipleItem, ShortItem, SingleItem, response_field
from lti_alliance.domain.launch import Role
from lti_alliance.models import Activity, Membership, Response, db
from lti_alliance.parts import parts
from lti_alliance.services import activities, answering, attempt_sheets, attempts
from tests import factories
from tests.answers import right_values
from tests.web.visits import visit

AIM_S = 1.0
MODULE = "ethics-telehealth"
_SAMPLES = 60
_LOOKS = 5
_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = server_of(chosen)
    facts = facts_of(server)
    with ending_clearly(), postgresql_database(server) as database, inside(database) as app:
        session = db.session()
        activity, teacher = _fill(session, chosen.attempts)
        visitor = visit(app, session, teacher, link=activity.resource_link, at=_now())
        faults: list[str] = []

        def look() -> None:
            answer = visitor.get("analysis")
            told = f"<dd>{chosen.attempts}"
            if answer.status_code != 200 or told not in answer.text:
                faults.append(f"{answer.status}: the page does not tell of everybody")

        answers = session.scalar(select(func.count()).select_from(Response)) or 0
        sent = statements_in(look)
        costs = [cost_of(look, database, times=chosen.times) for _ in range(chosen.rounds)]
        profile = look_inside(look, times=_LOOKS) if chosen.profile else ()
    finish(
        chosen, replace(_outcome(chosen, costs, (sent, answers), faults, facts), profile=profile)
    )


def _fill(session: Session, count: int) -> tuple[Activity, Membership]:
    """Let some people answer at random, and then so many that each answers as one of them did."""
    course = factories.make_course(session)
    teacher = factories.make_member(session, course, role=Role.INSTRUCTOR)
    activity = activities.set_up_activity(
        session,
        parts().catalogue,
        link=factories.make_link(session, course),
        module_id=MODULE,
        settings=ActivitySettings(parts=frozenset({Part.QUIZ}), attempts=1),
        actor=teacher,
        at=_AT,
    )
    chance = Random(7)
    for number in range(_SAMPLES):
        member = factories.make_member(session, course)
        _answer(session, activity, member, chance, skill=number / _SAMPLES)
    session.commit()
    values = {"activity": activity.id, "context": course.id, "more": count - _SAMPLES}
    for statement in _MULTIPLY:
        session.execute(text(statement), values)
    session.commit()
    session.execute(text("ANALYZE"))
    session.commit()
    session.expire_all()
    tell(f"{count:,} attempts are in the database")
    return activity, teacher


def _answer(
    session: Session, activity: Activity, member: Membership, chance: Random, *, skill: float
) -> None:
    """Hand in one attempt: the more skilled somebody is, the more of it is right."""
    attempt = attempts.start_attempt(
        session, parts().catalogue, activity=activity, membership=member, rng=chance, at=_AT
    )
    sheet = attempt_sheets.get_sheet(session, parts().catalogue, attempt)
    fields = {
        response_field(item.id): _values(item, chance, skill)
        for item in sheet.items
        if chance.random() < 0.95
    }
    answering.submit_attempt(
        session,
        parts().catalogue,
        attempt=attempt,
        fields=fields,
        base_version=attempt.saved_version,
        at=_AT,
    )


def _values(item: Item, chance: Random, skill: float) -> list[str]:
    if chance.random() < skill:
        return right_values(item)
    if isinstance(item, SingleItem):
        return [chance.choice(item.options).id]
    if isinstance(item, MultipleItem):
        return [option.id for option in item.options if chance.random() < 0.5]
    return ["nonsense"] if isinstance(item, ShortItem) else []


_MULTIPLY = (
    (
        "CREATE TEMPORARY TABLE sample AS SELECT id, row_number() OVER (ORDER BY id) AS place"
        " FROM attempts WHERE activity_id = :activity"
    ),
    (
        "INSERT INTO users (id, registration_id, sub, created_at)"
        " SELECT md5('user ' || n)::uuid, registration_id, 'many ' || n, c.created_at"
        " FROM contexts c JOIN deployments d ON d.id = c.deployment_id, generate_series(1, :more) n"
        " WHERE c.id = :context"
    ),
    (
        "INSERT INTO memberships (id, context_id, user_id, role, is_test_user, number, sections,"
        " first_launch_at, last_launch_at)"
        " SELECT md5('member ' || n)::uuid, id, md5('user ' || n)::uuid, 'learner', false,"
        " 100000 + n, '[]', created_at, created_at"
        " FROM contexts, generate_series(1, :more) n WHERE id = :context"
    ),
    (
        "INSERT INTO attempts (id, activity_id, membership_id, number, state, form, item_ids,"
        " content_hash, saved_version, saved_at, started_at, submitted_at, score, maximum)"
        " SELECT md5('attempt ' || n)::uuid, activity_id, md5('member ' || n)::uuid, 1, state,"
        " form, item_ids, content_hash, saved_version, saved_at, started_at, submitted_at, score,"
        " maximum"
        " FROM generate_series(1, :more) n"
        " JOIN sample ON place = 1 + n % (SELECT count(*) FROM sample) JOIN attempts USING (id)"
    ),
    (
        "INSERT INTO responses (id, attempt_id, item_id, value, confidence, points, is_correct,"
        " is_unmatched) SELECT gen_random_uuid(), md5('attempt ' || n)::uuid, item_id, value,"
        " 1 + n % 3, points, is_correct, is_unmatched FROM generate_series(1, :more) n"
        " JOIN sample ON place = 1 + n % (SELECT count(*) FROM sample)"
        " JOIN responses ON attempt_id = sample.id"
    ),
)


def _outcome(
    chosen: argparse.Namespace,
    costs: Sequence[Cost],
    counted: tuple[int, int],
    faults: Sequence[str],
    facts: dict[str, object],
) -> Outcome:
    sent, answers = counted
    database_s = median(each.database_s for each in costs)
    lines = [
        "| attempts | answers | wall s | CPU s | of it the database | statements |",
        "|---:|---:|---:|---:|---:|---:|",
        (
            f"| {chosen.attempts:,} | {answers:,} "
            f"| {report.spread(each.wall_s for each in costs).text(2)} "
            f"| {report.spread(each.cpu_s for each in costs).text(2)} "
            f"| {report.spread(each.database_s for each in costs).text(2)} | {sent} |"
        ),
    ]
    return Outcome(
        question="analysis",
        command="python -m bench.analysis",
        machine=report.machine_line(facts),
        tables=("\n".join(lines),),
        verdicts=(
            Verdict(
                target=f"page of the analysis of {chosen.attempts:,} attempts",
                aim=AIM_S,
                measured=median(each.cpu_s for each in costs),
                unit="CPU s with the database",
                note=f"{answers:,} answers; the database {database_s:.1f} s",
            ),
        ),
        faults=faults,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.analysis", description=__doc__)
    parser.add_argument("--attempts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=2, help="visits in a row, in each round")
    return add_usual(parser, quick={"attempts": 500, "rounds": 2})


if __name__ == "__main__":
    main()

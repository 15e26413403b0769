"""The roster of a great course: read by this tool into PostgreSQL, and by PyLTI1p3 into a list.

Run as ``python -m bench.roster``. The load platform lists everybody in pages, at once or after a
pause. PyLTI1p3 reads with one connector, its key loaded, and keeps nothing; this tool makes people,
names and entries of it, and on the second reading finds that nothing has changed. Exit status 1
means that somebody is missing.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from pylti1p3.names_roles import NamesRolesProvisioningService
from pylti1p3.registration import Registration
from pylti1p3.service_connector import ServiceConnector
from sqlalchemy import func, select

from bench import report
from bench.arena import LoadPlatform, running_platform
from bench.commands import add_usual, ending_clearly, facts_of, finish, server_of, tell
from bench.contestants import told_of
from bench.databases import Database, postgresql_database
from bench.inside import Cost, cost_of, inside
from bench.messages import Issuer
from bench.outcome import Outcome, Verdict
from bench.rows import add_platform
from lti_alliance.delivering import Deliverer
from lti_alliance.demo.processes import Processes
from lti_alliance.demo.run import act
from lti_alliance.lti import keys
from lti_alliance.models import Context, Deployment, RosterEntry, db
from lti_alliance.parts import parts, utc_now
from lti_alliance.services import rosters

LIBRARY, FIRST, AGAIN = "PyLTI1p3, a list", "this tool, first reading", "this tool, again"
AIM_RATIO = 1.25
"""The library makes a list and forgets it; this tool keeps everybody."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of the whole roster."""

    name: str
    page: int
    delay_ms: int
    cost: Cost
    found: int


@dataclass(frozen=True, slots=True)
class Place:
    """How the platform lists people in this part of the run."""

    url: str
    page: int
    delay_ms: int


def main() -> None:
    """Run what the options ask for and report it."""
    chosen = _parse()
    server = server_of(chosen)
    facts = facts_of(server)
    with (
        ending_clearly(),
        tempfile.TemporaryDirectory(prefix="alliance-bench-") as name,
        postgresql_database(server) as database,
    ):
        processes = Processes(Path(name) / "logs")
        try:
            with running_platform(processes, Path(name)) as platform, inside(database) as app:
                readings = list(_readings(chosen, platform, database, app))
        finally:
            processes.stop()
    finish(chosen, _outcome(readings, chosen, facts))


def _readings(
    chosen: argparse.Namespace, platform: LoadPlatform, database: Database, app: Flask
) -> Iterator[Reading]:
    issuer = platform.issuer
    with act() as session:
        keys.ensure_keys(session, parts().sealer, at=utc_now())
        registration = add_platform(session, told_of(issuer))
        deployment_id = session.scalars(
            select(Deployment.id).where(Deployment.registration_id == registration.id)
        ).one()
    connector = _connector(issuer)
    deliverer = Deliverer(app)
    for page in chosen.pages:
        for delay_ms in chosen.delays:
            platform.set(members=chosen.people, latency_s=delay_ms / 1000)
            place = Place(f"{issuer.base_url}/members?limit={page}", page, delay_ms)
            for number in range(chosen.rounds):
                turns = [
                    lambda p=place: _by_library(connector, p, database),
                    lambda p=place, n=number: _by_tool(deliverer, deployment_id, p, n, database),
                ]
                for turn in turns if number % 2 == 0 else reversed(turns):
                    for reading in turn():
                        tell(f"{page} at {delay_ms} ms: {reading.name} {reading.cost.wall_s:.2f} s")
                        yield reading


def _by_library(connector: ServiceConnector, place: Place, database: Database) -> list[Reading]:
    """Read the roster with the library's own service."""
    service: Any = {"context_memberships_url": place.url, "service_versions": ["2.0"]}
    found: list[int] = []
    cost = cost_of(
        lambda: found.append(len(NamesRolesProvisioningService(connector, service).get_members())),
        database,
        times=1,
    )
    return [Reading(LIBRARY, place.page, place.delay_ms, cost, found[0])]


def _by_tool(
    deliverer: Deliverer, deployment_id: UUID, place: Place, number: int, database: Database
) -> list[Reading]:
    """Read the roster of a new course as the worker does, twice."""
    with act() as session:
        context = Context(
            deployment_id=deployment_id,
            lti_id=f"course {place.page} {place.delay_ms} {number}",
            memberships_url=place.url,
            created_at=utc_now(),
        )
        session.add(context)
        session.flush()
        context_id = context.id
    return [
        Reading(
            name,
            place.page,
            place.delay_ms,
            cost_of(_worker(deliverer, context_id), database, times=1),
            _listed(context_id),
        )
        for name in (FIRST, AGAIN)
    ]


def _worker(deliverer: Deliverer, context_id: UUID) -> Callable[[], None]:
    """Make the course's roster due, and return what a worker then does."""
    with act() as session:
        rosters.ask(session, session.get_one(Context, context_id), at=utc_now())
    # A moment of its own for each reading: it is by them that the tool knows who has left.
    time.sleep(0.01)

    def work() -> None:
        claimed = deliverer.claim_roster()
        assert claimed is not None, "no roster is due"
        deliverer.read_roster(*claimed)

    return work


def _listed(context_id: UUID) -> int:
    db.session.rollback()
    return (
        db.session.scalar(
            select(func.count())
            .select_from(RosterEntry)
            .where(RosterEntry.context_id == context_id, RosterEntry.left_at.is_(None))
        )
        or 0
    )


def _connector(issuer: Issuer) -> ServiceConnector:
    """Return the library's connector: its token, its connection and its key are kept."""
    registration = Registration()
    registration.set_issuer(issuer.issuer)
    registration.set_client_id(issuer.client_id)
    registration.set_auth_token_url(f"{issuer.base_url}/token")
    key: Any = issuer.private_key
    registration.set_tool_private_key(key)
    public = issuer.private_key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    registration.set_tool_public_key(pem)
    return ServiceConnector(registration)


def _outcome(
    readings: Sequence[Reading], chosen: argparse.Namespace, facts: Mapping[str, object]
) -> Outcome:
    slow, few = max(chosen.delays), min(chosen.pages)
    walls = {
        name: _middle(readings, name, few, slow, lambda cost: cost.wall_s)
        for name in (LIBRARY, FIRST, AGAIN)
    }
    return Outcome(
        question="roster",
        command="python -m bench.roster",
        machine=report.machine_line(facts),
        tables=(_table(readings, chosen),),
        verdicts=[
            Verdict(
                target=f"roster of {chosen.people:,}, {few} a page, LMS at {slow} ms: {name}",
                aim=AIM_RATIO,
                measured=walls[name] / walls[LIBRARY],
                unit="times the library's time",
                note=f"{walls[name]:.2f} s and {walls[LIBRARY]:.2f} s; the library keeps nothing",
            )
            for name in (FIRST, AGAIN)
        ],
        faults=[
            f"{each.name}: {each.found} of {chosen.people} at {each.page} a page"
            for each in readings
            if each.found != chosen.people
        ],
    )


def _table(readings: Sequence[Reading], chosen: argparse.Namespace) -> str:
    lines = [
        "| people a page | LMS ms | | s | CPU s with the database | of it the database |",
        "|---:|---:|---|---:|---:|---:|",
    ]
    for page in chosen.pages:
        for delay_ms in chosen.delays:
            for name in (LIBRARY, FIRST, AGAIN):
                cells = [
                    f"{_middle(readings, name, page, delay_ms, part):.2f}"
                    for part in (lambda c: c.wall_s, lambda c: c.cpu_s, lambda c: c.database_s)
                ]
                lines.append(f"| {page} | {delay_ms} | {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _middle(
    readings: Sequence[Reading],
    name: str,
    page: int,
    delay_ms: int,
    part: Callable[[Cost], float],
) -> float:
    return median(
        part(each.cost)
        for each in readings
        if (each.name, each.page, each.delay_ms) == (name, page, delay_ms)
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.roster", description=__doc__)
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--pages", type=_numbers, default=(100, 1000), metavar="N,N")
    parser.add_argument("--delays", type=_numbers, default=(0, 50), metavar="MS,MS")
    parser.add_argument("--rounds", type=int, default=3)
    return add_usual(parser, quick={"people": 500, "rounds": 1, "pages": (100,)})


def _numbers(written: str) -> tuple[int, ...]:
    return tuple(int(each) for each in written.split(","))


if __name__ == "__main__":
    main()

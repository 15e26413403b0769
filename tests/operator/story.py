"""What happens on the machine between the commands of the page: a course works there."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from alembic.script import ScriptDirectory
from flask import Flask, current_app
from sqlalchemy import MetaData, create_engine, func, select
from sqlalchemy.engine import make_url

from lti_alliance import schema
from lti_alliance.app import create_app
from lti_alliance.demo import course
from lti_alliance.demo.course import TASTER
from lti_alliance.demo.processes import Processes, python, wait_until_up
from lti_alliance.demo.run import ROOT, act
from lti_alliance.demo.stage import Stage, register_platforms
from lti_alliance.models import Context, Registration, User, db
from lti_alliance.parts import parts, utc_now
from lti_alliance.settings import Settings, load
from tests.failures.running import Practice, find_form, is_up, right_answers, wait_for
from tests.migrations.rows import a_row, tables_of
from tests.operator import page
from tests.operator.machine import Machine
from tests.ports import free_port

SETTINGS = "/etc/alliance/alliance.toml"
BACKUPS = "/var/backups/alliance"
WROTE = "I asked what she made of it before I said what I did."


@dataclass
class Story(Practice):
    """The machine, the practice LMS beside it, and what was seen at each step."""

    machine: Machine
    said: dict[str, str] = field(default_factory=dict)
    """What the commands of a part of the page said."""
    seen: dict[str, object] = field(default_factory=dict)
    _apps: dict[Settings, Flask] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Choose where the practice LMS lives."""
        folder = self.machine.root / "lms"
        self.stage = Stage(folder=folder, port=self.machine.port, lms_port=free_port())
        self.processes = Processes(folder)

    def follow(self, name: str, commands: list[str], **values: str) -> None:
        """Run commands of the page, with what the reader puts in for the words in capitals."""
        said = []
        for command in commands:
            for word, value in values.items():
                command = command.replace(word, value)
            # What it finds, such as an LMS at home on this machine, is looked at by the tests.
            said.append(self.machine.run(command, may_fail=command.startswith("alliance doctor")))
        self.said[name] = "".join(said)

    @contextmanager
    def tool(self) -> Iterator[None]:
        """Use the tool's own services on its database, as this moment's settings name it."""
        found = load({**self.machine.env, "ALLIANCE_CONFIG": str(self.machine.path(SETTINGS))})
        if found not in self._apps:
            self._apps[found] = create_app(found)
        with self._apps[found].app_context():
            yield
            db.session.remove()
            db.engine.dispose()

    # Steps

    def install(self) -> None:
        """From nothing to running services."""
        for heading in ("Install", "Settings, database, keys", "Services", "TLS"):
            self.follow(heading, page.commands(page.section(heading)))

    def open_course(self) -> None:
        """Let the practice LMS have the tool, and its instructor an activity."""
        arguments = ("--port", str(self.stage.lms_port), "--base-url", self.stage.lms_url)
        self.processes.start(
            "lms",
            python("-m", "lti_alliance.practice_lms", *arguments, "--tool", self.stage.tool_url),
            env=self.machine.env,
            cwd=ROOT,
        )
        wait_until_up(f"{self.stage.lms_url}/", self.processes)
        with self.tool():
            with act() as session:
                register_platforms(session, self.stage, at=utc_now())
            course.set_up(
                act,
                parts().catalogue,
                self.stage,
                platform="canvas",
                placements=(TASTER,),
                at=utc_now(),
            )
            self.answers = right_answers(current_app, "taster", 2)
        enrolled = self.enrol("canvas", 3)
        self.people = [each["person"] for each in enrolled]
        self.subs = {each["person"]: each["sub"] for each in enrolled}

    def work(self, person: str) -> None:
        """Let a student answer and write, and wait until the gradebook has the score."""
        result = self.open_quiz(person, "taster", self.answers).hand_in()
        assert result.status == 200
        writer = self.open_reflection(person, "taster")
        typed = {**writer.form.fields, "text": WROTE}
        review = writer.browser.post(f"{writer.form.action}?then=review", typed)
        form = find_form(review, "/submission")
        receipt = writer.browser.post(form.action, {**form.fields, "seen_details": "yes"})
        assert WROTE in receipt.text
        wait_for("a score in the gradebook", lambda: self.score(person) is not None)

    def erase(self, person: str) -> None:
        """Let somebody be forgotten, by the command that the page on privacy names."""
        with self.tool():
            platform = db.session.scalars(
                select(Registration.name).where(Registration.family == "canvas")
            ).one()
        whose = f"--platform '{platform}' --sub '{self.subs[person]}'"
        self.machine.run(f"alliance privacy erase {whose} --yes")

    def known_subs(self) -> set[str]:
        """Return who is known to the tool."""
        with self.tool():
            return set(db.session.scalars(select(User.sub)))

    def course_id(self) -> str:
        """Return the id of the course."""
        with self.tool():
            return str(db.session.scalars(select(Context.id)).one())

    def read_reflection(self, person: str) -> str:
        """Return the page that a student finds at what they have written."""
        return self.open_reflection_page(person, "taster").page.text

    def score(self, person: str) -> float | None:
        """Return what the gradebook shows for a student."""
        (cell,) = self.cells("canvas", person=person, activity="taster")
        return cell["score"]

    def read_metrics(self) -> str:
        """Return what a Prometheus would be told."""
        with urllib.request.urlopen(f"{self.stage.tool_url}/metrics", timeout=30) as answer:
            return str(answer.read().decode())

    def back_up(self) -> None:
        """Make a backup as the page says."""
        (by_hand, _restore) = page.blocks(page.section("Backups"))
        self.follow("backup", by_hand)
        (self.backup,) = self.machine.path(BACKUPS).iterdir()

    def restore(self) -> None:
        """Restore it as the page says."""
        (_by_hand, restore) = page.blocks(page.section("Backups"))
        self.follow("restore", restore, BACKUP=self.backup.name)

    def upgrade(self) -> None:
        """Upgrade a database that the release before this one has filled, as the page says."""
        self.machine.services.close()
        name = self.machine.databases[2]
        url = make_url(self.machine.server_url).set(drivername="postgresql+psycopg", database=name)
        engine = create_engine(url)
        with engine.connect() as connection:
            scripts = ScriptDirectory.from_config(schema.alembic_config(connection))
            before, _newest = [each.revision for each in scripts.walk_revisions()][1::-1]
            schema.upgrade(connection, to=before)
            tables = MetaData()
            tables.reflect(connection)
            for table in tables_of(tables):
                connection.execute(table.insert().values(a_row(table)))
            connection.commit()
            settings = self.machine.path(SETTINGS)
            lines = settings.read_text().splitlines()
            kept = [line for line in lines if not line.startswith("database_url")]
            settings.write_text("\n".join([*kept, f'database_url = "postgresql:///{name}"', ""]))
            self.machine.services.start("alliance-web.socket")
            commands = page.commands(page.section("Upgrades"))
            migrated = commands.index("alliance db upgrade") + 1
            self.follow("migration", commands[:migrated])
            # Counted before a worker starts, which removes what is too old to be kept.
            self.seen["rows"] = {
                table.name: connection.scalar(select(func.count()).select_from(table))
                for table in tables_of(tables)
            }
            connection.rollback()
            self.follow("upgrade", commands[migrated:])
        engine.dispose()


def play(story: Story) -> None:
    """Follow the page; between its commands people work, and one of them wants to be forgotten."""
    story.install()
    settings = story.machine.path(SETTINGS)
    erasures = story.machine.path("/var/lib/alliance/erasures")
    settings.write_text(f'{settings.read_text()}erasures_file = "{erasures}"\n')
    wait_for("readiness", lambda: is_up(f"{story.stage.tool_url}/readyz"))
    story.open_course()
    writer, forgotten, late = story.people
    for person in (writer, forgotten):
        story.work(person)
    story.follow("first launch", page.commands(page.section("The first launch")))
    story.back_up()
    # What the backup does not know: a score, and somebody's wish.
    story.work(late)
    story.erase(forgotten)
    story.seen["scores before"] = [story.score(person) for person in story.people]
    story.restore()
    wait_for("readiness", lambda: is_up(f"{story.stage.tool_url}/readyz"))
    story.seen["scores after"] = [story.score(person) for person in story.people]
    story.seen["reflection"] = story.read_reflection(writer)
    known = story.known_subs()
    story.seen["known"] = [story.subs[person] in known for person in (writer, forgotten)]
    story.seen["metrics"] = story.read_metrics()
    audit = page.section("The audit trail")
    story.follow("audit", page.commands(audit), ID=story.course_id())
    story.upgrade()
    wait_for("readiness", lambda: is_up(f"{story.stage.tool_url}/readyz"))
    story.machine.services.close()
    for heading in ("Invite an LMS", "Register Moodle"):
        story.follow(heading, page.commands(page.section(heading)))

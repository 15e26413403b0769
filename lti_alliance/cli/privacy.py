"""``alliance privacy``: one person's data given out or erased, and how long courses keep theirs."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from flask import render_template
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from lti_alliance.cli.output import act, as_json, show_rows
from lti_alliance.errors import NotFound
from lti_alliance.models import Context, Registration, db
from lti_alliance.parts import parts
from lti_alliance.services import (
    erasing,
    erasure_file,
    erasures,
    person_archive,
    person_export,
    persons,
    platforms,
    privacy,
    retention,
)
from lti_alliance.services.persons import Subject

command = click.Group("privacy", help="Give out, erase and retain what is kept about people.")

_UNKNOWN = {
    "person.unknown": "This platform has told of nobody with that id.",
    "course.unknown": "This platform has no course with that id.",
}


def _whose(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say whose data it is about."""
    for option in (
        click.option("--course", "context_id", type=click.UUID, help="Only this course (its id)."),
        click.option("--sub", required=True, help="The LMS's own id of the person (`sub`)."),
        click.option("--platform", required=True, help="The name of the registration."),
    ):
        function = option(function)
    return function


def _subject(session: Session, platform: str, sub: str, context_id: UUID | None) -> Subject:
    registration = platforms.get_registration(session, platform)
    try:
        return persons.find_subject(session, registration, sub=sub, context_id=context_id)
    except NotFound as unknown:
        raise click.ClickException(_UNKNOWN.get(unknown.code, "There is no such person.")) from None


@command.command("export")
@_whose
@click.option(
    "--to",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The ZIP to write; it must not be there yet.",
)
@click.option("--dry-run", is_flag=True, help="Count what would be in it and write nothing.")
@with_appcontext
def export_person(
    *, platform: str, sub: str, context_id: UUID | None, path: Path | None, dry_run: bool
) -> None:
    """Write everything that is kept about one person into a ZIP, as JSON and as HTML."""
    if not dry_run and path is None:
        raise click.UsageError("Say where to write it with --to, or ask with --dry-run.")
    if path is not None and path.exists():
        raise click.ClickException(f"{path} is there already; nothing was written.")
    if dry_run:
        found = erasing.preview_erasure(
            db.session(), _subject(db.session(), platform, sub, context_id)
        )
        _show_counts(found.rows)
        return
    assert path is not None
    at = parts().now()
    with act() as session:
        exported = person_export.export_person(
            session,
            parts().catalogue,
            parts().sealer,
            _subject(session, platform, sub, context_id),
            with_notes=True,
            at=at,
        )
        html = render_template("privacy/export.html", found=exported)
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(person_archive.as_zip(exported, html, at=at))
    click.echo(f"{path} holds everything; give it to nobody else, and delete it afterwards")


@command.command("erase")
@_whose
@click.option("--dry-run", is_flag=True, help="Count what would go and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_appcontext
def erase_person(
    *, platform: str, sub: str, context_id: UUID | None, dry_run: bool, yes: bool
) -> None:
    """Erase one person: work, texts and names go for good, scores stay as those of nobody."""
    found = erasing.preview_erasure(db.session(), _subject(db.session(), platform, sub, context_id))
    _show_counts(found.rows)
    click.echo(
        f"{found.grades_kept} scores stay here without a name; {found.in_gradebooks} are in the "
        f"LMS's gradebook and stay there; {found.undelivered} have not arrived and never will."
    )
    if dry_run:
        return
    if not yes and click.prompt("This cannot be undone. Type the person's id again") != sub:
        raise click.ClickException("That is another id; nothing was changed.")
    db.session.rollback()
    with act() as session:
        erasing.erase_person(
            session, _subject(session, platform, sub, context_id), at=parts().now()
        )
    _keep_file()
    click.echo("The person is erased; `alliance privacy reapply` does it again after a restore")


@command.command("retain")
@click.option("--dry-run", is_flag=True, help="Count what is due, by course, and change nothing.")
@as_json
@with_appcontext
def retain(*, dry_run: bool, as_json: bool) -> None:
    """Remove what has been kept long enough; the worker does so every hour by itself."""
    at = parts().now()
    if dry_run:
        removed = retention.list_due(db.session(), parts().periods, at=at)
        ended = privacy.count_expired(db.session(), at=at)
    else:
        with act() as session:
            removed = retention.remove_due(session, parts().periods, at=at)
            ended = privacy.count_expired(session, at=at)
            privacy.retain(session, at=at)
    rows = [
        {
            "course": found.context_id,
            "title": found.title,
            "last_launch_at": found.last_launch_at,
            "kind": kind,
            "rows": count,
        }
        for found in removed
        for kind, count in sorted(found.rows.items())
    ]
    rows += [
        {"course": None, "title": None, "last_launch_at": None, "kind": kind, "rows": count}
        for kind, count in sorted(ended.items())
        if count
    ]
    show_rows(rows, as_json=as_json, none="Nothing has been kept long enough to go.")


@command.command("periods")
@click.option("--platform", help="The registration to show or set; all of them if absent.")
@click.option("--course", "context_id", type=click.UUID, help="This course of it (its id).")
@click.option("--texts-days", type=click.IntRange(min=1), help="Keep texts for so many days.")
@click.option("--work-days", type=click.IntRange(min=1), help="Keep work for so many days.")
@click.option("--default", "is_default", is_flag=True, help="Take its own periods back.")
@as_json
@with_appcontext
def periods(
    *,
    platform: str | None,
    context_id: UUID | None,
    texts_days: int | None,
    work_days: int | None,
    is_default: bool,
    as_json: bool,
) -> None:
    """Show how long courses keep texts and work after their last launch, or set it."""
    sets = bool(texts_days or work_days or is_default)
    if sets and platform is None:
        raise click.UsageError("Say for which --platform, and for which --course of it if any.")
    if context_id is not None and platform is None:
        raise click.UsageError("--course goes with --platform.")
    if sets:
        assert platform is not None
        with act() as session:
            place = _place(session, platform, context_id)
            retention.set_periods(
                session,
                place,
                texts_days=None if is_default else texts_days or place.texts_days,
                work_days=None if is_default else work_days or place.work_days,
                at=parts().now(),
            )
    show_rows(
        [_periods(place) for place in _places(db.session(), platform, context_id)],
        as_json=as_json,
        none="No platform is registered: see `alliance platform add`.",
    )


@command.command("erasures")
@as_json
@with_appcontext
def list_erasures(*, as_json: bool) -> None:
    """List who was erased, by digest: what to keep beside the backups of the database."""
    rows = [
        {
            "erased_at": stone.erased_at,
            "person": stone.person_digest,
            "course": stone.context_id,
        }
        for stone in erasures.list_tombstones(db.session())
    ]
    show_rows(rows, as_json=as_json, none="Nobody has been erased.")


@command.command("reapply")
@click.option(
    "--from",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of erasures; the one of the setting erasures_file if absent.",
)
@click.option("--dry-run", is_flag=True, help="Say how many are back and change nothing.")
@with_appcontext
def reapply(*, path: Path | None, dry_run: bool) -> None:
    """Erase again whom a restored backup has brought back."""
    named = parts().settings.erasures_file
    kept = path or (Path(named) if named else None)
    stones = erasure_file.read(kept) if kept else set()
    if kept is None:
        click.echo("No file of erasures is known: only those in this database are applied.")
    with act() as session:
        count = erasing.reapply(session, at=parts().now(), also=stones)
        if dry_run:
            session.rollback()
    if dry_run:
        click.echo(f"{count} people are back and would be erased again")
        return
    _keep_file()
    click.echo(f"{count} people were erased again")


def _keep_file() -> None:
    if named := parts().settings.erasures_file:
        erasure_file.keep(Path(named), erasures.list_tombstones(db.session()))


def _show_counts(rows: Counter[str]) -> None:
    found = [{"kind": kind, "rows": count} for kind, count in sorted(rows.items()) if count]
    show_rows(found, as_json=False, none="Nothing is kept about this person here.")


def _place(session: Session, platform: str, context_id: UUID | None) -> Registration | Context:
    registration = platforms.get_registration(session, platform)
    if context_id is None:
        return registration
    context = session.get(Context, context_id)
    if context is None or context.deployment.registration_id != registration.id:
        raise click.ClickException(_UNKNOWN["course.unknown"])
    return context


def _places(
    session: Session, platform: str | None, context_id: UUID | None
) -> list[Registration | Context]:
    if platform is None:
        return list(platforms.list_registrations(session))
    return [_place(session, platform, context_id)]


def _periods(place: Registration | Context) -> Mapping[str, Any]:
    held = parts().periods
    if isinstance(place, Context):
        held = retention.periods_of(place, held)
        texts, work, name = held.texts.days, held.work.days, place.title or place.label
    else:
        texts = place.texts_days or held.texts.days
        work = place.work_days or held.work.days
        name = place.name
    return {
        "name": name,
        "course": place.id if isinstance(place, Context) else None,
        "texts_days": texts,
        "work_days": work,
        "own_texts_days": place.texts_days,
        "own_work_days": place.work_days,
    }

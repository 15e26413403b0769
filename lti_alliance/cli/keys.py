"""``alliance keys``: the keys with which the tool signs, and those with which it seals."""

from uuid import UUID

import click
from flask.cli import with_appcontext

from lti_alliance.cli.output import act, as_json, show_rows
from lti_alliance.errors import Conflict
from lti_alliance.lti import keys
from lti_alliance.models import db
from lti_alliance.parts import parts
from lti_alliance.services import audit, course_keys, resealing

command = click.Group("keys", help="Rotate what signs messages and what seals texts.")

_REFUSED = {
    "keys.next_too_young": (
        "The next key has been published for less than a day, and platforms may not know it yet. "
        "Wait, or use --force if the current key has leaked."
    ),
    "keys.already_rotated": "Another process has just rotated the keys.",
}


@command.command("list")
@as_json
@with_appcontext
def list_keys(*, as_json: bool) -> None:
    """List the signing keys, the oldest first."""
    rows = [
        {
            "kid": key.kid,
            "state": key.state,
            "created_at": key.created_at,
            "current_from": key.current_from,
            "retired_at": key.retired_at,
        }
        for key in keys.list_keys(db.session())
    ]
    show_rows(rows, as_json=as_json, none="There are no keys yet: run `alliance init`.")


@command.command("rotate")
@click.option("--force", is_flag=True, help="Rotate although platforms may not know the next key.")
@with_appcontext
def rotate_keys(*, force: bool) -> None:
    """Sign with the next key from now on, and publish the one after it."""
    tool = parts()
    try:
        with act() as session:
            key = keys.rotate(session, tool.sealer, at=tool.now(), force=force)
            audit.record_key_rotation(session, key.id, at=tool.now())
    except Conflict as conflict:
        raise click.ClickException(_REFUSED.get(conflict.reason, conflict.reason)) from conflict
    click.echo(f"{key.kid} signs from now on")


@command.command("rotate-data")
@click.option(
    "--new-course-keys",
    is_flag=True,
    help="Give every course another key too: after somebody may have read data_key and a backup.",
)
@with_appcontext
def rotate_data(*, new_course_keys: bool) -> None:
    """Seal anew with `data_key` whatever another key sealed; the tool may go on running.

    Begin by moving the old key to `other_data_keys` and restarting every process. It may be stopped
    and run again at any time. The last line says whether the old key is still needed.
    """
    tool = parts()
    with act() as session:
        wrapped = course_keys.rewrap(session, tool.sealer)
        signing = keys.reseal(session, tool.sealer)
        resealing.forget_tokens(session, tool.sealer)
        audit.record(session, "data_key.rotated", at=tool.now(), details={"keys": wrapped})
    click.echo(f"{wrapped} course keys and {signing} signing keys were sealed anew")
    is_settled, sealed, broken = True, 0, 0
    courses = resealing.list_courses(db.session())
    db.session.rollback()
    for context_id in courses:
        if new_course_keys:
            _change_key(context_id)
        of_course = _reseal(context_id)
        sealed, broken = sealed + of_course[0], broken + of_course[1]
        with act() as session:
            is_settled &= resealing.drop_key_before(session, tool.sealer, context_id, at=tool.now())
    click.echo(f"{sealed} texts were sealed anew")
    if broken:
        raise click.ClickException(
            f"{broken} texts do not open with any key at hand and were left as they are. Keep "
            "every key, and look for the one that is missing: `alliance doctor`."
        )
    click.echo(
        "Nothing needs another key than data_key any more."
        if is_settled
        else "Course keys that were replaced are kept for an hour: run this again then."
    )


@command.command("destroy-course")
@click.argument("course_id", type=click.UUID)
@click.confirmation_option(
    prompt="Every reflection, comment and question of the course is lost for good. Go on?"
)
@with_appcontext
def destroy_course(course_id: UUID) -> None:
    """Destroy the key of a course, so that nothing written there can ever be read again.

    Grades stay. A backup from before still holds the course's key, sealed with the data key of its
    time.
    """
    tool = parts()
    if course_id in resealing.list_courses(db.session()):
        db.session.rollback()
        # What was written before courses had keys is not to outlive the course's key.
        _reseal(course_id)
    with act() as session:
        course_keys.destroy(session, course_id, at=tool.now())
    click.echo("the key of the course is destroyed")


def _change_key(context_id: UUID) -> None:
    tool = parts()
    try:
        with act() as session:
            course_keys.change_key(session, tool.sealer, context_id, at=tool.now())
    except Conflict:
        # A change that was begun before is finished first.
        return


def _reseal(context_id: UUID) -> tuple[int, int]:
    """Seal the texts of a course anew, a page in each act; count those done and those broken."""
    sealed = broken = 0
    for texts in resealing.TEXTS:
        last: UUID | None = None
        while True:
            with act() as session:
                page = resealing.reseal_page(session, parts().sealer, texts, context_id, after=last)
            sealed, broken, last = sealed + page.sealed, broken + page.broken, page.last
            if last is None:
                break
    return sealed, broken

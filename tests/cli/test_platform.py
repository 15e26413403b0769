"""`alliance platform`: registering, approving, switching off, loading a file."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lti_alliance.models import (
    AuditEvent,
    Context,
    Deployment,
    Invitation,
    Registration,
    RegistrationState,
)
from tests.cli.conftest import Run
from tests.factories import NOW

ROOT = Path(__file__).resolve().parents[2]
MOODLE = ("platform", "add", "--name", "m", "--moodle", "https://moodle.example.edu")


def registration(session: Session, name: str = "m") -> Registration:
    return session.scalars(select(Registration).where(Registration.name == name)).one()


def test_a_moodle_needs_its_address_and_client_id(run: Run, session: Session) -> None:
    """--moodle fills in the addresses, from the platform id to the letter."""
    result = run(*MOODLE, "--client-id", "abc", "--deployment-id", "2")
    found = registration(session)

    assert result.exit_code == 0, result.output
    assert found.issuer == "https://moodle.example.edu"
    assert found.auth_token_url == "https://moodle.example.edu/mod/lti/token.php"
    assert [(d.deployment_id, d.state) for d in found.deployments] == [("2", "approved")]


@pytest.mark.parametrize(
    ("environment", "issuer"),
    [
        ((), "https://canvas.instructure.com"),
        (("--canvas-environment", "beta"), "https://canvas.beta.instructure.com"),
    ],
)
def test_a_canvas_needs_its_host_and_client_id(
    run: Run, session: Session, environment: tuple[str, ...], issuer: str
) -> None:
    """--canvas fills in the addresses of Canvas' environment."""
    canvas = ("platform", "add", "--name", "c", "--canvas", "school.instructure.com")
    result = run(*canvas, "--client-id", "10000000000123", *environment)
    found = registration(session, "c")

    assert result.exit_code == 0, result.output
    assert found.issuer == issuer
    assert found.family == "canvas"
    assert "school.instructure.com" in found.service_hosts
    assert "--deployment-id ID" in result.stdout


def test_what_is_given_wins_over_what_is_filled_in(run: Run, session: Session) -> None:
    """A self-hosted platform may answer at an address of its own."""
    run(*MOODLE, "--client-id", "abc", "--jwks-url", "https://keys.example.edu/jwks")

    assert registration(session).jwks_url == "https://keys.example.edu/jwks"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--client-id", "x"), "--issuer"),
        (("--client-id", "x", "--canvas", "a.example", "--moodle", "https://b.example"), "both"),
        (
            ("--client-id", "x", "--moodle", "https://b.example", "--canvas-environment", "beta"),
            "--canvas",
        ),
        (("--moodle", "https://b.example"), "--client-id"),
    ],
)
def test_what_is_missing_is_named(run: Run, words: tuple[str, ...], says: str) -> None:
    """Options that do not suffice, or contradict each other, are wrong usage."""
    result = run("platform", "add", "--name", "x", *words)

    assert result.exit_code == 2
    assert says in result.stderr


def test_a_second_platform_of_the_same_name_is_refused(run: Run, session: Session) -> None:
    """A name and a client id belong to one registration; nothing is half written."""
    run(*MOODLE, "--client-id", "abc")
    result = run(*MOODLE, "--client-id", "other")

    assert result.exit_code == 1
    assert "Another platform has this name" in result.stderr
    assert registration(session).client_id == "abc"


def test_private_addresses_are_refused_unless_allowed(run: Run) -> None:
    """A platform on this machine or network has to be wanted."""
    local = ("platform", "add", "--name", "l", "--client-id", "x", "--moodle", "http://127.0.0.1")
    refused = run(*local)
    allowed = run(*local, "--allow-local")

    assert refused.exit_code == 1
    assert allowed.exit_code == 0, allowed.output


def test_listing_and_showing(run: Run) -> None:
    """Listings speak JSON to programs and tables to people."""
    empty = run("platform", "list")
    run(*MOODLE, "--client-id", "abc", "--deployment-id", "2")
    rows = json.loads(run("platform", "list", "--json").stdout)
    facts = json.loads(run("platform", "show", "m", "--json").stdout)

    assert "alliance platform add" in empty.stdout
    assert rows[0]["name"] == "m"
    assert rows[0]["deployments"] == 1
    assert facts["deployments"] == ["2"]
    assert "moodle.example.edu" in run("platform", "show", "m").stdout


def test_approving_a_deployment(run: Run, session: Session) -> None:
    """An approved deployment is let in, and the act is in the audit trail."""
    run(*MOODLE, "--client-id", "abc")
    result = run("platform", "approve", "m", "--deployment-id", "7")
    approved = session.scalars(select(Deployment)).one()
    acts = session.scalars(select(AuditEvent.action)).all()

    assert result.exit_code == 0
    assert (approved.deployment_id, approved.state) == ("7", "approved")
    assert "deployment.approve" in acts


def test_approving_a_host(run: Run, session: Session) -> None:
    """An approved host may be called; something that is no host may not."""
    run(*MOODLE, "--client-id", "abc")
    good = run("platform", "approve", "m", "--host", "grades.example.edu")
    bad = run("platform", "approve", "m", "--host", "https://grades.example.edu/x")
    neither = run("platform", "approve", "m")

    assert good.exit_code == 0
    assert "grades.example.edu" in registration(session).service_hosts
    assert bad.exit_code == 1
    assert neither.exit_code == 2


def test_disabling_and_enabling(run: Run, session: Session) -> None:
    """A disabled platform is kept, and can be enabled again."""
    run(*MOODLE, "--client-id", "abc")
    run("platform", "disable", "m")
    off = registration(session).is_active
    run("platform", "enable", "m")
    # What the session has read so far it would go on seeing.
    session.rollback()
    session.expire_all()

    assert not off
    assert registration(session).is_active


@pytest.mark.parametrize("verb", ["show", "disable", "enable"])
def test_an_unknown_name_is_said(run: Run, verb: str) -> None:
    """A name that is not registered points to the list."""
    result = run("platform", verb, "nobody")

    assert result.exit_code == 1
    assert "alliance platform list" in result.stderr


def test_the_example_file_loads_and_loads_again(run: Run) -> None:
    """config/platforms.example.toml is right, and loading it twice changes nothing."""
    file = str(ROOT / "config" / "platforms.example.toml")
    first, second = run("platform", "load", file), run("platform", "load", file)

    assert first.exit_code == 0, first.output
    assert first.stdout.count("added ") == 3
    assert second.stdout.count("unchanged ") == 3


def test_a_faulty_file_changes_nothing(run: Run, tmp_path: Path) -> None:
    """One wrong table keeps the whole file out, and is named."""
    file = tmp_path / "platforms.toml"
    file.write_text(
        '[[platform]]\nname = "a"\nmoodle = "https://a.example"\nclient_id = "1"\n'
        '[[platform]]\nname = "b"\nclient_id = "2"\n'
    )
    broken = tmp_path / "broken.toml"
    broken.write_text("[[platform")

    assert "platform 2" in run("platform", "load", str(file)).stderr
    assert "not valid TOML" in run("platform", "load", str(broken)).stderr
    assert json.loads(run("platform", "list", "--json").stdout) == []


# Invitations


def invite(run: Run, *words: str) -> str:
    """Make an invitation and return its code."""
    result = run("platform", "invite", "school", *words)
    assert result.exit_code == 0, result.output
    return result.stdout.strip().partition("invitation=")[2]


def test_an_invitation_is_an_address(run: Run, session: Session) -> None:
    """It is printed once; the database knows its digest alone, and the listing not even that."""
    code = invite(run)
    found = session.scalars(select(Invitation)).one()
    listed = json.loads(run("platform", "invitations", "--json").stdout)

    assert len(code) >= 32
    assert code not in found.code_digest
    assert [each["name"] for each in listed] == ["school"]
    assert found.expires_at - found.created_at == timedelta(days=7)
    assert (found.is_approved, found.allow_local) == (False, False)


def test_an_invitation_can_be_taken_back(run: Run, session: Session) -> None:
    """Afterwards it opens nothing, and a second time there is nothing to take back."""
    invite(run, "--days", "30", "--approve")
    first, second = (run("platform", "revoke-invitation", "school") for _ in range(2))
    session.expire_all()

    assert first.exit_code == 0
    assert session.scalars(select(Invitation)).one().revoked_at is not None
    assert second.exit_code == 1
    assert run("platform", "invitations").stdout.startswith("No invitation is open")


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb"])
def test_an_invitation_needs_a_name(run: Run, name: str) -> None:
    """The registration is called by it in every command."""
    assert run("platform", "invite", name).exit_code == 1


def test_what_an_invitation_made_is_approved(run: Run, session: Session) -> None:
    """With the installation that came along; without anything pending the command asks what."""
    run(*MOODLE, "--client-id", "abc")
    found = registration(session)
    found.state = RegistrationState.PENDING
    session.add(Deployment(registration_id=found.id, deployment_id="2", first_seen_at=NOW))
    session.commit()
    result = run("platform", "approve", "m")
    session.expire_all()

    assert result.exit_code == 0, result.output
    assert found.state == RegistrationState.ACTIVE
    assert [each.state for each in found.deployments] == ["approved"]
    assert run("platform", "approve", "m").exit_code == 2


def test_courses_move_with_a_tool_that_was_installed_anew(run: Run, session: Session) -> None:
    """All courses of the old installation; a course that both know stops it with a reason."""
    run(*MOODLE, "--client-id", "abc", "--deployment-id", "2", "--deployment-id", "3")
    old, new = sorted(registration(session).deployments, key=lambda each: each.deployment_id)
    for deployment, course in ((old, "c-1"), (old, "c-2")):
        session.add(Context(deployment_id=deployment.id, lti_id=course, created_at=NOW))
    session.commit()
    moved = run("platform", "move-deployment", "m", "2", "3")
    session.expire_all()

    assert moved.stdout == "2 courses moved from 2 to 3\n"
    assert {each.deployment_id for each in session.scalars(select(Context))} == {new.id}

    session.add(Context(deployment_id=old.id, lti_id="c-1", created_at=NOW))
    session.commit()
    refused = run("platform", "move-deployment", "m", "2", "3")

    assert refused.exit_code == 1
    assert "c-1" in refused.stderr or "both" in refused.stderr

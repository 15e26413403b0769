"""`alliance module`: what is at hand, and whether a file can be used."""

import json
from pathlib import Path

from click.testing import CliRunner

from lti_alliance.cli.group import group
from tests.cli.conftest import Run
from tests.cli.test_group import unusable

SHIPPED = Path(__file__).resolve().parents[2] / "lti_alliance" / "content" / "modules"


def test_shipped_modules_are_listed(run: Run) -> None:
    """Every shipped file is in the list under its id."""
    ids = {row["id"] for row in json.loads(run("module", "list", "--json").stdout)}

    assert ids == {path.stem for path in SHIPPED.glob("*.md")}
    assert "foundations" in run("module", "list").stdout


def test_a_module_is_shown(run: Run) -> None:
    """Showing a module tells its items, points and licence."""
    facts = json.loads(run("module", "show", "foundations", "--json").stdout)

    assert facts["license"] == "CC BY 4.0"
    assert facts["items"]
    assert "foundations" in run("module", "show", "foundations").stdout


def test_an_unknown_module_is_said(run: Run) -> None:
    """A module that is not there points to the list."""
    result = run("module", "show", "nothing")

    assert result.exit_code == 1
    assert "alliance module list" in result.stderr


def test_checking_needs_no_server() -> None:
    """An author can check a file on a machine without any settings."""
    result = CliRunner().invoke(group(unusable), ["module", "check", str(SHIPPED / "taster.md")])

    assert result.exit_code == 0, result.output
    assert "can be used" in result.stdout


def test_faults_are_told_with_their_lines(tmp_path: Path) -> None:
    """A faulty file is refused with line and remedy, and the good one beside it is accepted."""
    bad = tmp_path / "bad.md"
    bad.write_text((SHIPPED / "taster.md").read_text().replace("- [x]", "- [ ]", 1))
    result = CliRunner().invoke(
        group(unusable), ["module", "check", str(bad), str(SHIPPED / "taster.md")]
    )

    assert result.exit_code == 1
    assert f"{bad}:" in result.stderr
    assert "needs exactly one [x]" in result.stderr
    assert "1 of 2 files" in result.stderr
    assert "taster.md: taster" in result.stdout


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    """A misspelt name is said by the shell's rules."""
    result = CliRunner().invoke(group(unusable), ["module", "check", str(tmp_path / "no.md")])

    assert result.exit_code == 2

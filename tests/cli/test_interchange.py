"""`alliance module import` and `export`: files in and out, and what was lost on the way."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lti_alliance.cli.group import group
from lti_alliance.content.parser import parse_file
from tests.cli.conftest import Run
from tests.cli.test_group import unusable
from tests.cli.test_module import SHIPPED

GIFT = "::one::Which?{=this#Yes. ~that#No.}\n\n::two::Tell me.{}\n"


def alliance(*words: str | Path) -> Result:
    """Run a command without any settings, as an author's machine has none."""
    return CliRunner().invoke(group(unusable), ["module", *(str(word) for word in words)])


def test_questions_become_a_module(tmp_path: Path) -> None:
    """The file can be checked at once; what did not come in is told."""
    (tmp_path / "in.gift").write_text(GIFT)
    out = tmp_path / "out.md"

    result = alliance(
        "import", tmp_path / "in.gift", "--id", "mine", "--title", "Mine", "--output", out
    )

    assert result.exit_code == 0, result.output
    assert "two: lost: the whole question" in result.stderr
    module = parse_file(out)
    assert (module.id, module.title) == ("mine", "Mine")
    assert [item.id for item in module.quiz.items] == ["one"]


def test_a_module_is_printed_where_no_file_is_named(tmp_path: Path) -> None:
    """The report goes elsewhere, so that the source can be piped."""
    (tmp_path / "in.gift").write_text(GIFT)

    result = alliance("import", tmp_path / "in.gift", "--id", "mine", "--title", "Mine")

    assert result.stdout.startswith("---\nformat: alliance-module/1\n")
    assert "lost" not in result.stdout


@pytest.mark.parametrize(
    ("content", "module_id", "said"),
    [
        ("Hello", "mine", "no format that is known"),
        ("<!DOCTYPE a><quiz/>", "mine", "document type"),
        ("::two::Tell me.{}", "mine", "can be used"),
        (GIFT, "Not An Id", "lower-case letters"),
    ],
)
def test_what_cannot_be_imported_is_said(
    content: str, module_id: str, said: str, tmp_path: Path
) -> None:
    """One error, and no file."""
    (tmp_path / "in").write_text(content)
    out = tmp_path / "out.md"

    result = alliance("import", tmp_path / "in", "--id", module_id, "--title", "M", "--output", out)

    assert result.exit_code == 1
    assert said in result.stderr
    assert not out.exists()


@pytest.mark.parametrize("form", ["gift", "moodle-xml", "qti21"])
def test_a_file_is_exported_and_comes_in_again(form: str, tmp_path: Path) -> None:
    """The way out and in, without a server."""
    out = tmp_path / "out"

    sent = alliance("export", SHIPPED / "taster.md", "--format", form, "--output", out)
    back = alliance("import", out, "--id", "again", "--title", "A", "--output", tmp_path / "a.md")

    assert sent.exit_code == 0, sent.output
    assert "the module: lost: objectives" in sent.stderr
    assert back.exit_code == 0, back.output
    items = parse_file(SHIPPED / "taster.md").quiz.items
    assert [i.id for i in parse_file(tmp_path / "a.md").quiz.items] == [i.id for i in items]


def test_a_module_at_hand_is_exported(run: Run, tmp_path: Path) -> None:
    """By its id; one that is not there is said."""
    out = tmp_path / "out.gift"

    done = run("module", "export", "foundations", "--format", "gift", "--output", str(out))
    unknown = run("module", "export", "nothing", "--format", "gift", "--output", str(out))

    assert done.exit_code == 0
    assert "::" in out.read_text()
    assert unknown.exit_code == 1
    assert "no file and no module nothing" in unknown.stderr

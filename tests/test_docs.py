"""The documentation: complete where it repeats the code, and true where it gives commands."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from flask import Flask

from lti_alliance.cli.group import commands
from lti_alliance.settings import Settings
from scripts.reference_docs import BLOCKS, DOCS, with_block

ROOT = DOCS.parent
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", BLOCKS)
def test_tables_agree_with_the_code(app: Flask, name: str) -> None:
    """Settings, commands, addresses and metrics are documented as they are: run `make docs`."""
    page, lines = BLOCKS[name]
    text = read(DOCS / page)

    assert with_block(text, name, lines(app)) == text


def test_every_setting_says_what_it_means() -> None:
    """No setting has an empty meaning."""
    assert [f.name for f in fields(Settings) if len(f.metadata["meaning"]) < 10] == []


def test_every_route_says_what_it_is_for(app: Flask) -> None:
    """The first line of a view's docstring is its line in the documentation."""
    silent = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if not (app.view_functions[rule.endpoint].__doc__ or "").strip()
    ]

    assert silent == []


def test_every_command_and_option_has_help() -> None:
    """`--help` explains everything."""
    silent = []
    for top in commands():
        group = getattr(top, "commands", {"": top})
        for command in group.values():
            silent += [command.name] if not command.help else []
            silent += [
                f"{command.name} {option.opts[0]}"
                for option in command.params
                if option.param_type_name == "option" and not getattr(option, "help", None)
            ]

    assert silent == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file of this project leads to one; screenshots are made before a release."""
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", read(page))
    missing = [target for target in targets if not (page.parent / target).exists()]

    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_exist(page: Path) -> None:
    """Every `make …` that a page tells the reader to run is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    # A pattern of the Makefile: one for each benchmark that can be run.
    targets |= {f"bench-{file.stem}" for file in (ROOT / "bench").glob("[a-z]*.py")}
    told = set(re.findall(r"(?:^|`)make ([a-z-]+)", read(page), re.MULTILINE))

    assert told <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    """Every `alliance …` that a page tells the reader to run is a command with such options."""
    known = {command.name: command for command in commands()}
    wrong = []
    text = read(page).replace("\\\n", " ")
    for line in re.findall(r"(?:^\s*|`|bin/)alliance ([a-z][^`#\n]*)", text, re.MULTILINE):
        words = line.split()
        if words[0] in ("db", "run", "shell", "routes"):
            continue
        command = known.get(words[0])
        if command is not None and hasattr(command, "commands") and len(words) > 1:
            command = command.commands.get(words[1])
        if command is None:
            wrong.append(line)
            continue
        options = {name for p in command.params for name in p.opts} | {"--help"}
        wrong += [line for word in words if word.startswith("--") and word not in options]

    assert wrong == []


def test_readme_shows_the_two_commands_first() -> None:
    """The first screen of the README has what a visitor types."""
    first_screen = "\n".join(read(ROOT / "README.md").splitlines()[:25])

    assert "make demo" in first_screen
    assert "make test" in first_screen


def test_changelog_keeps_its_form() -> None:
    """Sections of the changelog have the known names, in the known order."""
    known = ["Security", "Removed", "Deprecated", "Added", "Changed", "Fixed"]
    for release in read(ROOT / "CHANGELOG.md").split("\n## ")[1:]:
        found = re.findall(r"^### (.+)$", release, re.MULTILINE)

        assert found == sorted(found, key=known.index)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_tests_that_a_page_names_exist(page: Path) -> None:
    """A promise is proved by tests that are there."""
    named = set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", read(page)))
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).exists() or (name and f"def {name}(" not in read(ROOT / path))
    ]

    assert missing == []

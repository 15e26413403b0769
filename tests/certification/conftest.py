"""The tool with its whole log, and what keeps the evidence."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.orm import Session

from lti_alliance.settings import Settings
from tests.certification.evidence import Evidence, Log
from tests.certification.served import ServedSchool, served
from tests.platforms import Network, World
from tests.web.conftest import make_world


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with which every line of the log is written."""
    return replace(settings, log_level="debug", log_format="json")


@pytest.fixture
def world(
    settings: Settings, session: Session, now, _compiled_templates: FileSystemBytecodeCache
) -> Iterator[World]:
    """The tool and a platform that may send it anything."""
    for world in make_world(settings, session, now, Network()):
        world.app.jinja_env.bytecode_cache = _compiled_templates
        yield world


@pytest.fixture
def evidence(capsys: pytest.CaptureFixture[str]) -> Evidence:
    """What keeps the evidence of a case."""
    return Evidence(Log(lambda: capsys.readouterr().err))


@pytest.fixture(scope="session")
def walk_both(
    _sqlite_template: Path,
    _compiled_templates: FileSystemBytecodeCache,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Callable[[ServedSchool], Any]], dict[str, Any]]:
    """What lets one walk be taken at each platform of the practice LMS, over HTTP."""

    def walk_both(walk: Callable[[ServedSchool], Any]) -> dict[str, Any]:
        found = {}
        for name in ("canvas", "moodle"):
            path = tmp_path_factory.mktemp(name) / "alliance.sqlite3"
            shutil.copyfile(_sqlite_template, path)
            with served(name, f"sqlite:///{path}", templates=_compiled_templates) as school:
                found[name] = walk(school)
        return found

    return walk_both

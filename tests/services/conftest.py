"""A course on the table for the tests of the services."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.domain.activities import Part
from lti_alliance.domain.modules import Grading
from lti_alliance.models import Activity, Membership
from lti_alliance.sealing import Sealer
from lti_alliance.services.ports import Acts
from tests import stage as stages
from tests.services.scene import Scene


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The shipped modules."""
    return Catalogue.load()


@pytest.fixture
def sealer() -> Sealer:
    """A sealer with a key that only the tests know."""
    return Sealer(b"thirty-two bytes for the tests..")


@pytest.fixture
def stage(session: Session, catalogue: Catalogue) -> stages.Stage:
    """One course with its instructor."""
    return stages.build(session, catalogue)


@pytest.fixture
def acts(engine: Engine) -> Acts:
    """Begins acts as the worker does: a session and a transaction of their own."""

    @contextmanager
    def act() -> Iterator[Session]:
        with Session(engine, expire_on_commit=False) as session:
            session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            yield session
            session.commit()

    return act


@pytest.fixture
def scene(acts: Acts) -> Scene:
    """An empty stage."""
    return Scene(acts)


@pytest.fixture
def student(stage: stages.Stage) -> Membership:
    """Somebody who learns in the course."""
    return stage.join("student")


@pytest.fixture
def activity(stage: stages.Stage) -> Activity:
    """A reflection that is graded with its rubric."""
    return stage.activity(
        parts=frozenset({Part.REFLECTION}), prompt_ids=("fo-r1",), reflection_grading=Grading.RUBRIC
    )

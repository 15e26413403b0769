"""The parts that one running program is made of, put together once by ``app.create_app``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import current_app

from lti_alliance.content.catalogue import Catalogue
from lti_alliance.lti.http import PlatformHTTP
from lti_alliance.sealing import Sealer
from lti_alliance.services.retention import Periods
from lti_alliance.settings import Settings

Clock = Callable[[], datetime]

EXTENSION = "alliance"


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the edges hand to services and to the LTI room."""

    settings: Settings
    sealer: Sealer
    catalogue: Catalogue
    http: PlatformHTTP
    now: Clock

    @property
    def periods(self) -> Periods:
        """How long the tool keeps things where neither platform nor course says otherwise."""
        return Periods(
            texts=timedelta(days=self.settings.texts_days),
            work=timedelta(days=self.settings.work_days),
            roster=timedelta(days=self.settings.profile_days),
        )


def parts() -> Parts:
    """Return the parts of the current application."""
    found = current_app.extensions[EXTENSION]
    assert isinstance(found, Parts)
    return found

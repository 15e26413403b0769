"""The timetable: jobs that run once at a time however many workers there are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from lti_alliance.models.base import Base


class TimetableEntry(Base):
    """A recurring job: when it is due next and who holds it now."""

    __tablename__ = "timetable"

    job: Mapped[str] = mapped_column(String(60), primary_key=True)
    next_at: Mapped[datetime]
    lease_token: Mapped[str] = mapped_column(String(32), default="")
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class WorkerBeat(Base):
    """A sign of life of one worker process, for readiness."""

    __tablename__ = "worker_beats"

    worker_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)

"""Terms: the one place that says what limits hold for one person in one activity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from lti_alliance.domain.accommodations import (
    Accommodation,
    ToldDates,
    effective_settings,
    later,
    read_dates,
)
from lti_alliance.domain.activities import ActivitySettings, settings_from_json
from lti_alliance.models import Accommodation as AccommodationRow
from lti_alliance.models import Activity, Attempt, LMSDates, Membership, ResourceLink
from lti_alliance.models.statements import insert_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for one person, and where it comes from."""

    base: ActivitySettings
    """What the activity asks of everybody."""
    granted: Accommodation
    """What is granted for the course and for this activity, together."""
    told: ToldDates
    """The dates that the platform told for this person."""

    @property
    def settings(self) -> ActivitySettings:
        """What holds for this person."""
        return effective_settings(self.base, granted=self.granted, told=self.told)


def terms_of(session: Session, activity: Activity, membership: Membership) -> Terms:
    """Return the terms on which somebody works in an activity."""
    granted, told = Accommodation(), ToldDates()
    for row, dates in session.execute(
        _terms(), {"membership": membership.id, "activity": activity.id}
    ):
        granted = granted.joined(granted_by(row)) if row else granted
        told = _as_dates(dates) if dates else told
    return Terms(base=settings_from_json(activity.settings), granted=granted, told=told)


@cache
def _terms() -> Select[AccommodationRow, LMSDates]:
    # A row for each accommodation, or one without any; the dates are the same in all of them.
    return (
        select(AccommodationRow, LMSDates)
        .select_from(Membership)
        .join(Activity, Activity.id == bindparam("activity"))
        .outerjoin(
            AccommodationRow,
            and_(
                AccommodationRow.context_id == Membership.context_id,
                AccommodationRow.user_id == Membership.user_id,
                or_(
                    AccommodationRow.activity_id.is_(None),
                    AccommodationRow.activity_id == Activity.id,
                ),
            ),
        )
        .outerjoin(
            LMSDates,
            and_(
                LMSDates.resource_link_id == Activity.resource_link_id,
                LMSDates.membership_id == Membership.id,
            ),
        )
        .where(Membership.id == bindparam("membership"))
    )


def settings_for(session: Session, activity: Activity, membership: Membership) -> ActivitySettings:
    """Return the settings of an activity as they hold for one person."""
    return terms_of(session, activity, membership).settings


def settings_by_activity(
    session: Session, membership: Membership, activities: Sequence[Activity]
) -> dict[UUID, ActivitySettings]:
    """Return the settings of several activities of a course as they hold for one person.

    In as many queries for any number of activities.
    """
    for_course, granted = Accommodation(), dict[UUID, Accommodation]()
    for row in session.scalars(
        select(AccommodationRow).where(
            AccommodationRow.context_id == membership.context_id,
            AccommodationRow.user_id == membership.user_id,
        )
    ):
        if row.activity_id is None:
            for_course = for_course.joined(granted_by(row))
        else:
            granted[row.activity_id] = granted_by(row)
    told = {
        row.resource_link_id: _as_dates(row)
        for row in session.scalars(select(LMSDates).where(LMSDates.membership_id == membership.id))
    }
    return {
        activity.id: effective_settings(
            settings_from_json(activity.settings),
            granted=for_course.joined(granted.get(activity.id, Accommodation())),
            told=told.get(activity.resource_link_id, ToldDates()),
        )
        for activity in activities
    }


def own_terms(session: Session, activity: Activity) -> dict[UUID, Terms]:
    """Return the terms in an activity of everybody who has terms of their own, by membership.

    In as many queries for any class. Whoever is not named works on the activity's terms.
    """
    granted, told = dict[UUID, Accommodation](), dict[UUID, ToldDates]()
    for member_id, row in session.execute(
        select(Membership.id, AccommodationRow)
        .join(
            Membership,
            (Membership.context_id == AccommodationRow.context_id)
            & (Membership.user_id == AccommodationRow.user_id),
        )
        .where(
            AccommodationRow.context_id == activity.resource_link.context_id,
            or_(
                AccommodationRow.activity_id.is_(None), AccommodationRow.activity_id == activity.id
            ),
        )
    ):
        granted[member_id] = granted.get(member_id, Accommodation()).joined(granted_by(row))
    for dates in session.scalars(
        select(LMSDates).where(LMSDates.resource_link_id == activity.resource_link_id)
    ):
        told[dates.membership_id] = _as_dates(dates)
    base = settings_from_json(activity.settings)
    return {
        member_id: Terms(
            base=base,
            granted=granted.get(member_id, Accommodation()),
            told=told.get(member_id, ToldDates()),
        )
        for member_id in granted.keys() | told.keys()
    }


def settings_for_attempt(session: Session, attempt: Attempt) -> ActivitySettings:
    """Return the settings that hold for an attempt: its person's, with what it was promised."""
    return as_promised(settings_for(session, attempt.activity, attempt.membership), attempt)


def as_promised(settings: ActivitySettings, attempt: Attempt) -> ActivitySettings:
    """Return what holds for a person as it holds for one attempt, with what it was promised."""
    if settings.closes_at is None:
        return settings
    return replace(settings, closes_at=later(settings.closes_at, attempt.promised_until))


def granted_by(row: AccommodationRow) -> Accommodation:
    """Return what a row grants, as a value."""
    return Accommodation(
        time_multiplier=row.time_multiplier,
        extra_minutes=row.extra_minutes,
        extra_attempts=row.extra_attempts,
        closes_at=row.closes_at,
    )


def keep_told_dates(
    session: Session,
    link: ResourceLink,
    membership: Membership,
    custom: Mapping[str, str],
    *,
    found: LMSDates | None,
    at: datetime,
) -> None:
    """Keep the dates that a launch tells for its own person; they follow those of the platform.

    ``found`` are those kept so far. A platform that never tells any leaves no row.
    """
    told = read_dates(custom)
    if found is None and told == ToldDates():
        return
    if found is not None and told == _as_dates(found):
        return
    values = {
        "opens_at": told.opens_at,
        "due_at": told.due_at,
        "closes_at": told.closes_at,
        "told_at": at,
        # A close that was taken away or moved is looked at as well, once.
        "settle_at": told.closes_at or at,
    }
    session.execute(
        insert_for(session, LMSDates)
        .values(resource_link_id=link.id, membership_id=membership.id, **values)
        .on_conflict_do_update(index_elements=["resource_link_id", "membership_id"], set_=values)
    )
    if found is not None:
        session.refresh(found)


def settle_told_dates_anew(session: Session, activity: Activity) -> None:
    """Let the timetable look at the platform's dates again: other settings may give them force."""
    session.execute(
        update(LMSDates)
        .where(LMSDates.resource_link_id == activity.resource_link_id)
        .values(settle_at=LMSDates.closes_at)
        .execution_options(synchronize_session=False)
    )


def are_dates_told(session: Session, activity: Activity) -> bool:
    """Say whether the platform tells students their own dates here."""
    told = select(LMSDates.id).where(LMSDates.resource_link_id == activity.resource_link_id)
    return session.scalar(told.limit(1)) is not None


def find_dates(session: Session, link_id: UUID, membership: Membership) -> LMSDates | None:
    """Return the dates that the platform has told for one person on one link."""
    return session.scalar(
        select(LMSDates).where(
            LMSDates.resource_link_id == link_id, LMSDates.membership_id == membership.id
        )
    )


def _as_dates(row: LMSDates) -> ToldDates:
    return ToldDates(opens_at=row.opens_at, due_at=row.due_at, closes_at=row.closes_at)

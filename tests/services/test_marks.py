"""The marks of a reflection, drafts and released ones alike: of two markers, one is first."""

from typing import Any

import pytest

from lti_alliance.errors import Stale
from lti_alliance.models import Activity, DraftAssessment, Membership, RubricAssessment
from lti_alliance.sealing import Sealer
from lti_alliance.services.marks import find_marks, hold_marks
from tests.services.work import write
from tests.stage import NOON, Stage

BY = {
    DraftAssessment: ("marked_by_id", "marked_at"),
    RubricAssessment: ("assessed_by_id", "assessed_at"),
}


@pytest.mark.parametrize("kind", list(BY))
def test_of_two_markers_one_holds(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership, kind: Any
) -> None:
    """Whoever started from what is no more is told which version there is."""
    reflection = write(stage, sealer, activity, student)
    by, at = BY[kind]
    first = {by: stage.people["instructor"].id, at: NOON}
    versions = []
    for base_version in (0, 1):
        held = hold_marks(
            stage.session, kind, reflection=reflection, base_version=base_version, **first
        )
        with pytest.raises(Stale) as late:
            hold_marks(
                stage.session, kind, reflection=reflection, base_version=base_version, **first
            )
        versions.append((held.version, late.value.current_version))

    # A form that knew of none is told of the first; what it is now, it learns from the page.
    assert versions == [(1, 1), (2, 2)]
    assert find_marks(stage.session, kind, reflection) is held


@pytest.mark.parametrize("kind", list(BY))
def test_what_was_taken_away_cannot_be_held(
    stage: Stage, sealer: Sealer, activity: Activity, student: Membership, kind: Any
) -> None:
    """A form about marks that are gone is told so."""
    reflection = write(stage, sealer, activity, student)
    with pytest.raises(Stale) as late:
        hold_marks(stage.session, kind, reflection=reflection, base_version=3)

    assert late.value.current_version == 0

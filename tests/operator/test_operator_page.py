"""docs/operator.md, followed from an empty machine to a restored backup and an upgrade.

The commands are the page's own. What each says is kept, and what came of it is looked at: one
machine serves all tests of this module.
"""

import re

import pytest

from tests.operator import page
from tests.operator.machine import LEFT_OUT
from tests.operator.story import BACKUPS, SETTINGS, WROTE, Story

pytestmark = [
    pytest.mark.processes,
    pytest.mark.needs_postgres,
    pytest.mark.needs_redis,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("operator-page"),
]

# Two of three questions are right, and what is written earns its two points by being there.
SCORE = 4.0


def test_the_settings_are_the_owners_alone(story: Story) -> None:
    """Nobody else may read the file with the secrets, or a backup."""
    readable = [story.machine.path(SETTINGS), story.backup]

    assert [oct(path.stat().st_mode & 0o777) for path in readable] == ["0o600", "0o600"]
    assert oct(story.machine.path(BACKUPS).stat().st_mode & 0o777) == "0o700"


def test_scores_reach_the_gradebook(story: Story) -> None:
    """What a student hands in arrives, by the services as the units start them."""
    assert story.seen["scores before"] == [SCORE, SCORE, SCORE]


def test_the_doctor_looks_at_the_whole_machine(story: Story) -> None:
    """Nothing that belongs to the machine itself is ill."""
    ill = re.findall(r"^MEND +(.+?)  ", story.said["first launch"], re.MULTILINE)

    assert ill == []


def test_the_restored_backup_can_be_read(story: Story) -> None:
    """With the data key at hand a reflection is there again, after a launch."""
    assert WROTE in str(story.seen["reflection"])


def test_no_score_is_taken_back(story: Story) -> None:
    """What a gradebook has learnt since the backup stays there after it was restored."""
    assert story.seen["scores after"] == story.seen["scores before"]
    assert "agree" in story.said["restore"]


def test_who_was_erased_stays_erased(story: Story) -> None:
    """The restored backup had them; `privacy reapply` has seen to it."""
    assert story.seen["known"] == [True, False]


def test_an_upgrade_keeps_every_row(story: Story) -> None:
    """From the migration before to the newest, with a row in each table, and the tool serves."""
    rows = story.seen["rows"]

    assert isinstance(rows, dict)
    assert len(rows) > 40
    assert [name for name, count in rows.items() if count < 1] == []
    assert "applied " in story.said["migration"]


def test_an_invitation_is_an_address(story: Story) -> None:
    """The address is one of this tool's."""
    assert f"{story.machine.base_url}/" in story.said["Invite an LMS"]


def test_every_command_of_the_page_is_followed(story: Story) -> None:
    """No command is left out without a reason, and no reason is without a command."""
    stale = [
        pattern
        for pattern in LEFT_OUT
        if not any(map(re.compile(pattern).search, story.machine.left_out))
    ]
    followed = {"Install", "Settings, database, keys", "Services", "TLS", "The first launch"}
    followed |= {"Backups", "The audit trail", "Upgrades", "Invite an LMS", "Register Moodle"}
    told = {
        title.split(". ", 1)[-1]
        for title, body in re.findall(
            r"^## (.+?)\n(.*?)(?=^## |\Z)", page.text(), re.MULTILINE | re.DOTALL
        )
        if page.commands(body)
    }

    assert stale == []
    # `test_alerts.py` and `test_containers.py` look at these: neither Prometheus nor an engine
    # for containers belongs to this machine.
    assert told - followed == {"What to watch", "In containers"}

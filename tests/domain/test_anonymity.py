"""Numbers for names: stable, and no order of arrival."""

from uuid import UUID

from lti_alliance.domain.anonymity import writer_number


def test_a_writer_keeps_their_number_in_one_activity_only() -> None:
    """The number is the same each time, and another in another activity."""
    activity, other, writer = UUID(int=1), UUID(int=2), UUID(int=3)

    assert writer_number(activity, writer) == writer_number(activity, writer)
    assert writer_number(activity, writer) != writer_number(other, writer)
    assert len(str(writer_number(activity, writer))) == 5

"""What changed between versions: nothing is lost on either side."""

from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.revisions import Change, ChangeKind, compare

TEXT = st.text(alphabet="ab .!\n", max_size=80)


@given(TEXT, TEXT)
def test_both_versions_can_be_read_from_it(old: str, new: str) -> None:
    """Kept and added stretches are the new text, kept and removed ones the old."""
    changes = compare(old, new)

    assert "".join(c.text for c in changes if c.kind is not ChangeKind.REMOVED) == new
    assert "".join(c.text for c in changes if c.kind is not ChangeKind.ADDED) == old


def test_a_changed_word_is_shown_as_one() -> None:
    """Words that stayed are not shown as changed."""
    assert compare("I was calm. I left.", "I was tense. I left.") == (
        Change(ChangeKind.KEPT, "I was "),
        Change(ChangeKind.REMOVED, "calm. "),
        Change(ChangeKind.ADDED, "tense. "),
        Change(ChangeKind.KEPT, "I left."),
    )


def test_an_equal_text_has_no_change() -> None:
    """The same text is one kept stretch."""
    assert compare("Same.", "Same.") == (Change(ChangeKind.KEPT, "Same."),)


def test_a_text_made_to_be_slow_is_shown_as_a_whole() -> None:
    """Repetitions without end cost no more than any text: no comparison is tried."""
    old, new = "a. " * 20_000, "a. b. " * 10_000

    assert [change.text for change in compare(old, new)] == [old, new]

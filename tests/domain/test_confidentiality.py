"""The local check for what looks identifying: it finds forms, changes nothing, and ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_alliance.domain.confidentiality import DetailKind, find_details


@pytest.mark.parametrize(
    ("text", "kind", "passage"),
    [
        ("Write to j.doe@example.org soon", DetailKind.EMAIL, "j.doe@example.org"),
        ("See https://example.org/x?y=1 there", DetailKind.URL, "https://example.org/x?y=1"),
        ("Call 555-123-4567 now", DetailKind.PHONE, "555-123-4567"),
        ("Call (555) 123-4567 now", DetailKind.PHONE, "(555) 123-4567"),
        ("Call +49 30 1234567 now", DetailKind.PHONE, "+49 30 1234567"),
        ("Her number 123-45-6789 was", DetailKind.SOCIAL_SECURITY, "123-45-6789"),
        ("On March 3, 2024 she", DetailKind.DATE, "March 3, 2024"),
        ("On the 3rd of May he", DetailKind.DATE, "3rd of May"),
        ("On 03/04/2024 he", DetailKind.DATE, "03/04/2024"),
        ("On 2024-03-04 he", DetailKind.DATE, "2024-03-04"),
        ("She lives at 12 Elm Street with", DetailKind.ADDRESS, "12 Elm Street"),
        ("Then Ms. Alvarez spoke", DetailKind.NAME, "Ms. Alvarez"),
        ("Then Dr Müller spoke", DetailKind.NAME, "Dr Müller"),
        ("He is 93 years old and", DetailKind.AGE, "93 years old"),
        ("MRN: 0045821 was", DetailKind.RECORD, "MRN: 0045821"),
        ("under AB-1234567 there", DetailKind.RECORD, "AB-1234567"),
    ],
)
def test_what_it_sees(text: str, kind: DetailKind, passage: str) -> None:
    """Each kind of detail is found where it stands."""
    found = find_details(text)

    assert [detail.kind for detail in found] == [kind]
    span = found[0].span
    assert text[span.start : span.end] == passage


@pytest.mark.parametrize(
    "text",
    [
        "In 2019 I read Rogers (1957, p. 96) and Bordin, 1979.",
        "She is 45 years old and may come again.",
        "The client said nothing. My case was a role play.",
        "I gave it 3 of 10 points, then 4-5.",
        "Chapter 12 drives the point home.",
        "The doctor and the miss were both there.",
    ],
)
def test_what_it_leaves_alone(text: str) -> None:
    """Years, pages, ages below ninety and plain words are no detail."""
    assert find_details(text) == ()


@given(st.text(max_size=400))
def test_it_takes_any_text(text: str) -> None:
    """Whatever is written, what is found lies in the text, in order and apart."""
    found = find_details(text)
    ends = [detail.span.end for detail in found]

    assert all(detail.span.length > 0 for detail in found)
    assert all(detail.span.start >= 0 for detail in found)
    assert all(end <= len(text) for end in ends)
    assert all(a <= b.span.start for a, b in zip(ends, found[1:], strict=False))


@given(st.text(alphabet="abc .,\n", max_size=60), st.text(alphabet="abc .,\n", max_size=60))
def test_an_address_is_found_wherever_it_stands(before: str, after: str) -> None:
    """What stands around an e-mail address does not hide it."""
    found = find_details(f"{before} kim@example.org {after}")

    assert DetailKind.EMAIL in [detail.kind for detail in found]

"""Domains of counselling examinations, by the codes that modules name among their standards."""

from collections.abc import Iterable, Mapping

EXAM_DOMAINS: Mapping[str, str] = {
    "NCE/1": "NCE: Professional Practice and Ethics",
    "NCE/5": "NCE: Counseling Skills and Interventions",
    "NCE/6": "NCE: Core Counseling Attributes",
    "CCS/counselor-development": "CCS: Counselor Development",
}
"""Names as the outlines have them; a domain that no shipped module serves is left out."""


def domains_of(standards: Iterable[str]) -> dict[str, str]:
    """Return the examination domains among some standards, with their names, in a steady order."""
    named = set(standards)
    return {code: name for code, name in EXAM_DOMAINS.items() if code in named}

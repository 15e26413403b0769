"""Names of published measures, whose items belong to their publishers and never stand in a module.

The list holds names only. It cannot tell a copied item from a sentence of one's own; it finds items
that name a measure and ask the student to fill it in.
"""

import re

_NAMES = (
    "Barrett-Lennard Relationship Inventory",
    "California Psychotherapy Alliance Scales?",
    "Counselor Competencies Scale",
    "Counselor Rating Form",
    "Cultural Humility Scale",
    "Helping Alliance Questionnaire",
    "Outcome Questionnaire",
    "Outcome Rating Scale",
    "Patient Health Questionnaire",
    "Penn Helping Alliance Scales?",
    "Rupture Resolution Questionnaire",
    "Session Evaluation Questionnaire",
    "Session Rating Scale",
    "Supervisory Working Alliance Inventory",
    "Therapeutic Alliance Scales?",
    "Vanderbilt Therapeutic Alliance Scale",
    "Working Alliance Inventory",
)
_INITIALS = (
    "BLRI",
    "CALPAS",
    "CCS-R",
    "CRF(?:-S)?",
    "HAq(?:-I{1,2})?",
    "OQ-45",
    "ORS",
    "PHQ-9",
    "RRQ",
    "SEQ",
    "SRS",
    "SWAI",
    "VTAS",
    "WAI(?:-S|-SR|-O)?",
)
_MEASURE = re.compile(rf"(?i:\b(?:{'|'.join(_NAMES)})\b)|\b(?:{'|'.join(_INITIALS)})\b")


def find_measure(text: str) -> str | None:
    """Return the first name of a published measure in a text."""
    found = _MEASURE.search(" ".join(text.split()))
    return found[0] if found else None

"""The document of the certification: every case once, in order, and a test for each."""

import re

from scripts.conformance import PAGE, tables
from scripts.reference_docs import with_block
from tests.certification import test_core, test_deep_linking, test_services
from tests.certification.cases import GROUPS

IDS = [case.id for cases in GROUPS.values() for case in cases]


def test_every_case_is_played() -> None:
    """There are fifty-six cases, and each has a test."""
    played = [
        *test_core.REFUSALS,
        *test_core.OPENED,
        *test_deep_linking.ASKED,
        *test_services.ASKED,
    ]

    assert [f"C{number:02d}" for number in range(1, 57)] == IDS == played


def test_the_document_holds_the_cases_and_no_others() -> None:
    """The page is what `make conformance` would write from the rows that it holds."""
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (C\d\d) \|.*$", page, re.MULTILINE)
    lines = {line[2:5]: line for line in page.splitlines() if re.match(r"\| C\d\d ", line)}

    assert rows == IDS
    assert with_block(page, "conformance", tables(lines)) == page

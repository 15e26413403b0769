"""Write the table of docs/conformance.md from what the certification cases observe.

`make conformance` runs the cases, and each writes its row down. In an ordinary run of the tests
each compares its row with the one in the document instead.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scripts.reference_docs import DOCS, with_block
from tests.certification.cases import GROUPS
from tests.certification.evidence import FOLDER_VARIABLE

BLOCK = "conformance"
PAGE = DOCS / "conformance.md"


def tables(rows: dict[str, str]) -> Iterator[str]:
    """One table for each group of cases, with the row of each."""
    for group, cases in GROUPS.items():
        yield f"## {group}"
        yield ""
        yield "| Case | What is asked | Result | Evidence in the log |"
        yield "|---|---|---|---|"
        for case in cases:
            yield rows[case.id]
        yield ""


def main() -> None:
    """Run the cases and bring the page up to date; a case that fails leaves it as it was."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", "tests/certification"]
        ran = subprocess.run(command, env=os.environ | {FOLDER_VARIABLE: folder}, check=False)
        if ran.returncode:
            sys.exit("A case failed: docs/conformance.md stays as it is.")
        rows = {path.name: path.read_text(encoding="utf-8") for path in Path(folder).iterdir()}
    old = PAGE.read_text(encoding="utf-8")
    new = with_block(old, BLOCK, tables(rows))
    if new != old:
        PAGE.write_text(new, encoding="utf-8")
        sys.stdout.write(f"{PAGE.name}: {BLOCK} written anew\n")


if __name__ == "__main__":
    main()

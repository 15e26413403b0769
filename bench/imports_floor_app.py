"""The floor with every library loaded that this tool loads: what those alone take of memory.

Served as ``bench.imports_floor_app:app`` with the facts in ``BENCH_FACTS``.
"""

import importlib
import json
import os
from contextlib import suppress
from pathlib import Path

for _name in json.loads(Path(os.environ["BENCH_FACTS"]).read_text(encoding="utf-8"))["imports"]:
    # Compiled libraries enter modules that nobody can import by name; they come with them.
    with suppress(ImportError):
        importlib.import_module(_name)

from bench.floor_app import app  # noqa: E402 - the libraries come first, as in the tool

__all__ = ["app"]

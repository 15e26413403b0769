"""What every test would make anew and which is always the same: made once in a process.

An application of a test's own binds all addresses, and its engine compiles every statement; both
depend on nothing but the program, and together they were a third of what a test of pages cost.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from werkzeug.routing.rules import Rule

DIALECTS = (SQLiteDialect_pysqlite, PGDialect_psycopg)


@contextmanager
def sharing(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Share both between all applications and engines that are made inside the block.

    Compiled statements are kept by dialect, and each engine has one of its own, since two could be
    set up differently. Those of the tests are not: here one of a kind is as good as another.
    """
    statements, built = dict[Any, Any](), dict[Any, Any]()
    compile_builder = Rule._compile_builder

    def compile_once(self: Rule, append_unknown: bool = True) -> Any:
        kinds = tuple((name, type(each)) for name, each in self._converters.items())
        defaults = tuple(sorted((self.defaults or {}).items()))
        key = (self.rule, tuple(self._trace), kinds, defaults, append_unknown)
        if key not in built:
            built[key] = compile_builder(self, append_unknown)
        return built[key]

    def share(connection: Connection) -> None:
        connection.execution_options(compiled_cache=statements)

    patch.setattr(Rule, "_compile_builder", compile_once)
    for each in DIALECTS:
        patch.setattr(each, "__eq__", lambda self, other: type(self) is type(other))
        patch.setattr(each, "__hash__", lambda self: hash(type(self)))
    event.listen(Engine, "engine_connect", share)
    yield
    event.remove(Engine, "engine_connect", share)

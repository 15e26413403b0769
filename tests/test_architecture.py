"""The arrows between rooms, and who may import what."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lti_alliance"
MODULES = sorted(PACKAGE.rglob("*.py"))

FLASK_ROOMS = (
    *("app", "web", "cli", "parts", "worker", "delivering"),
    *("observability", "models.base"),
)
SETTINGS_ROOMS = ("app", "parts", "cli", "web", "worker", "observability")


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)


def is_in(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def test_every_contract_is_kept() -> None:
    """The import contracts in .importlinter hold."""
    # In a process of its own: the linter sets up logs in a way that silences all other loggers.
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize("path", sorted((PACKAGE / "domain").rglob("*.py")), ids=module_name)
def test_domain_is_pure(path: Path) -> None:
    """The domain imports the standard library, itself and the errors."""
    ours = ("lti_alliance.domain", "lti_alliance.errors")
    foreign = [
        name
        for name in imports(path)
        if name.partition(".")[0] not in sys.stdlib_module_names and not is_in(name, ours)
    ]

    assert foreign == []


def test_domain_reads_no_clock() -> None:
    """Time enters the domain and the services as an argument."""
    calls = [
        f"{module_name(path)}:{node.lineno}"
        for room in ("domain", "services", "content")
        for path in (PACKAGE / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func)
        in {"datetime.now", "datetime.utcnow", "time.time", "date.today", "datetime.today"}
    ]

    assert calls == []


def test_flask_stays_at_the_edges() -> None:
    """Only the edges know Flask; the tables know its database extension in one module."""
    found = {
        module_name(path)
        for path in MODULES
        if any(name.partition(".")[0].startswith("flask") for name in imports(path))
    }

    assert {m for m in found if not is_in(m, (*FLASK_ROOMS, "practice_lms"))} == set()


def test_settings_stay_at_the_edges() -> None:
    """Inner rooms receive values, not the settings."""
    found = {
        module_name(path)
        for path in MODULES
        if any(is_in(name, ("lti_alliance.settings",)) for name in imports(path))
    }

    assert {m for m in found if not is_in(m, SETTINGS_ROOMS)} == set()


def test_one_module_makes_http_calls() -> None:
    """Only lti/http.py calls requests; the rest of that room may name its types."""
    callers = {
        module_name(path)
        for path in MODULES
        if not module_name(path).startswith("practice_lms")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).partition(".")[0] in {"requests", "urllib3", "urlopen"}
    }

    assert callers <= {"lti.http", "lti.guarded_connections"}


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_environment_is_read_in_one_place(path: Path) -> None:
    """Settings come from settings.py; what has none yet, or is no setting of ours, looks past it.

    `init` and `demo` start from nothing; prometheus_client has a variable of its own.
    """
    may = ("settings", "cli.init", "demo", "practice_lms", "observability")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}
    ]

    assert lines == [] or is_in(module_name(path), may)


def test_the_practice_lms_stands_alone() -> None:
    """The practice LMS imports nothing of the tool, so that a mistake cannot agree with itself."""
    borrowed = {
        name
        for path in (PACKAGE / "practice_lms").rglob("*.py")
        for name in imports(path)
        if name.startswith("lti_alliance.") and not is_in(name, ("lti_alliance.practice_lms",))
    }

    assert borrowed == set()

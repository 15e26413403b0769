"""Who takes part in the launches: the floor, two tools of PyLTI1p3, and this tool, each served.

All are served by gunicorn with the same number of processes and threads, on the same PostgreSQL
where they use one.
"""

import base64
import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis

from bench.children import free_port
from bench.cpu import own_seconds, tree_seconds
from bench.databases import Database, postgresql_database
from bench.messages import Issuer
from bench.rows import add_platform
from bench.senders import SenderFailed
from lti_alliance.app import create_app
from lti_alliance.demo.processes import Processes, python, wait_until_up
from lti_alliance.demo.run import ROOT, act
from lti_alliance.lti import keys
from lti_alliance.parts import parts, utc_now
from lti_alliance.settings import load

FLOOR, FILES, REDIS, TOOL = "floor", "PyLTI1p3, files", "PyLTI1p3, Redis", "this tool"
IMPORTS_FLOOR = "floor, same imports"
_MODULES = {
    FLOOR: "bench.floor_app:app",
    IMPORTS_FLOOR: "bench.imports_floor_app:app",
    FILES: "bench.pylti_app:app",
    REDIS: "bench.pylti_app:app",
}
REDIS_URL = "redis://127.0.0.1:6379/7"
LIMITER_URL = "redis://127.0.0.1:6379/6"
FLOOR_TABLES = (
    "CREATE TABLE launches (nonce text PRIMARY KEY, sub text, roles text, at timestamptz)",
    "CREATE TABLE answers (sub text PRIMARY KEY, version int, sheet jsonb, at timestamptz)",
)
_UPGRADE_WITHIN_S = 120
_SETTINGS = str(ROOT / "config" / "gunicorn.conf.py")


@dataclass(frozen=True, slots=True)
class Contestant:
    """One served tool."""

    name: str
    url: str
    cpu_s: Callable[[], float]
    """CPU seconds of its server's processes so far."""
    database_s: Callable[[], float]
    """CPU seconds of its database so far."""
    pid: int = 0
    """The process above all of its server's."""
    env: Mapping[str, str] = field(default_factory=dict)
    """With which settings its processes run; empty for others than this tool."""
    own_url: str = ""
    """The address of its database for the benchmark's own work, which is not counted."""

    @property
    def launch_url(self) -> str:
        """Return where launches are posted."""
        return f"{self.url}/lti/launch"

    @property
    def login_url(self) -> str:
        """Return where logins begin."""
        return f"{self.url}/lti/login"


@dataclass(frozen=True, slots=True)
class Serving:
    """How everybody is served."""

    workers: int = 2
    threads: int = 1
    is_preloaded: bool = False
    """Whether the application is loaded once, before the processes part."""

    def options(self, port: int) -> list[str]:
        """Return gunicorn's options."""
        return [
            *("--bind", f"127.0.0.1:{port}", "--backlog", "4096"),
            *("--workers", str(self.workers), "--threads", str(self.threads)),
            *("--worker-class", "sync" if self.threads == 1 else "gthread"),
            *("--max-requests", "0", "--no-control-socket"),
            *(("--preload",) if self.is_preloaded else ()),
        ]


@contextmanager
def serving(
    names: tuple[str, ...],
    issuer: Issuer,
    *,
    server: str,
    folder: Path,
    processes: Processes,
    how: Serving,
) -> Iterator[list[Contestant]]:
    """Serve everybody named until the block ends."""
    with ExitStack() as stack:
        found = []
        for name in names:
            place = folder / name.replace(" ", "-").replace(",", "")
            place.mkdir(parents=True)
            database = stack.enter_context(postgresql_database(server))
            if name == TOOL:
                found.append(_tool(issuer, database, processes, how))
            else:
                found.append(_other(name, issuer, database, place, processes, how))
        yield found


def _other(
    name: str,
    issuer: Issuer,
    database: Database,
    folder: Path,
    processes: Processes,
    how: Serving,
) -> Contestant:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    store = database.url.replace("+psycopg", "")
    if name in (FLOOR, IMPORTS_FLOOR):
        with psycopg.connect(store) as connection:
            for table in FLOOR_TABLES:
                connection.execute(table)
    facts = {
        "issuer": issuer.issuer,
        "client_id": issuer.client_id,
        "deployment_id": issuer.deployment_id,
        "jwks": issuer.jwks,
        "jwks_url": f"{issuer.base_url}/keys",
        "auth_login_url": f"{issuer.base_url}/authorize",
        "auth_token_url": f"{issuer.base_url}/token",
        "launch_url": f"{url}/lti/launch",
        "private_key": issuer.private_pem(),
        "secret_key": secrets.token_urlsafe(48),
        "database_url": store,
        "redis_url": REDIS_URL if name == REDIS else "",
        "folder": str(folder),
        "imports": imported_by_tool() if name == IMPORTS_FLOOR else [],
    }
    file = folder / "facts.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(facts), encoding="utf-8")
    process = processes.start(
        name,
        python("-m", "gunicorn", *how.options(port), _MODULES[name]),
        env={"BENCH_FACTS": str(file)},
        cwd=ROOT,
    )
    _wait_until_open(url, processes)
    meter = database.meter()
    redis_pid = _redis_pid() if name == REDIS else 0
    return Contestant(
        name,
        url,
        cpu_s=lambda: tree_seconds(process.pid),
        database_s=lambda: own_seconds(redis_pid) if redis_pid else meter.used_s() or 0.0,
        pid=process.pid,
    )


def _tool(
    issuer: Issuer,
    database: Database,
    processes: Processes,
    how: Serving,
) -> Contestant:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        "ALLIANCE_ENVIRONMENT": "development",
        "ALLIANCE_BASE_URL": url,
        "ALLIANCE_SECRET_KEY": secrets.token_urlsafe(48),
        "ALLIANCE_DATA_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "ALLIANCE_DATABASE_URL": database.url,
        "ALLIANCE_SUPPORT_CONTACT": "the benchmark",
        # As a server is set up.
        "ALLIANCE_LOG_FORMAT": "json",
        **({"ALLIANCE_LIMITER_URL": LIMITER_URL} if is_redis_up() else {}),
    }
    upgrade = processes.start(
        "upgrade", python("-m", "lti_alliance", "db", "upgrade"), env=env, cwd=ROOT, is_brief=True
    )
    if upgrade.wait(_UPGRADE_WITHIN_S) != 0:
        raise SenderFailed(f"the database could not be prepared: see {processes.logs}")
    app = create_app(load({**env, "ALLIANCE_DATABASE_URL": database.own_url}))
    with app.app_context(), act() as session:
        keys.ensure_keys(session, parts().sealer, at=utc_now())
        add_platform(session, told_of(issuer))
    process = processes.start(
        TOOL,
        # Its own file of settings, as on a server; what the options say goes first.
        python("-m", "gunicorn", "--config", _SETTINGS, *how.options(port), "wsgi:app"),
        env=env,
        cwd=ROOT,
    )
    wait_until_up(f"{url}/healthz", processes)
    meter = database.meter()
    return Contestant(
        TOOL,
        url,
        cpu_s=lambda: tree_seconds(process.pid),
        database_s=lambda: meter.used_s() or 0.0,
        pid=process.pid,
        env=env,
        own_url=database.own_url,
    )


def told_of(issuer: Issuer) -> dict[str, str]:
    """Return what a registration says of the load platform."""
    return {
        "issuer": issuer.issuer,
        "client_id": issuer.client_id,
        "family": "canvas",
        "auth_login_url": f"{issuer.base_url}/authorize",
        "auth_token_url": f"{issuer.base_url}/token",
        "jwks_url": f"{issuer.base_url}/keys",
        "service_host": issuer.base_url.partition("//")[2],
        "deployment_id": issuer.deployment_id,
    }


def imported_by_tool() -> list[str]:
    """Return the modules that loading this tool loads besides its own, as a process of it does."""
    script = (
        "import json, sys, lti_alliance.app, psycopg, sqlalchemy.dialects.postgresql.psycopg\n"
        "print(json.dumps([n for n in sys.modules if not n.startswith(('lti_alliance', '__m'))]))"
    )
    done = subprocess.run(
        python("-c", script), cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: list[str] = json.loads(done.stdout)
    return found


def is_redis_up() -> bool:
    """Say whether the Redis of the benchmark answers."""
    try:
        return bool(redis.Redis.from_url(REDIS_URL).ping())
    except redis.RedisError:
        return False


def _redis_pid() -> int:
    client = redis.Redis.from_url(REDIS_URL)
    client.flushdb()
    return int(client.info("server")["process_id"])  # type: ignore[index]


def _wait_until_open(url: str, processes: Processes) -> None:
    time.sleep(0.1)
    wait_until_up(f"{url}/static/", processes)

"""A PostgreSQL cluster of a test's own, to be restarted and filled up as no shared one may be."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql

from tests.ports import free_port

MEND = "no PostgreSQL server programs: install them (Debian: apt install postgresql)"
_USER = "postgres"
_NAME = "alliance"
_OPTIONS = {
    "unix_socket_directories": "''",
    "listen_addresses": "'127.0.0.1'",
    # The machine itself stays up, so what is written need not be on the disk.
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "'32MB'",
}


@cache
def find_programs() -> Path | None:
    """Return the folder with initdb and pg_ctl, the newest of several."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: float(each.parent.name)
    )
    if found := shutil.which("pg_ctl"):
        folders.insert(0, Path(found).resolve().parent)
    usable = [each for each in folders if (each / "initdb").exists() and (each / "pg_ctl").exists()]
    return usable[-1] if usable else None


class PrivatePostgres:
    """A running cluster in a temporary folder; PostgreSQL never runs as root.

    It answers this machine, and with ``network`` also the addresses of that network.
    """

    def __init__(self, *, network: str = "") -> None:
        programs = find_programs()
        assert programs is not None, MEND
        self._programs = programs
        # Not below pytest's folder: that one is closed to the user that the server runs as.
        self.folder = Path(tempfile.mkdtemp(prefix="alliance-postgres-"))
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam(_USER)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as_user = ["runuser", "-u", _USER, "--"]
        self.port = free_port()
        data = self.folder / "data"
        self._run("initdb", "-D", data, "-U", _NAME, "-A", "trust", "-E", "UTF8", "--no-sync")
        options = {**_OPTIONS, "port": str(self.port)}
        if network:
            options["listen_addresses"] = "'*'"
            with (data / "pg_hba.conf").open("a") as who_may:
                who_may.write(f"host all all {network} trust\n")
        lines = "".join(f"{name} = {value}\n" for name, value in options.items())
        settings = data / "postgresql.conf"
        settings.write_text(settings.read_text() + lines)
        self._ctl("start")

    @property
    def url(self) -> str:
        """The address of the cluster's own database."""
        return f"postgresql://{_NAME}@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        """The process whose children serve the connections."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def create_database(self, name: str) -> str:
        """Create a database and return its address."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"postgresql+psycopg://{_NAME}@127.0.0.1:{self.port}/{name}"

    def restart(self) -> None:
        """Restart at once, as after a crash: connections break and open transactions are lost."""
        self._ctl("restart", "-m", "immediate")

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Be stopped for a while."""
        self._ctl("stop", "-m", "immediate")
        try:
            yield
        finally:
            self._ctl("start")

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        self._ctl("stop", "-m", "immediate")
        shutil.rmtree(self.folder)

    def _ctl(self, what: str, *arguments: str) -> None:
        log = self.folder / "log"
        self._run(
            "pg_ctl", what, "-D", self.folder / "data", "-w", "-t", "60", "-l", log, *arguments
        )

    def _run(self, program: str, *arguments: object) -> None:
        # The output goes to a file: the server would keep a pipe open for as long as it lives.
        with (self.folder / "output").open("ab") as output:
            subprocess.run(
                [*self._as_user, str(self._programs / program), *map(str, arguments)],
                check=True,
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

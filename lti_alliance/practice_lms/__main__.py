"""Run the practice LMS as a process of its own."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from werkzeug.serving import make_server

from lti_alliance.practice_lms.app import create_practice_lms
from lti_alliance.practice_lms.platform import EXTENSION
from lti_alliance.practice_lms.settings import PracticeSettings


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted, then save."""
    parser = argparse.ArgumentParser(prog="python -m lti_alliance.practice_lms")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--tool", default="http://localhost:8000", help="the tool's address")
    parser.add_argument("--data", type=Path, help="directory for state and keys")
    parser.add_argument("--base-url", help="this LMS's address (default http://127.0.0.1:PORT)")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    chosen = parser.parse_args(arguments)
    base_url = chosen.base_url or f"http://127.0.0.1:{chosen.port}"
    settings = PracticeSettings(
        base_url=base_url.rstrip("/"),
        tool_url=chosen.tool.rstrip("/"),
        data_dir=chosen.data,
    )
    logging.getLogger("werkzeug").setLevel(logging.INFO if chosen.verbose else logging.ERROR)
    app = create_practice_lms(settings)
    server = make_server(chosen.host, chosen.port, app, threaded=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        # shutdown() waits for the loop that this thread runs, so another thread asks for it.
        signal.signal(
            number, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start()
        )
    sys.stdout.write(f"Practice LMS at {base_url}\n")
    sys.stdout.flush()
    server.serve_forever()
    server.server_close()
    app.extensions[EXTENSION].store.save()


if __name__ == "__main__":
    main()

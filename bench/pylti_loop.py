"""The rival: what a careful program does with PyLTI1p3 alone, one score after the other.

One ``AssignmentsGradesService`` and one ``ServiceConnector`` are kept, so that the access token and
the connection are too, and the private key is loaded once. Nothing is written down, tried again or
read back.

Run as ``python -m bench.pylti_loop FILE``. It says ``ready``, sends when a line comes, says
``done``, and ends with its standard input.
"""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.grade import Grade
from pylti1p3.registration import Registration
from pylti1p3.service_connector import ServiceConnector


def connect(task: dict[str, Any]) -> AssignmentsGradesService:
    """Return the one service object, its key loaded."""
    key: Any = load_pem_private_key(task["private_key"].encode(), password=None)
    registration = Registration()
    registration.set_issuer(task["issuer"])
    registration.set_client_id(task["client_id"])
    registration.set_auth_token_url(task["auth_token_url"])
    registration.set_tool_private_key(key)
    registration.set_tool_public_key(task["public_key"])
    service: Any = {"scope": task["scopes"], "lineitem": task["line_item"]}
    return AssignmentsGradesService(ServiceConnector(registration), service)


def send(grades: AssignmentsGradesService, scores: Iterable[tuple[str, float, float]]) -> None:
    """Send every score; the first failure ends the program."""
    for sub, score, maximum in scores:
        grade = Grade()
        grade.set_user_id(sub)
        grade.set_score_given(score)
        grade.set_score_maximum(maximum)
        grade.set_timestamp(datetime.now(UTC).isoformat(timespec="milliseconds"))
        grade.set_activity_progress("Completed")
        grade.set_grading_progress("FullyGraded")
        grades.put_grade(grade)


def main(file: str) -> None:
    """Get ready, wait, send."""
    task = json.loads(Path(file).read_text(encoding="utf-8"))
    grades = connect(task)
    print("ready", flush=True)
    sys.stdin.readline()
    send(grades, task["scores"])
    print("done", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The faults of one file, gathered so that its author sees all of them at once."""

from lti_alliance.errors import ContentError, Fault


class Faults:
    """What is wrong with a file, and what is only doubtful."""

    def __init__(self) -> None:
        self._errors: list[Fault] = []
        self._warnings: list[Fault] = []

    def error(self, line: int, problem: str, remedy: str) -> None:
        """Note something that keeps the file from being used."""
        self._errors.append(Fault(line, problem, remedy))

    def warn(self, line: int, problem: str, remedy: str) -> None:
        """Note something that the author should look at."""
        self._warnings.append(Fault(line, problem, remedy))

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """Return the warnings in order of line."""
        return _in_order(self._warnings)

    def raise_errors(self, name: str) -> None:
        """Raise every error so far as one ``ContentError``, if there are any."""
        if self._errors:
            raise ContentError(name, _in_order(self._errors))


def _in_order(faults: list[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(dict.fromkeys(faults), key=lambda fault: fault.line))

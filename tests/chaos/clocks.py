"""Time in a world: one true time, and a tool's clock that may be wrong."""

from datetime import UTC, datetime, timedelta

BEGINNING = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


class Clocks:
    """The true time, which only goes forward, and the tool's clock, which jumps."""

    def __init__(self) -> None:
        self.true = BEGINNING
        self.tool_error = timedelta()
        self.latest_tool = BEGINNING

    def reset(self) -> None:
        """Go back to the beginning, with a tool's clock that is right."""
        self.true = self.latest_tool = BEGINNING
        self.tool_error = timedelta()

    def tool(self) -> datetime:
        """Read the tool's clock."""
        read = self.true + self.tool_error
        self.latest_tool = max(self.latest_tool, read)
        return read

    def true_s(self) -> float:
        """Read the true time in seconds, as the practice LMS reads its clock."""
        return self.true.timestamp()

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.true += timedelta(seconds=seconds)

    def pass_until(self, tool_time: datetime) -> None:
        """Let time pass until the tool's clock shows this moment."""
        self.true += max(timedelta(), tool_time - self.tool())

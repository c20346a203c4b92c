"""How fast work goes, and how long it will take, beside a bar of progress."""

from rich.progress import ProgressColumn, Task
from rich.text import Text

from api.report.numbers import clock_text

KNOWN_AFTER_S = 2.0
KNOWN_FROM = 0.02
"""Before, what is left would be a guess."""


class Pace(ProgressColumn):
    """What is left of a task, and of one that counts things, how many are done in a minute."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """The text beside the bar."""
        return Text(pace(task.elapsed, task.completed, task.total, task.fields.get("unit")))


def pace(elapsed_s: float | None, completed: float, total: float | None, unit: str | None) -> str:
    """How fast, and how long still.

    >>> pace(30.0, 3, 12, "files"), pace(10.0, 0.25, 1.0, None), pace(0.5, 0.25, 1.0, None)
    ('6.0 files a minute, 1:30 left', '0:30 left', '')
    """
    if not elapsed_s or not total or elapsed_s < KNOWN_AFTER_S or completed < KNOWN_FROM * total:
        return ""
    left = f"{clock_text(elapsed_s * (total - completed) / completed)} left"
    return left if unit is None else f"{60 * completed / elapsed_s:.1f} {unit} a minute, {left}"

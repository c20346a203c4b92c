"""How fast work goes, and how long it will take, beside a bar of progress."""

from rich.progress import ProgressColumn, Task, TaskID
from rich.text import Text

from api.report.numbers import clock_text

KNOWN_AFTER_S = 2.0
KNOWN_FROM = 0.02
"""Before, what is left would be a guess."""


class Pace(ProgressColumn):
    """What is left of a task, and of one that counts things, how many are done in a minute."""

    max_refresh = 0.5

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[TaskID, tuple[float, float]] = {}

    def render(self, task: Task) -> Text:
        """The text beside the bar."""
        elapsed_s = task.elapsed or 0.0
        if task.id not in self._told or self._told[task.id][0] != task.completed:
            self._told[task.id] = task.completed, elapsed_s
        told_s = self._told[task.id][1]
        return Text(
            pace(told_s, task.completed, task.total, task.fields.get("unit"), since_s=elapsed_s - told_s)
        )


def pace(
    elapsed_s: float | None, completed: float, total: float | None, unit: str | None, *, since_s: float = 0.0
) -> str:
    """How fast, and how long still.

    Args:
        elapsed_s: how long it took to come as far as `completed`.
        completed: how much is done.
        total: of how much; None where nobody knows.
        unit: what is counted; None for shares.
        since_s: how long ago that was told. What was left then grows less since, not more; once it is used up
            nobody knows how long it still takes.

    >>> pace(30.0, 3, 12, "files"), pace(10.0, 0.25, 1.0, None), pace(0.5, 0.25, 1.0, None)
    ('6.0 files a minute, 1:30 left', '0:30 left', '')
    >>> pace(10.0, 0.25, 1.0, None, since_s=20.0), pace(10.0, 0.25, 1.0, None, since_s=40.0)
    ('0:10 left', '')
    """
    if not elapsed_s or not total or elapsed_s < KNOWN_AFTER_S or completed < KNOWN_FROM * total:
        return ""
    fast = [] if unit is None else [f"{60 * completed / elapsed_s:.1f} {unit} a minute"]
    left_s = elapsed_s * (total - completed) / completed - since_s
    return ", ".join(fast + ([f"{clock_text(left_s)} left"] if left_s >= 0.0 else []))

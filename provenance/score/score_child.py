"""The task of the process that reads scores: a stranger's bytes, and a parser that takes them apart.

Standard library only. The answer `A` is JSON: `tracks`, `notes` and `duration_s`.
"""

import json
from dataclasses import asdict

from core.locked_child import Refusal, Task
from provenance.score.midi import MidiError, read


def prepare() -> None:
    """Everything is loaded."""


def work(task: Task) -> None:
    """Read one file."""
    try:
        found = read(task.files[0].read())
    except MidiError as error:
        raise Refusal("UnreadableScore", str(error)) from error
    task.send(b"A", json.dumps(asdict(found)).encode())

"""The folder of a scan that is under way: taken by one process, made anew where other files are listed."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from api.scan.find import Item, ScanError
from api.scan.parts import Parts
from api.scan.plan import Plan, Terms
from core.files import replacing, settle

PLAN, CARRIED = "plan.jsonl", "carried.jsonl"


@contextmanager
def opened(folder: Path, items: Sequence[Item], terms: Terms) -> Iterator[Parts]:
    """The rows that earlier runs left, made where there are none; erased at the end unless the block failed.

    Args:
        folder: of the run.
        items: what is to be done. Rows that are there of other files, or of files that changed since, are
            left out.
        terms: of a scan that begins.

    Raises:
        ScanError: another scan is writing to it, or what is there cannot be read.
        OSError: it cannot be written.
    """
    folder.mkdir(exist_ok=True)
    with _alone(folder):
        parts = Parts(folder, _planned(folder, items, terms))
        try:
            yield parts
        finally:
            parts.close()
        (folder / PLAN).unlink()  # first: rows without a plan are nobody's
        shutil.rmtree(folder)


def _planned(folder: Path, items: Sequence[Item], terms: Terms) -> Plan:
    """The plan in the folder, once it is about these items, and the rows with it.

    Rows are carried from one plan to the next by a file that is there whole or not at all; while it is there
    it holds every row, and what else lies in the folder counts for nothing.
    """
    carried = folder / CARRIED
    if not carried.exists():
        former = Plan.read(folder / PLAN)
        if former is not None:
            if former.items == list(items):
                return former
            _carry(folder, former, carried)
    for path in folder.iterdir():
        if path != carried:
            path.unlink()
    plan = Plan(list(items), terms)
    if carried.exists():
        plan = _carried(folder, carried, plan.items)
    plan.write(folder / PLAN)
    carried.unlink(missing_ok=True)
    return plan


def _carry(folder: Path, former: Plan, carried: Path) -> None:
    """Write every row with what its item was."""
    parts = Parts(folder, former)
    try:
        with replacing(carried) as part:
            with part.open("w", encoding="utf-8") as file:
                file.write(json.dumps(former.terms.to_json()) + "\n")
                for number, row in parts.numbered():
                    item = former.items[number]
                    file.write(json.dumps([[item.location, item.size, item.version], row]) + "\n")
            settle(part)
        settle(folder)
    finally:
        parts.close()


def _carried(folder: Path, carried: Path, items: Sequence[Item]) -> Plan:
    """Give the rows that were carried their numbers among these items."""
    numbers = {item: number for number, item in enumerate(items)}
    with carried.open(encoding="utf-8") as file:
        plan = Plan(items, _terms(file.readline(), carried))
        parts = Parts(folder, plan)
        try:
            for line in file:
                was, row = json.loads(line)
                number = numbers.get(Item(*was))
                if number is not None:
                    parts.add(number, row)
        finally:
            parts.close()
    return plan


def _terms(head: str, carried: Path) -> Terms:
    try:
        return Terms.from_json(json.loads(head))
    except (ValueError, TypeError) as error:
        raise ScanError(
            f"what an interrupted scan left cannot be read ({carried}: {error}): finish it with the release "
            f"that began it, or delete {carried.parent} to begin again"
        ) from None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder against other scans; whatever ends this process lets go of it."""
    held = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ScanError(f"another scan is writing these results ({folder}): wait for it to end") from None
        yield
    finally:
        os.close(held)

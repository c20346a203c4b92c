"""What a scan has set out to do: every file as it was when it was listed, in the order of its rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from api.scan.find import Item, ScanError
from core.files import replacing, settle

VERSION = 1


@dataclass(frozen=True)
class Plan:
    """The files of a scan.

    Attributes:
        items: row `n` of the table is about `items[n]`.
        day: on which it began; the rules of every row are those of this day, whenever it is done.
    """

    items: Sequence[Item]
    day: date

    def write(self, path: Path) -> None:
        """Write the plan, whole or not at all; it is on the disk when this returns.

        Raises:
            OSError: it cannot be written.
        """
        with replacing(path) as part:
            with part.open("w", encoding="utf-8") as file:
                head = {"version": VERSION, "day": self.day.isoformat(), "files": len(self.items)}
                file.write(json.dumps(head) + "\n")
                for item in self.items:
                    file.write(json.dumps([item.location, item.size, item.version]) + "\n")
            settle(part)
        settle(path.parent)

    @classmethod
    def read(cls, path: Path) -> "Plan | None":
        """The plan at a path; None where there is none.

        Raises:
            ScanError: it is damaged, or of another release.
        """
        try:
            with path.open(encoding="utf-8") as file:
                head = json.loads(file.readline())
                items = [Item(*json.loads(line)) for line in file]
            if head["version"] != VERSION or head["files"] != len(items):
                raise ValueError("another version, or cut off")
            return cls(items, date.fromisoformat(head["day"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise ScanError(
                f"the plan of an interrupted scan cannot be read ({path}: {error}): finish it with the "
                f"release that began it, or delete {path.parent} to begin again"
            ) from None

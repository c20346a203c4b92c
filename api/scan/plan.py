"""What a scan has set out to do: every file as it was when it was listed, in the order of its rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from api.policies.policies import DEFAULT
from api.scan.find import Item, ScanError
from core.files import replacing, settle

VERSION = 2


@dataclass(frozen=True)
class Terms:
    """By what every row of a scan is decided, whenever it is done.

    Attributes:
        day: on which the scan began; rules are dated.
        policy: id of the policy that was in force then.
    """

    day: date
    policy: str = DEFAULT

    def to_json(self) -> list[str]:
        """As the plan keeps it."""
        return [self.day.isoformat(), self.policy]

    @classmethod
    def from_json(cls, kept: list[str]) -> "Terms":
        """Read what `to_json` wrote."""
        day, policy = kept
        return cls(date.fromisoformat(day), policy)


@dataclass(frozen=True)
class Plan:
    """The files of a scan.

    Attributes:
        items: row `n` of the table is about `items[n]`.
        terms: by what they are decided.
    """

    items: Sequence[Item]
    terms: Terms

    def write(self, path: Path) -> None:
        """Write the plan, whole or not at all; it is on the disk when this returns.

        Raises:
            OSError: it cannot be written.
        """
        with replacing(path) as part:
            with part.open("w", encoding="utf-8") as file:
                head = {"version": VERSION, "terms": self.terms.to_json(), "files": len(self.items)}
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
            return cls(items, Terms.from_json(head["terms"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise ScanError(
                f"the plan of an interrupted scan cannot be read ({path}: {error}): finish it with the "
                f"release that began it, or delete {path.parent} to begin again"
            ) from None

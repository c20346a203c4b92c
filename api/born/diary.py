"""What a watched folder's files came to, kept so that each is tagged once whatever ends the watch.

One JSON line each, in the output folder: `begun` holds all that a second attempt needs to make the same
record, `tagged`, `failed` and `known` are final. Files are known by the digest of their content.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from api.born.arrivals import Arrival
from core import lines
from core.errors import InvalidInput
from provenance.declaration import Declaration
from provenance.records.ingredient import Ingredient
from provenance.records.involvement import Generation

NAME = ".trackmark-watch.jsonl"


@dataclass(frozen=True)
class Begun:
    """An attempt, with everything that must be the same in the next one.

    Attributes:
        sha256: of the file's content.
        file: its name in the watched folder.
        out: the name of the tagged file in the output folder.
        record_id: drawn before anything is marked.
        issued_at: when the statement was made.
        declaration: what is stated.
    """

    sha256: str
    file: str
    out: str
    record_id: str
    issued_at: str
    declaration: Declaration


class Diary:
    """The entries of one output folder; made by `opened`."""

    def __init__(self, file: lines.Lines) -> None:
        self._file = file
        self.begun: dict[str, Begun] = {}
        self.ended: dict[str, dict[str, Any]] = {}
        self._seen: dict[str, tuple[tuple[int, ...], str]] = {}
        for _place, entry in file.read():
            self._take(entry)

    def _take(self, entry: dict[str, Any]) -> None:
        sha256 = entry["sha256"]
        if entry["event"] == "begun":
            self.begun[sha256] = _begun(entry)
            return
        self._seen[entry["file"]] = (tuple(entry["state"]), sha256)
        if entry["event"] != "known":
            self.ended[sha256] = entry
            self.begun.pop(sha256, None)

    def begin(self, begun: Begun) -> None:
        """Note an attempt, before anything of it is done."""
        entry = {"event": "begun", **asdict(begun)}
        self._file.add(entry)
        self._take(entry)

    def end(self, event: str, sha256: str, arrival: Arrival, **told: Any) -> None:
        """Note what became of a file: `tagged`, `failed`, or `known` by its content already."""
        entry = {"event": event, "sha256": sha256, "file": arrival.name, "state": list(arrival.state), **told}
        self._file.add(entry)
        self._take(entry)

    def sha256_of(self, arrival: Arrival) -> str | None:
        """The digest of a file that has not changed since it was dealt with; None of any other."""
        state, sha256 = self._seen.get(arrival.name, ((), ""))
        return sha256 if state == arrival.state else None


@contextmanager
def opened(folder: Path) -> Iterator[Diary]:
    """The diary of an output folder.

    Raises:
        InvalidInput: another watch writes into the folder.
    """
    try:
        with lines.opened(folder / NAME) as file:
            yield Diary(file)
    except lines.Taken:
        raise InvalidInput(f"another watch writes into {folder}: give each its own output folder") from None


def _begun(entry: dict[str, Any]) -> Begun:
    stated = dict(entry["declaration"])
    stated["generation"] = Generation(**stated["generation"]) if stated["generation"] else None
    stated["ingredients"] = tuple(Ingredient(**one) for one in stated["ingredients"])
    stated["voice_consents"] = ()
    facts = {name: entry[name] for name in ("sha256", "file", "out", "record_id", "issued_at")}
    return Begun(**facts, declaration=Declaration(**stated))

"""A stand-in for the audit of a file, which loads no torch: its processes start at once."""

import os
from pathlib import Path
from typing import Any

from api.scan.find import Item
from api.scan.plan import Terms
from api.scan.table import COLUMNS


def scan_row(item: Item, home: Path, terms: Terms) -> dict[str, Any]:
    """A row; kills its own process over a file named `poison`, and once over one named `frail`.

    A file of the item's name in the folder `asked` grows by a byte each time.
    """
    (home / "asked").mkdir(exist_ok=True)
    asked = home / "asked" / Path(item.location).name
    before = asked.stat().st_size if asked.exists() else 0
    with asked.open("a") as file:
        file.write("x")
    if "poison" in item.location or ("frail" in item.location and not before):
        os._exit(9)
    row = dict.fromkeys(COLUMNS)
    return {**row, "file": item.location, "size_bytes": item.size, "action": "accept", "rules": _told(terms)}


def _told(terms: Terms) -> str:
    return f"{terms.day} by {terms.policy}"

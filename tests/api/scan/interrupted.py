"""A scan to be killed: `python -m tests.api.scan.interrupted CATALOGUE RESULTS ENGINE`.

Every audit waits until a file `go` lies in the results' folder, or one of the name of the audited file.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

from api.scan import parts
from api.scan.find import Item, find
from api.scan.plan import Terms
from tests.api.scan.catalogues import run
from tests.api.scan.rows import scan_row


def waiting_row(item: Item, home: Path, terms: Terms) -> dict[str, Any]:
    """The stand-in's row, once it may be had."""
    (home / "workers").mkdir(exist_ok=True)
    (home / "workers" / f"{os.getpid()}").touch()
    row = scan_row(item, home, terms)
    while not (home / "go").exists() and not (home / f"go {Path(item.location).name}").exists():
        time.sleep(0.02)
    return row


if __name__ == "__main__":
    parts.ROWS_PER_PART = 2
    catalogue, results, engine = sys.argv[1:]
    run(find(catalogue), Path(results), workers=2, engine=engine, audit=waiting_row)

"""Command line of the writer."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from api.server.app import create_app
from api.settings import Settings
from lab.client.package import CLIENT, differing, write


def main() -> int:
    """Write the client, or check it; 1 where it is not what the document gives."""
    parser = argparse.ArgumentParser(prog="python -m lab.client", description="Write the Python client.")
    parser.add_argument("--check", action="store_true", help="write nothing, tell what differs")
    parser.add_argument("--into", type=Path, default=CLIENT, help="the client's folder")
    asked = parser.parse_args()
    with TemporaryDirectory() as home:
        document = create_app(Settings(home=Path(home))).openapi()
    if not asked.check:
        write(document, asked.into)
        return 0
    wrong = differing(document, asked.into)
    for name in wrong:
        print(f"{name} is not what the document gives: run python -m lab.client")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

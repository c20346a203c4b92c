"""The child process that parses content credentials: one file, hard limits, then it is gone.

The C2PA library parses nested binary formats from strangers' files. In a process of its own, a crash, an
endless loop or a memory bomb costs one answer and nothing else. Request and answer are JSON on standard
input and output; run by `reading`, never by hand.
"""

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

MEMORY_BYTES = 2 << 30
CPU_SECONDS = 60


def limit_self() -> None:
    """Give up, for the rest of this process, memory, time, and writing files."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def main() -> None:
    """Answer one request."""
    limit_self()
    request = json.load(sys.stdin)
    # Imported under the limits, so that the library's start-up is bounded as well.
    import c2pa

    from provenance.credentials.findings import Credentials, from_report
    from provenance.credentials.library import settings

    try:
        context = c2pa.Context.from_dict(settings(request["trust_anchors"]))
        with Path(request["path"]).open("rb") as file:
            reader = c2pa.Reader.try_create(request["media_type"], file, context=context)
            found = Credentials(present=False) if reader is None else from_report(json.loads(reader.json()))
    except c2pa.C2paError as error:
        found = Credentials(present=True, problems=(f"the manifest cannot be read: {str(error)[:200]}",))
    json.dump(asdict(found), sys.stdout)


if __name__ == "__main__":
    main()

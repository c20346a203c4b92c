"""A document as PDF/A-3: paginated, tagged for those who cannot see it, with what was signed attached.

It is set by typst in a process of its own, since names and titles are strangers' texts: with an empty
environment, bounded memory and time, and a folder that holds nothing but the template and what it shows. The
bytes depend on the document, the picture, the attachments and the fonts of the machine, and on nothing else.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from api.errors import TypesettingError
from api.report.document.blocks import Document
from api.report.document.frame import frame
from api.report.legible import legible
from api.report.page import qr_code
from core.passing import passing_folder

TEMPLATE = Path(__file__).with_name("paper.typ")
LONGEST_NAME = 150
SECONDS = 90.0
_START = "from api.report.typesetter import main; main()"


@dataclass(frozen=True)
class Attachment:
    """A file inside the PDF."""

    name: str
    content: bytes
    media: str
    description: str


def render_pdf(
    document: Document, picture: bytes | None = None, *, attachments: Sequence[Attachment] = ()
) -> bytes:
    """Render a document as PDF/A-3a, or 3b where a script cannot be mapped so strictly.

    Args:
        document: of a report or certificate.
        picture: the PNG of the audit.
        attachments: what the document repeats, as it was signed.

    Raises:
        TypesettingError: the typesetter refused it, crashed, or took too long.
    """
    moment = datetime.fromisoformat(document.created_at).astimezone(UTC)
    with passing_folder() as folder:
        shutil.copyfile(TEMPLATE, folder / TEMPLATE.name)
        inputs = {
            "frame": json.dumps(frame(document.language)),
            "moment": json.dumps(list(moment.timetuple()[:6])),
            "attachments": json.dumps([_attached(one, n, folder) for n, one in enumerate(attachments)]),
        }
        if picture is not None and document.picture is not None:
            (folder / "picture.png").write_bytes(picture)
            inputs["picture"] = "picture.png"
        if document.address is not None:
            (folder / "address.svg").write_bytes(qr_code(document.address))
        order = {
            "folder": str(folder),
            "document": document.to_dict(),
            "inputs": inputs,
            "timestamp": int(moment.timestamp()),
        }
        return _typeset(json.dumps(order).encode(), folder)


def _attached(one: Attachment, number: int, folder: Path) -> dict[str, str]:
    """Lay a file where the template reads it, under a name that no stranger chose."""
    path = f"attachment-{number}"
    (folder / path).write_bytes(one.content)
    name = re.sub(r"[\\/]", "_", legible(one.name, LONGEST_NAME)).lstrip(".") or path
    return {"path": path, "name": name, "media": one.media, "description": one.description}


def _typeset(order: bytes, folder: Path) -> bytes:
    root = str(Path(__file__).resolve().parents[2])
    source = f"import sys; sys.path.append({root!r}); {_START}"
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", source],
            input=order,
            capture_output=True,
            cwd=folder,
            env={"LANG": "C.UTF-8", "RAYON_NUM_THREADS": "1"},
            timeout=SECONDS,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        why = "took too long" if isinstance(error, subprocess.TimeoutExpired) else str(error)
        raise TypesettingError(f"no PDF was made: the typesetter {why}") from error
    if done.returncode == 0 and done.stdout[:1] == b"P":
        return done.stdout[1:]
    if done.returncode == 0 and done.stdout[:1] == b"E":
        raise TypesettingError(f"no PDF was made: {done.stdout[1:].decode(errors='replace')}")
    raise TypesettingError(f"no PDF was made: the typesetter ended with status {done.returncode}")

"""Snapshots of a training in pieces small enough to travel: all of one, or all of the one before."""

import io
import json
from pathlib import Path
from typing import Any

import torch

from core.files import write_whole

PIECE = 15 << 20
"""Bytes of a file at most."""
INDEX = "snapshot.json"


def write(folder: Path, step: int, state: dict[str, Any]) -> None:
    """Keep a state; the index is written last, and only then are the files of the one before removed."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    data = buffer.getvalue()
    names: list[str] = []
    for start in range(0, len(data), PIECE):
        names.append(f"{step:08}.{len(names)}")
        write_whole(folder / names[-1], data[start : start + PIECE])
    write_whole(folder / INDEX, json.dumps({"step": step, "size": len(data), "pieces": names}).encode())
    for path in folder.glob("[0-9]*.[0-9]*"):
        if path.name not in names:
            path.unlink()


def read(folder: Path, device: str | torch.device = "cpu") -> tuple[int, dict[str, Any]] | None:
    """The step and state that were kept, or None.

    Raises:
        ValueError: a piece is missing or cut short.
    """
    if not (folder / INDEX).exists():
        return None
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    paths = [folder / name for name in index["pieces"]]
    data = b"".join(path.read_bytes() for path in paths if path.exists())
    if len(data) != index["size"]:
        raise ValueError(f"the snapshot in {folder} is not whole: bring all of {index['pieces']}")
    state: dict[str, Any] = torch.load(io.BytesIO(data), weights_only=True, map_location=device)
    return int(index["step"]), state

"""Folders that cannot be listed, also for a user who may do everything."""

import os
from pathlib import Path
from typing import Any

import pytest

_SCANDIR = os.scandir


def closed(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    """From now on these folders, and no others, refuse to be listed."""
    names = {str(folder) for folder in folders}

    def scandir(path: Any = ".") -> Any:
        if str(path) in names:
            raise PermissionError(13, "Permission denied", str(path))
        return _SCANDIR(path)

    monkeypatch.setattr("os.scandir", scandir)

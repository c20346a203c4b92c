"""What a scan is asked to look at: the audio files of a folder, a pattern or a URL."""

from dataclasses import dataclass
from importlib import import_module

from core.errors import TrackmarkError
from core.suffixes import SUFFIXES, is_audio


class ScanError(TrackmarkError):
    """A scan cannot start: nothing to scan, another one at work, or a missing optional package."""


@dataclass(frozen=True)
class Item:
    """A file to audit: a local path or a URL that fsspec understands."""

    location: str
    size: int | None


def find(target: str) -> list[Item]:
    """List the audio files that a folder, a glob pattern, a file or a URL names, in a fixed order.

    Raises:
        ScanError: nothing is there, or the protocol of the URL is not known.
    """
    fsspec = import_module("fsspec")
    try:
        system, path = fsspec.url_to_fs(target)
        local = "file" in system.protocol
        if any(c in path for c in "*?["):
            names = system.glob(path)
        elif system.isdir(path):
            names = system.find(path)
        else:
            names = [path] if system.exists(path) else []
        wanted = sorted(n for n in names if is_audio(n))
        found = [
            Item(name if local else system.unstrip_protocol(name), system.info(name).get("size"))
            for name in wanted
        ]
    except (ImportError, ValueError, OSError) as error:
        raise ScanError(f"cannot list {target}: {error}") from error
    if not found:
        raise ScanError(f"no audio files in {target} (looked for {', '.join(sorted(SUFFIXES))})")
    return found

"""Which keys a verification on the command line trusts, and in words where they come from."""

from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.console import USAGE, fail, registry, settings

if TYPE_CHECKING:
    from provenance.records.trust import TrustedKeys

BESIDE = "keys.json beside the files, which proves only that they belong together; compare its key ids"


def trusted_keys(given: Path | None, beside: Path) -> "tuple[TrustedKeys, str]":
    """The keys given by the user, else those of this machine's registry, else those that came with the files.

    Args:
        given: `--keys`.
        beside: `keys.json` in the folder of what is verified.

    Raises:
        KeyFileError: a key list is malformed.
        OSError: it cannot be read.
    """
    if given is not None:
        return _read(given), f"given by you in {given}"
    if (settings().home / "keys").is_dir():
        with registry() as (store, _settings):
            return store.keys.published.trusted(), "those of this machine's registry"
    if not beside.exists():
        fail("no keys to verify with: pass --keys keys.json of the registry that you trust", USAGE)
    return _read(beside), BESIDE


def _read(place: Path) -> "TrustedKeys":
    from core.errors import KeyFileError
    from provenance.records.trust import TrustedKeys

    try:
        return TrustedKeys.from_json(place.read_bytes())
    except KeyFileError as error:
        raise KeyFileError(f"{place}: {error}") from error

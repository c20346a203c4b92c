"""What of this process' settings a cluster is told, and which secrets its machines must have of their own.

What an actor is made with lies in the memory of the cluster's head, its object store, and at times in its
logs. So no secret is sent: neither the settings that are one, nor an address with a password in it. Each
machine has those as it was started, or reads them from a file (`TRACKMARK_<NAME>_FILE`, `.pgpass`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import SecretStr
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from api.settings import Settings

PREFIX = "TRACKMARK_"
FILE = "_FILE"
OWN = frozenset({"TRACKMARK_FINGERPRINT_FOLDER"})
"""Settings that each machine of a cluster has of its own."""
SECRETS = frozenset(
    f"{PREFIX}{name.upper()}"
    for name, field in Settings.model_fields.items()
    if field.annotation is SecretStr or SecretStr in get_args(field.annotation)
)
UNUSED = frozenset({"TRACKMARK_OIDC_CLIENT_SECRET", "TRACKMARK_TELEMETRY_ENDPOINT"})
"""What a scan does without: nobody signs in to it, and its spans are those of whoever scans."""
KNOWN = frozenset(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]+")
_TELLING = re.compile(r"passw|secret|token|key|sig|credential|auth", re.I)
"""Names of what follows the question mark of an address that lets whoever has it in."""


@dataclass(frozen=True)
class Sent:
    """What an actor is told.

    Attributes:
        settings: those without a secret.
        secrets: names of those that it must have itself.
    """

    settings: Mapping[str, str]
    secrets: tuple[str, ...]


def sent(environment: Mapping[str, str]) -> Sent:
    """What to tell of the settings of this process; of names that are no setting, nothing."""
    given = {name: value for name, value in _settings(environment).items() if name not in OWN}
    held = {name for name, value in given.items() if name in SECRETS or _lets_in(value)}
    return Sent({name: given[name] for name in given.keys() - held}, tuple(sorted(held - UNUSED)))


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    """By their names in capitals, which are read in small letters too."""
    named = ((name.upper(), value) for name, value in environment.items())
    return {name: value for name, value in named if name in KNOWN and value}


def _lets_in(value: str) -> bool:
    """Whether one of the addresses in a setting has credentials in it."""
    addresses = [value, *_ADDRESS.findall(value)]
    return any(without_credentials(address) is not None for address in addresses)


def taken(told: Sent, environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The settings of an actor, of what it was told and what its machine has, and the secrets that it lacks.

    Of what its machine has it takes no more than whoever scans has too: a secret, or the file that one is in.
    """
    own = _settings(environment)
    settings = {name: own[name] for name in OWN & own.keys()} | dict(told.settings)
    for name in {*told.secrets, *(name for name in SECRETS if name + FILE in told.settings)}:
        mine = {one: own[one] for one in (name, name + FILE) if one in own}
        if mine:
            settings.pop(name + FILE, None)
            settings |= mine
    missing = [name for name in told.secrets if not {name, name + FILE} & settings.keys()]
    return settings, missing


def without_credentials(address: str) -> str | None:
    """An address that lets in whoever has it, without what does so; None where it is no such address."""
    scheme, found, rest = address.partition("://")
    if not found:
        return None
    try:
        url = make_url(address) if scheme.startswith(("postgresql", "sqlite")) else urlsplit(address)
    except (ArgumentError, ValueError):
        return f"{scheme}://..."  # nobody can tell what is in it
    web = scheme.lower() in ("http", "https")
    asked = parse_qsl(url.query) if isinstance(url, SplitResult) else list(url.query.items())
    telling = (web or isinstance(url, URL)) and any(_TELLING.search(name) for name, _value in asked)
    if url.password is None and not (web and url.username) and not telling:
        return None
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"

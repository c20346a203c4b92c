"""What every signed statement holds, whatever it is about, and how it is signed."""

import copy
import hashlib
import importlib.metadata
import importlib.util
import json
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.audit.json_form import Json
from core import clock
from core.files import write_whole
from provenance.records import report as report_format

if TYPE_CHECKING:
    from api.registry.registry import Registry

Found = Mapping[str, Any]


def numbered(schema: str, told: Found, registry: "Registry", public_url: str | None) -> Json:
    """A statement with its date, its software, the state of the log and a number.

    The number is the digest of everything else, so that the same findings at the same time make the same
    statement, bit for bit.

    Args:
        schema: which statement this is.
        told: what is its own.
        registry: signs it later.
        public_url: where the issuer's server is reached by everybody, or None.
    """
    whole: Json = {
        "schema": schema,
        "created_at": clock.now_text(),
        "software": {"name": "trackmark", "version": version()},
        **told,
        "log": {"checkpoint": registry.log.checkpoint()},
        **({} if public_url is None else {"issuer": issuer(public_url)}),
    }
    return {**whole, "report_id": hashlib.sha256(report_format.to_payload(whole)).hexdigest()[:32]}


def begin(registry: "Registry") -> None:
    """Before a statement: with the first keys of a registry comes the first checkpoint of its log.

    Raises:
        KeyFileError: this machine does not have the key that signs reports.
    """
    registry.keys.signer("report")


def write_signed(statement: Found, payload_type: str, registry: "Registry", path: Path) -> None:
    """Sign a statement and write it, whole or not at all."""
    signers = [registry.keys.signer("report")]
    write_whole(path, report_format.sign_report(statement, signers, payload_type).to_json())


def issuer(public_url: str) -> Json:
    """Where everybody reaches the issuer's keys, and where everybody can verify."""
    address = public_url.rstrip("/")
    return {"address": address, "verify_at": f"{address}/verify"}


def proof(owned: Found, registry: "Registry") -> Json | None:
    """The record that a file was found to be, with all that proves it; None where none verifies."""
    record_id = owned["record_id"]
    if record_id is None or not (owned["record"] or {}).get("verified"):
        return None
    stored = registry.records.get(record_id)
    if stored is None:
        return None
    return {
        "envelope": json.loads(stored.envelope.to_json()),
        "tlog_proof": registry.records.proof(record_id),
        "salt": stored.salt.hex(),
    }


def model_cards(*packages: str) -> list[Json]:
    """Name, version, weights hash and measured error rates of every model that ships with the packages.

    Those are asked for that listen: what plays (`provenance.generate`) took no part in what is reported.
    """
    return copy.deepcopy(_cards(*packages))  # one statement's are not another's


@lru_cache(maxsize=4)
def _cards(*packages: str) -> list[Json]:
    cards = []
    for package in packages:
        for root in _roots(package):
            for path in sorted(root.rglob("*.toml")):
                card = tomllib.loads(path.read_text(encoding="utf-8"))
                if "sha256" in card:
                    name = f"{package.replace('.', '/')}/{path.relative_to(root)}"
                    cards.append({"card": name, **_identity(card)})
    return cards


def fingerprint_card() -> Json:
    """What was measured of the fingerprint, with the digest of the card: there are no weights."""
    name = "fingerprint/measured.json"
    content = next(root / name for root in _roots("provenance")).read_bytes()
    card = {**json.loads(content), "sha256": hashlib.sha256(content).hexdigest()}
    return {"card": f"provenance/{name}", **_identity(card)}


def version() -> str:
    """Version of the installed package."""
    try:
        return importlib.metadata.version("trackmark")
    except importlib.metadata.PackageNotFoundError:
        return "uninstalled"


def _roots(package: str) -> Iterator[Path]:
    spec = importlib.util.find_spec(package)
    for root in () if spec is None else spec.submodule_search_locations or ():
        yield Path(root)


def _identity(card: Found) -> Json:
    names = ("name", "version", "sha256", "commit", "thresholds", "metrics")
    return {name: card[name] for name in names if name in card}

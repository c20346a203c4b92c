"""Records in the formats of others, by name: what the command line and the server hand out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.registry.proofs import evidence, zipped
from provenance.exchange import credential, ddex, table

if TYPE_CHECKING:
    from api.registry.registry import Registry


@dataclass(frozen=True)
class Export:
    """A format: its media type, the ending of its files, and how a record becomes it once it is verified."""

    media_type: str
    suffix: str
    make: Callable[["Registry", str], bytes]


def _ddex(registry: "Registry", record_id: str) -> bytes:
    return ddex.fragment(registry.records.verified(record_id).state.record).xml


def _csv(registry: "Registry", record_id: str) -> bytes:
    state = registry.records.verified(record_id).state
    return table.write_table([(state.record, state.status)]).encode()


def _credential(registry: "Registry", record_id: str) -> bytes:
    state = registry.records.verified(record_id).state
    return credential.issue(state.record, registry.keys.signer("record"), status=state.status).encode()


def _evidence(registry: "Registry", record_id: str) -> bytes:
    return zipped(evidence(registry, record_id))


EXPORTS: dict[str, Export] = {
    "ddex": Export("application/xml", "ern.xml", _ddex),
    "csv": Export("text/csv; charset=utf-8", "csv", _csv),
    "credential": Export("application/vc+jwt", "vc.jwt", _credential),
    "evidence": Export("application/zip", "evidence.zip", _evidence),
}

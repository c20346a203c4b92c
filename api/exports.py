"""Records in the formats of others, by name: what the command line and the server hand out."""

from collections.abc import Callable
from dataclasses import dataclass

from api.history import VerifiedHistory
from provenance.exchange import credential, ddex, table
from provenance.records.keys import Signer


@dataclass(frozen=True)
class Export:
    """A format: its media type, the ending of its files, and how a verified record becomes it."""

    media_type: str
    suffix: str
    make: Callable[[VerifiedHistory, Signer], bytes]


def _ddex(history: VerifiedHistory, _signer: Signer) -> bytes:
    return ddex.fragment(history.state.record).xml


def _csv(history: VerifiedHistory, _signer: Signer) -> bytes:
    return table.write_table([(history.state.record, history.state.status)]).encode()


def _credential(history: VerifiedHistory, signer: Signer) -> bytes:
    return credential.issue(history.state.record, signer, status=history.state.status).encode()


EXPORTS: dict[str, Export] = {
    "ddex": Export("application/xml", "ern.xml", _ddex),
    "csv": Export("text/csv; charset=utf-8", "csv", _csv),
    "credential": Export("application/vc+jwt", "vc.jwt", _credential),
}

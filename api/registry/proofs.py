"""Everything that proves a record, as files that anybody can verify offline (`provenance.records.folder`)."""

import io
import zipfile
from typing import TYPE_CHECKING

from core.counted import counted
from provenance.records.folder import EVENT_SUFFIX, bundle
from provenance.records.state import REVISIONS

if TYPE_CHECKING:
    from api.registry.registry import Registry

README = "README.txt"
_README = """\
What proves record {record_id}

{events}, in the order in which the public log holds them. Each has three files: what was signed
(.dsse.json), the proof that the log holds it (.tlog-proof), and what opens the log's entry (.salt).

Verify without a network, without us:

    trackmark verify FOLDER
    python -m provenance.records.verify FOLDER --keys KEYS.json

keys.json lies here for convenience. Whoever can change these files can change it too: compare its key ids
with the ones that the issuer publishes, or bring your own list with --keys. How everything is checked,
precisely enough to write another verifier, is in docs/record.md.

Exit codes: 0 everything holds and the claim stands; 1 something does not verify, or the record is disputed or
revoked; 3 the folder cannot be read. What was logged later cannot be seen from here.
"""


def evidence(registry: "Registry", record_id: str) -> dict[str, bytes]:
    """The files of the folder, by name: every event of a record, every key event, the keys to trust.

    Raises:
        UnknownEntry: the tenant has no such record.
        VerificationError: the stored events do not verify.
    """
    keys, log = registry.keys.published.trusted(), registry.log
    files: dict[str, bytes] = {}
    events = registry.records.verified(record_id).events
    for number, event in enumerate(events, 1):
        name = f"{number:04}-{event.type}"
        what = "record" if event.type in REVISIONS else "statement"
        proof = log.proof_file(event.leaf_index)
        files |= bundle(name, keys, **{what: event.envelope}, tlog_proof=proof, salt=event.salt)
    for number, change in enumerate(registry.keys.published.events(), 1):
        name = f"key-{number:04}"
        files |= bundle(name, keys, tlog_proof=change.tlog_proof, salt=change.salt)
        files[name + EVENT_SUFFIX] = change.envelope.to_json()
    files[README] = _README.format(record_id=record_id, events=counted(len(events), "event")).encode()
    return files


def zipped(files: dict[str, bytes]) -> bytes:
    """The same as one archive, with the same bytes for the same files."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(files):
            target.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    return archive.getvalue()

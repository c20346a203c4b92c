"""Putting entries back that a restored log lacks, from a copy of its tiles.

Entries are public commitments, so whoever mirrors the log can give them back. They are taken only if the log
that they make is the one that a checkpoint, signed by this log's own key, names.
"""

from sqlalchemy import Engine

from api import database
from api.database.engine import LOG_LOCK
from api.database.tables import DEFAULT_TENANT
from api.log import checkpoints, leaves, seen, tree
from api.log.transparency import TransparencyLog
from core.counted import counted
from core.errors import ProofError
from core.progress import Progress
from provenance.records.checkpoint import checkpoint_of
from provenance.records.log import MerkleLog
from provenance.records.monitor import Fetch, entries_from
from provenance.records.note import verify_note


def complete(engine: Engine, log: TransparencyLog, fetch: Fetch, progress: Progress | None = None) -> range:
    """Fetch the entries that others have seen and this log lacks, and put them back, all or none.

    What they commit to, such as the records themselves, does not come back with them.

    Args:
        engine: the database.
        log: this log.
        fetch: reads a path of a copy of the log (`checkpoint`, `tile/...`) as bytes.
        progress: called with (step, fraction done).

    Returns:
        The indices of the entries that were put back.

    Raises:
        SignatureError: the copy's checkpoint is not signed by this log.
        ProofError: its entries are not those of that checkpoint, or it ends before what others have seen.
    """
    note = fetch("checkpoint").decode(errors="replace")
    with database.writing(engine) as connection:
        database.hold(connection, LOG_LOCK)
        verify_note(note, log.keys_on(connection))
        there, here, most = checkpoint_of(note), tree.size_of(connection), seen.largest(connection)
        if there.size < most:
            raise ProofError(
                f"the copy has {counted(there.size, 'entry', 'entries')}, and others have seen {most}"
            )
        position = here
        while position < there.size:
            if progress is not None:
                progress("put entries back", (position - here) / (there.size - here))
            entries = entries_from(fetch, position, there.size)
            leaves.put_back(connection, [(entry, DEFAULT_TENANT) for entry in entries])
            position += len(entries)
        root = tree.ask(connection, position, MerkleLog.root)
        if position != there.size or root != there.root_hash:
            raise ProofError("the copy's entries do not lead to its checkpoint")
        checkpoints.put_head(connection, there.size, note)
        return range(here, position)

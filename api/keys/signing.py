"""The private keys of a registry, as its writers use them; every step of their life is signed and logged.

A registry that has no keys gets them from its first writer, all at once. From then on only a machine that
holds them signs: another one, with the same database and a home of its own, reads everything and is refused a
signature, so that no key is ever invented beside those that are trusted.

The database decides which key is in force, the key files follow. A rotation that is interrupted between the
two is finished by the next one who asks for the key.

The key of the log may be rotated, too: the log keeps the name that its first key gave it, and a checkpoint by
both keys shows the hand-over to those who know the old one.
"""

from contextlib import AbstractContextManager, suppress
from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, select

from api import database
from api.database.tables import DEFAULT_TENANT, Table
from api.errors import UnknownEntry
from api.keys import rows
from api.keys.files import LOG_KIND, PURPOSES, KeyStore, Purpose, copied
from api.keys.marking import MarkingKeys
from api.keys.published import PublishedKeys
from api.keys.sealing import WrappingKey
from api.log import checkpoints, leaves, tree
from core import clock
from core.errors import InvalidInput, KeyFileError
from provenance.records.checkpoint import Checkpoint, NoteSigner, sign_checkpoint
from provenance.records.keyevents import REVOKE, KeyEvent, earlier_theft, sign_revocation, sign_rotation
from provenance.records.keys import ED25519, Ed25519Signer, PublicKey, Signer
from provenance.records.log import MerkleLog

if TYPE_CHECKING:
    from provenance.credentials.identity import C2paIdentity
    from provenance.watermark import WatermarkKey

_KEYS = Table.metadata.tables["signing_keys"]


class SigningKeys:
    """The keys by which a registry signs and marks.

    Args:
        engine: the registry's database.
        store: the private halves.
        published: the public ones.
        tenant: whose watermarks `watermark` makes and reads.
        credentials_tsa: address of the authority that stamps content credentials; None asks nobody.
    """

    def __init__(
        self,
        engine: Engine,
        store: KeyStore,
        published: PublishedKeys,
        *,
        tenant: str = DEFAULT_TENANT,
        credentials_tsa: str | None = None,
    ) -> None:
        self.published = published
        self._engine = engine
        self._store = store
        self._tenant = tenant
        self._marking = MarkingKeys(engine, store, self.at_home, credentials_tsa)
        self._opened: dict[Purpose, Signer] = {}

    def for_tenant(self, tenant: str) -> "SigningKeys":
        """The same keys, with the watermarks of another tenant."""
        keys = copy(self)
        keys._tenant = tenant
        return keys

    def credentials(self) -> "C2paIdentity":
        """Signs content credentials (see `MarkingKeys.credentials`)."""
        return self._marking.credentials()

    def renew_credentials(self) -> "C2paIdentity":
        """A new certificate for content credentials (see `MarkingKeys.renew_credentials`)."""
        return self._marking.renew_credentials()

    def watermark(self) -> "WatermarkKey":
        """The secret of the tenant's watermarks (see `MarkingKeys.watermark`)."""
        return self._marking.watermark(self._tenant)

    def voices(self) -> WrappingKey | None:
        """The key of the tenant's voice prints; None where this machine does not have it."""
        return self._store.voice_key(self._tenant)

    def first_of_voices(self, *, known: bool) -> WrappingKey:
        """The same, made where the registry keeps no voice yet.

        Args:
            known: whether voices are sealed already, under a key that this machine does not have.

        Raises:
            KeyFileError: it is for another machine to make, or was lost.
        """
        key = None if known else self._store.voice_key(self._tenant, make=self.at_home())
        if key is None:
            raise KeyFileError(
                f"this machine does not have the key of {self._tenant}'s voice prints: "
                f"{copied(f'voices-{self._tenant}.key', 'enrols')}"
            )
        return key

    def webhooks(self, *, make: bool = False) -> WrappingKey | None:
        """The key of the webhooks' secrets, made where told to; None where this machine does not have it."""
        return self._store.webhook_key(make=make and self.at_home())

    def token_key(self) -> Ed25519Signer:
        """The key that signs access tokens; every server of the service needs the same.

        Raises:
            KeyFileError: another machine has it.
        """
        found = self._store.token_key(make=self.at_home())
        if found is None:
            raise KeyFileError(f"no access token can be used here: {copied('tokens.pem', 'made the first')}")
        return found

    def next_watermark_epoch(self) -> "WatermarkKey":
        """Mark with fresh chips from now on (see `MarkingKeys.next_watermark_epoch`)."""
        return self._marking.next_watermark_epoch(self._tenant)

    def enter(self) -> None:
        """Make and publish what this machine is to sign with, at the start of a process that will write.

        A machine that holds none of the registry's keys changes nothing.

        Raises:
            KeyFileError: a secret that is needed for it is missing or wrong.
        """
        if self.at_home():
            self._marking.credentials()

    def _begin(self) -> None:
        """Make and publish the signing keys of a registry that has none; a no-op everywhere else."""
        with database.reading(self._engine) as connection:
            if connection.execute(select(_KEYS.c.keyid)).first() is not None:
                return
        with leaves.appending(self._engine) as connection:
            if connection.execute(select(_KEYS.c.keyid)).first() is not None:
                return
            if tree.size_of(connection):
                raise KeyFileError("the log has entries but the database no keys; restore it as a whole")
            for purpose in PURPOSES:
                self._opened[purpose] = self._store.made(purpose)
                rows.enter(connection, self._opened[purpose], purpose)
            first = self._opened["log"]
            origin = self.published.log.named([(first.keyid, first.public_key.pem.decode(), False)])[0].name
            checkpoints.publish(connection, lambda _: NoteSigner(origin, first))

    def at_home(self) -> bool:
        """Whether this machine holds a key in force, so that it may publish others."""
        self._begin()
        alive = {one.key.keyid for one in self.published.all() if one.in_force}
        for purpose in PURPOSES:
            with suppress(KeyFileError):  # one that cannot be opened is none
                signer = self._store.held(purpose)
                if signer is not None and signer.keyid in alive:
                    return True
        return False

    def catch_up(self) -> None:
        """Publish what an earlier release kept to itself, where the keys for it are at hand."""
        with database.reading(self._engine) as connection:
            size, newest = tree.size_of(connection), checkpoints.head(connection)
        if not size or (newest is not None and newest[0] >= size):
            return
        with suppress(KeyFileError):
            with self.appending():
                pass
            self._marking.publish_root()

    def appending(self) -> AbstractContextManager[Connection]:
        """A transaction that adds to the log: see `log.leaves.appending`."""
        self.signer("log")  # a missing key is told before anything is locked
        return leaves.appending(self._engine, self._note_signer_on)

    def note_signer(self) -> NoteSigner:
        """Signs checkpoints of the log."""
        self._begin()
        with database.reading(self._engine) as connection:
            return self._note_signer_on(connection)

    def _note_signer_on(self, connection: Connection) -> NoteSigner:
        """The same inside an open transaction: who holds the log's lock must not wait for a connection."""
        return NoteSigner(self.published.log.keys_on(connection)[0].name, self._signer_on(connection, "log"))

    def signer(self, purpose: Purpose) -> Signer:
        """The key in force. Only who signs asks for it; readers have `published`.

        Raises:
            KeyFileError: this machine does not hold it.
        """
        self._begin()
        with database.reading(self._engine) as connection:
            alive = self._alive(connection, purpose)
        if not alive and self.at_home():
            made = self._opened[purpose] = self._store.made(purpose)
            with database.writing(self._engine) as connection:
                rows.enter(connection, made, purpose)
            return made
        with database.reading(self._engine) as connection:
            return self._signer_on(connection, purpose)

    def _alive(self, connection: Connection, purpose: Purpose) -> list[str]:
        published = self.published.all_on(connection)
        return [one.key.keyid for one in published if one.purpose == purpose and one.in_force]

    def _signer_on(self, connection: Connection, purpose: Purpose) -> Signer:
        alive = self._alive(connection, purpose)
        opened = self._opened.get(purpose)
        if opened is None or opened.keyid not in alive:
            opened = self._opened[purpose] = self._open(connection, purpose, alive)
        return opened

    def _open(self, connection: Connection, purpose: Purpose, alive: list[str]) -> Signer:
        held = self._store.held(purpose)
        retired_here = held is not None and rows.find(connection, held.keyid, purpose) is not None
        if held is not None and held.keyid not in alive and alive and retired_here:
            # A rotation was interrupted after it was logged: the staged key is the one in force.
            self._store.promote(purpose, alive[-1])
            retired, held = held, self._store.held(purpose)
            if held is None or held.keyid not in alive:
                raise KeyFileError(
                    f"the {purpose} key {retired.keyid} was retired; set TRACKMARK_{purpose.upper()}_KEY to "
                    f"its successor {alive[-1]}"
                )
        if held is not None and held.keyid in alive:
            return held
        force = f"the {purpose} key in force is {alive[-1]}" if alive else f"the {purpose} key is elsewhere"
        if held is None:
            raise KeyFileError(
                f"{force}, and this machine does not have it: {copied(f'{purpose}.pem', 'signs')}, or set "
                f"TRACKMARK_{purpose.upper()}_KEY"
            )
        raise KeyFileError(
            f"{force}, not {held.keyid}; give that one, or `trackmark key rotate {purpose} --to` the new one "
            "where it is"
        )

    def rotate(self, purpose: Purpose, reason: str, successor: Signer | None = None) -> PublicKey:
        """Hand over to a new key by a statement that both sign; the old private key on disk is erased.

        Args:
            purpose: what the key signs. Where it is the log, a checkpoint behind the statement is signed by
                both keys too.
            reason: in words.
            successor: the new key, if it comes from outside; by default one is made on disk.

        Raises:
            InvalidInput: somebody else rotated it just now, or the successor was a key before.
            KeyFileError: the old key is given from outside and the successor is not.
        """
        old = self.signer(purpose)
        new = successor or self._store.staged(purpose)
        if purpose == "log" and new.algorithm != ED25519:
            raise InvalidInput(LOG_KIND)
        origin = self.published.log.origin if purpose == "log" else ""
        with self.appending() as connection:
            row = rows.find(connection, old.keyid, purpose)
            if row is None or row.retired_at is not None:
                raise InvalidInput(f"the {purpose} key was rotated by somebody else just now")
            if rows.find(connection, new.keyid, purpose) is not None:
                raise InvalidInput(f"key {new.keyid} signed here before; hand over to a new one")
            moment = clock.now()
            envelope = sign_rotation(old, new, purpose, issued_at=clock.utc_text(moment), reason=reason)
            size = rows.log_event(connection, envelope, moment)
            if purpose == "log":
                size += 1
                head = Checkpoint(origin, size, tree.ask(connection, size, MerkleLog.root))
                note = sign_checkpoint(head, NoteSigner(origin, old), NoteSigner(origin, new))
                checkpoints.keep(connection, size, note)
                checkpoints.put_head(connection, size, note)
            rows.enter(connection, new, purpose)
            rows.change(connection, old.keyid, purpose, retired_at=moment, log_size=size, reason=reason)
        if successor is None:
            self._store.promote(purpose, new.keyid)
        else:
            self._store.hand_over(purpose, new.keyid)
        return new.public_key

    def revoke(self, keyid: str, reason: str, compromised_since: datetime | None = None) -> None:
        """Declare a key void, signed by the one in force; a key that is in force is rotated first.

        Args:
            keyid: the key.
            reason: in words.
            compromised_since: earliest moment at which somebody else may have had it; None where nobody had.

        Raises:
            UnknownEntry: no such record or report key.
            InvalidInput: it was revoked before, and no theft or no earlier one is told of now, or the moment
                is in the future.
        """
        if compromised_since is not None and compromised_since > clock.now():
            raise InvalidInput("a key cannot have been compromised in the future")
        known = [p for p in self.published.all() if p.key.keyid == keyid]
        if not known:
            raise UnknownEntry(f"no signing key {keyid}")
        purpose = known[0].purpose
        ended, theft = known[0].revoked_at, known[0].compromised_since
        told = None if compromised_since is None else clock.utc_text(compromised_since)
        if ended is not None and not earlier_theft(None if theft is None else clock.utc_text(theft), told):
            raise InvalidInput(
                f"key {keyid} was revoked at {clock.utc_text(ended)}; only a theft, or an earlier one, can "
                "be added to that"
            )
        if self.signer(purpose).keyid == keyid:
            self.rotate(purpose, reason)
        signer = self.signer(purpose)
        with self.appending() as connection:
            moment = clock.now()
            size = None if compromised_since is None else rows.size_at(connection, compromised_since)
            event = KeyEvent(
                REVOKE,
                purpose,
                keyid,
                clock.utc_text(moment),
                reason,
                compromised_since=told,
                log_size=size,
            )
            leaf_index = rows.log_event(connection, sign_revocation(event, signer), moment)
            row = rows.find(connection, keyid, purpose)
            if size is None:
                size = leaf_index
            if row is not None and row.log_size is not None:
                size = min(size, row.log_size)
            rows.change(
                connection,
                keyid,
                purpose,
                revoked_at=ended or moment,
                compromised_since=compromised_since,
                log_size=size,
                reason=reason,
            )

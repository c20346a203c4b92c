"""The policies of a tenant in the database, and which of them decides its audits."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from api import database
from api.actor import Actor
from api.audit.policy import Policy
from api.audit.policy_text import PolicyError, load_policy, parse_policy
from api.database.engine import LOG_LOCK
from api.database.tables import Table
from api.errors import ConflictingEntry, PreconditionFailed, QuotaReached, UnknownEntry
from api.outbox import trail
from core import clock
from core.errors import InvalidInput

DEFAULT = "default"
"""The id of the policy that ships with Trackmark, which every tenant has."""
MOST = 1000
MOST_NAME = 200
_GOVERNING = LOG_LOCK + 4
_POLICIES = Table.metadata.tables["policies"]
_ACTIVATIONS = Table.metadata.tables["policy_activations"]
_TOLD = [column for column in _POLICIES.c if column.name != "text"]


@dataclass(frozen=True)
class Activation:
    """A policy was put in force."""

    at: datetime
    who: str
    reason: str | None


@dataclass(frozen=True)
class Kept:
    """A policy that is kept.

    Attributes:
        rules: how many it has.
        created_at: when it was sent in; None of the default policy.
        who: sent it in.
        in_force: whether it decides audits now.
        activated: when it was last put in force, and by whom; None if never.
    """

    id: str
    name: str
    version: str
    sha256: str
    rules: int
    created_at: datetime | None
    who: str | None
    in_force: bool
    activated: Activation | None


@dataclass(frozen=True)
class Policies:
    """The policies of one tenant.

    Attributes:
        engine: of the database, bound to the tenant.
    """

    engine: Engine
    tenant: str

    @classmethod
    def of(cls, engine: Engine, tenant: str) -> "Policies":
        """Those of a tenant."""
        return cls(database.for_tenant(engine, tenant), tenant)

    def keep(self, text: str, by: Actor, policy_id: str | None = None) -> Kept:
        """Keep a policy; it decides nothing until it is put in force.

        Args:
            text: as TOML.
            by: who sends it.
            policy_id: its id; where there is one that has it, this is the same request once more.

        Raises:
            InvalidInput: the text is no policy.
            ConflictingEntry: there is another text under this name and version.
            QuotaReached: the tenant keeps as many as it may.
        """
        policy = parsed(text)
        if not all(0 < len(told) <= MOST_NAME for told in (policy.name, policy.version)):
            raise InvalidInput(f"name and version of a policy have 1 to {MOST_NAME} characters")
        values = {
            **{"id": policy_id or secrets.token_hex(8), "tenant": self.tenant, "name": policy.name},
            **{"version": policy.version, "sha256": policy.sha256, "text": text},
            **{"rules": len(policy.rules), "created_at": clock.now(), "who": by.name[:200]},
        }
        with database.writing(self.engine) as connection:
            database.hold(connection, _GOVERNING)  # of two who send the same name, one waits
            mine = select(*_TOLD).where(_POLICIES.c.tenant == self.tenant)
            if policy_id is not None:
                earlier = connection.execute(mine.where(_POLICIES.c.id == policy_id)).one_or_none()
                if earlier is not None:
                    return self._kept(connection, earlier)
            same = mine.where(_POLICIES.c.name == policy.name, _POLICIES.c.version == policy.version)
            taken = connection.execute(same).one_or_none()
            if taken is not None:
                raise ConflictingEntry(
                    f"{policy.name} {policy.version} is policy {taken.id}; give another text another version"
                )
            count = select(func.count()).select_from(_POLICIES).where(_POLICIES.c.tenant == self.tenant)
            if connection.execute(count).scalar_one() >= MOST:
                raise QuotaReached(f"a tenant keeps at most {MOST} policies")
            connection.execute(insert(_POLICIES).values(**values, key_id=by.key_id))
            trail.done(connection, self.tenant, "policy.kept", f"/v1/policies/{values['id']}")
            return self._kept(connection, self._row(connection, str(values["id"])))

    def listed(self) -> list[Kept]:
        """Every policy that the tenant sent in."""
        query = select(*_TOLD).where(_POLICIES.c.tenant == self.tenant)
        with database.reading(self.engine) as connection:
            active, activations = self._in_force(connection), self._activations(connection)
            return [_told(row, active, activations) for row in connection.execute(query)]

    def in_force(self) -> str:
        """The id of the policy that decides audits now."""
        with database.reading(self.engine) as connection:
            return self._in_force(connection) or DEFAULT

    def get(self, policy_id: str) -> Kept:
        """A policy of the tenant, or the default one; raises `UnknownEntry`."""
        with database.reading(self.engine) as connection:
            if policy_id == DEFAULT:
                return self._default(connection)
            return self._kept(connection, self._row(connection, policy_id))

    def text(self, policy_id: str) -> str:
        """The text of a policy as it was sent in; raises `UnknownEntry`."""
        if policy_id == DEFAULT:
            return resources.files("api.audit").joinpath("default_policy.toml").read_text(encoding="utf-8")
        with database.reading(self.engine) as connection:
            return _text(connection, self.tenant, policy_id)

    def read(self, policy_id: str) -> Policy:
        """A policy, to decide by; raises `UnknownEntry`."""
        return load_policy() if policy_id == DEFAULT else parsed(self.text(policy_id))

    def activate(
        self,
        policy_id: str,
        by: Actor,
        reason: str | None = None,
        *,
        instead_of: frozenset[str] | None = None,
    ) -> Kept:
        """Put a policy in force: it decides every audit that ends from now on and brings none of its own.

        One that is in force already stays so, and nothing is written down.

        Args:
            policy_id: which.
            by: who puts it in force.
            reason: why.
            instead_of: ids of policies of which they believe one to be in force; None where they do not say.

        Raises:
            UnknownEntry: the tenant has no such policy.
            PreconditionFailed: another one than they believe is in force.
        """
        with database.writing(self.engine) as connection:
            database.hold(connection, _GOVERNING)
            row_id = None if policy_id == DEFAULT else self._row(connection, policy_id).id
            if instead_of is not None and (self._in_force(connection) or DEFAULT) not in instead_of:
                raise PreconditionFailed("another policy was put in force meanwhile; look at it first")
            if self._in_force(connection) != row_id:
                values = {"tenant": self.tenant, "policy_id": row_id, "at": clock.now(), "reason": reason}
                told = {"who": by.name[:200], "key_id": by.key_id}
                connection.execute(insert(_ACTIVATIONS).values(**values, **told))
                trail.done(connection, self.tenant, "policy.activated", f"/v1/policies/{policy_id}")
            if row_id is None:
                return self._default(connection)
            return self._kept(connection, self._row(connection, policy_id))

    def deciding(self) -> Policy | None:
        """The policy in force, to decide by; None where it is the default one."""
        with database.reading(self.engine) as connection:
            active = self._in_force(connection)
            text = None if active is None else _text(connection, self.tenant, active)
        return None if text is None else parsed(text)

    def _row(self, connection: Connection, policy_id: str) -> Row[Any]:
        query = select(*_TOLD).where(_POLICIES.c.id == policy_id, _POLICIES.c.tenant == self.tenant)
        row = connection.execute(query).one_or_none()
        if row is None:
            raise UnknownEntry(f"no policy {policy_id}")
        return row

    def _in_force(self, connection: Connection) -> str | None:
        newest = select(_ACTIVATIONS.c.policy_id).where(_ACTIVATIONS.c.tenant == self.tenant)
        row = connection.execute(newest.order_by(_ACTIVATIONS.c.id.desc()).limit(1)).one_or_none()
        return None if row is None else row.policy_id

    def _activations(self, connection: Connection) -> dict[str | None, Activation]:
        """When each policy was last put in force."""
        every = select(_ACTIVATIONS).where(_ACTIVATIONS.c.tenant == self.tenant)
        rows = connection.execute(every.order_by(_ACTIVATIONS.c.id))
        return {row.policy_id: Activation(row.at, row.who, row.reason) for row in rows}

    def _kept(self, connection: Connection, row: Row[Any]) -> Kept:
        return _told(row, self._in_force(connection), self._activations(connection))

    def _default(self, connection: Connection) -> Kept:
        policy = load_policy()
        told = {"name": policy.name, "version": policy.version, "sha256": policy.sha256}
        return Kept(
            id=DEFAULT,
            **told,
            rules=len(policy.rules),
            created_at=None,
            who=None,
            in_force=self._in_force(connection) is None,
            activated=self._activations(connection).get(None),
        )


def _text(connection: Connection, tenant: str, policy_id: str) -> str:
    query = select(_POLICIES.c.text).where(_POLICIES.c.id == policy_id, _POLICIES.c.tenant == tenant)
    text = connection.execute(query).scalar_one_or_none()
    if text is None:
        raise UnknownEntry(f"no policy {policy_id}")
    return str(text)


def _told(row: Row[Any], active: str | None, activations: Mapping[str | None, Activation]) -> Kept:
    told = {name: row._mapping[name] for name in ("id", "name", "version", "sha256", "rules", "created_at")}
    return Kept(**told, who=row.who, in_force=row.id == active, activated=activations.get(row.id))


@lru_cache(maxsize=64)
def parsed(text: str) -> Policy:
    """A policy from its text, in the locked-in process that reads strangers' TOML.

    Raises:
        InvalidInput: the text is none.
    """
    try:
        return parse_policy(text.encode())
    except PolicyError as error:
        raise InvalidInput(f"policy: {error}") from error

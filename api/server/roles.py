"""Roles: names of sets of scopes, for whoever makes a key and for whoever reads what it may do."""

from collections.abc import Collection, Mapping

from api.members.role import Role
from api.server.api_keys import Scope

SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.LABEL: frozenset(
        {Scope.AUDITS_READ, Scope.AUDITS_WRITE, Scope.TRACKS_WRITE, Scope.RECORDS_READ, Scope.RECORDS_WRITE}
    ),
    Role.RIGHTS_OPS: frozenset(
        {Scope.AUDITS_READ, Scope.AUDITS_WRITE, Scope.RECORDS_READ, Scope.RECORDS_WRITE}
        | {Scope.ARTISTS_WRITE, Scope.POLICIES_WRITE}
    ),
    Role.AUDITOR: frozenset({Scope.AUDITS_READ, Scope.RECORDS_READ, Scope.TRAIL_READ}),
    Role.ADMIN: frozenset({Scope.ADMIN}),
}
"""A label delivers, registers and audits. Rights operations decide cases and notices, enrol voices and set
policies. An auditor reads, the audit trail too, and changes nothing. An admin may do everything."""


def role_of(scopes: Collection[Scope]) -> Role | None:
    """The role that has just these scopes; None where they are a choice of their own."""
    return next((role for role, own in SCOPES.items() if own == set(scopes)), None)

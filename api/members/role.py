"""What somebody is to a tenant."""

from enum import StrEnum


class Role(StrEnum):
    """A name for what a key or a member may do; which scopes that are, the server says."""

    LABEL = "label"
    RIGHTS_OPS = "rights_ops"
    AUDITOR = "auditor"
    ADMIN = "admin"

"""Connections, transactions and the schema.

Rows stand in `tables`, `found`, `hooks`, `keeping`, `casework`, `noticework`, `policywork`, `tenancy`,
`membership`, `trailwork`, `uploads`, `likework`, `publicwork` and `batchwork`, shared commits in
`group_commit`.
"""

from api.database import batchwork as batchwork
from api.database import casework as casework  # the schema is every table, whoever asks for it
from api.database import found as found
from api.database import hooks as hooks
from api.database import keeping as keeping
from api.database import likework as likework
from api.database import membership as membership
from api.database import noticework as noticework
from api.database import policywork as policywork
from api.database import publicwork as publicwork
from api.database import tenancy as tenancy
from api.database import trailwork as trailwork
from api.database import uploads as uploads
from api.database.engine import (
    alembic_config,
    asking,
    away,
    connect,
    for_tenant,
    forget_traces,
    hold,
    reading,
    time_of,
    writing,
)
from api.database.schema import downgrade, upgrade

__all__ = [
    "alembic_config",
    "asking",
    "away",
    "connect",
    "downgrade",
    "for_tenant",
    "forget_traces",
    "hold",
    "reading",
    "time_of",
    "upgrade",
    "writing",
]

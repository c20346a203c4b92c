"""Webhooks of all tenants, put together from the service's keys and settings."""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from api import database
from api.database.tables import Table
from api.keys.sealing import WrappingKey
from api.keys.signing import SigningKeys
from api.webhooks.address import Addresses
from api.webhooks.delivering import Deliverer
from api.webhooks.endpoints import Endpoints
from core.errors import KeyFileError

_ENDPOINTS = Table.metadata.tables["webhook_endpoints"]


@dataclass(frozen=True)
class Webhooks:
    """Endpoints by tenant, and who sends to them."""

    engine: Engine
    keys: SigningKeys
    addresses: Addresses

    def of(self, tenant: str) -> Endpoints:
        """The endpoints of one tenant."""
        own = database.for_tenant(self.engine, tenant)
        return Endpoints(own, tenant, self._sealing_key, self.addresses)

    def deliverer(self) -> Deliverer:
        """Sends to the endpoints of all tenants."""
        return Deliverer(self.engine, self.keys.webhooks, self.addresses)

    def _sealing_key(self) -> WrappingKey:
        """The key of all secrets; a second one would hide them from whoever has the first."""
        with database.reading(self.engine) as connection:
            used = set(connection.execute(select(_ENDPOINTS.c.keyid).distinct()).scalars())
        key = self.keys.webhooks(make=not used)
        if key is None or (used and key.keyid not in used):
            raise KeyFileError(
                "this machine does not have the key of the webhooks' secrets: copy keys/webhooks.key into "
                "its TRACKMARK_HOME from the machine that made the first endpoint"
            )
        return key

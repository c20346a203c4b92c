"""Cursors that a list gives out: where its next page starts, signed, and good for that very list only.

A cursor holds the place of the last entry and an HMAC-SHA256 over it, the tenant, the list, its order and its
filters. One that was changed, made up, given to another tenant or used with other filters is refused.
"""

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from api import database
from api.database.tables import Table
from core import clock
from core.errors import InvalidInput

_SECRETS = Table.metadata.tables["server_secrets"]
_NAME = "cursors"
_MAC = 16
LONGEST = 2000


class Cursors:
    """Signs and reads cursors with a secret that all processes of a service share.

    Args:
        secret: theirs.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def of(cls, engine: Engine) -> "Cursors":
        """With the secret in the database, made on first use."""
        query = select(_SECRETS.c.value).where(_SECRETS.c.name == _NAME)
        with database.reading(engine) as connection:
            found = connection.execute(query).scalar()
        if found is None:
            try:
                with database.writing(engine) as connection:
                    row = {"name": _NAME, "value": secrets.token_bytes(32), "created_at": clock.now()}
                    connection.execute(insert(_SECRETS).values(**row))
            except IntegrityError:  # another process was first
                pass
            with database.reading(engine) as connection:
                found = connection.execute(query).scalar_one()
        return cls(bytes(found))

    def at(self, moment: datetime, last: str, about: str) -> str:
        """The cursor behind an entry of a list that is ordered by moments; see `sign`."""
        return self.sign((moment.astimezone(UTC).isoformat(), last), about)

    def sign(self, place: tuple[str, str], about: str) -> str:
        """The cursor behind a place.

        Args:
            place: sort key and id of the last entry shown.
            about: tenant, list, order and filters.
        """
        body = json.dumps(place).encode()
        return urlsafe_b64encode(self._mac(body, about) + body).decode().rstrip("=")

    def read(self, cursor: str, about: str) -> tuple[str, str]:
        """The place that a cursor names.

        Raises:
            InvalidInput: no such list gave it out.
        """
        refusal = InvalidInput(
            "the cursor is not one that this list gave out with these filters; start without one"
        )
        if not cursor.isascii() or len(cursor) > LONGEST:
            raise refusal
        try:
            raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raise refusal from None
        mac, body = raw[:_MAC], raw[_MAC:]
        if not hmac.compare_digest(mac, self._mac(body, about)):
            raise refusal
        key, last = json.loads(body)  # ours: the signature is good
        return str(key), str(last)

    def _mac(self, body: bytes, about: str) -> bytes:
        return hmac.new(self._secret, about.encode() + b"\n" + body, sha256).digest()[:_MAC]

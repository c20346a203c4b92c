"""The provider: what it says of itself (OpenID Connect Discovery 1.0) and its keys, kept for an hour.

A key that is not known yet has the keys fetched anew, so that a provider may change its keys at any time; but
not more often than every `PAUSE`, so that nobody's invented key ids make us ask it again and again. While it
does not answer it is asked as seldom, so that a provider that is down holds none of our threads for long.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey

from api.errors import ProviderUnavailable
from api.identity.asking import Asking
from core import clock

KEPT = timedelta(hours=1)
PAUSE = timedelta(seconds=10)
LONGEST = 2000
MOST_KEYS = 100
_DOCUMENT = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Metadata:
    """What a provider says of itself.

    Attributes:
        names_itself: whether its answers through the browser name it (RFC 9207), so that one that does not is
            somebody else's.
        takes_basic: whether a client may identify itself by HTTP Basic.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    names_itself: bool
    takes_basic: bool


class Provider:
    """The provider that the operator named.

    Args:
        issuer: its address, as the operator wrote it.
        asking: how it is asked.
        now: the time.
    """

    def __init__(self, issuer: str, asking: Asking, now: Callable[[], datetime] = clock.now) -> None:
        self.issuer = issuer
        self.asking = asking
        self._now = now
        self._lock = threading.Lock()
        self._metadata: tuple[datetime, Metadata] | None = None
        self._keys: tuple[datetime, list[Key]] | None = None
        self._failed: tuple[datetime, ProviderUnavailable] | None = None

    def metadata(self) -> Metadata:
        """What it says of itself.

        Raises:
            ProviderUnavailable: it does not answer, or speaks for another issuer.
        """
        with self._lock:
            return self._known()

    def key(self, key_id: str | None, kinds: tuple[str, ...]) -> Key | None:
        """Its key of a name, or its only one where a token names none; None if there is no such key.

        Args:
            key_id: as a token names it.
            kinds: of keys that the token's algorithm takes.

        Raises:
            ProviderUnavailable: it does not answer.
        """
        with self._lock:
            found = self._of(key_id, kinds, KEPT)
            return found or self._of(key_id, kinds, PAUSE)

    def kinds(self) -> tuple[str, ...]:
        """The kinds of keys that it publishes now, such as `RSA`.

        Raises:
            ProviderUnavailable: it does not answer.
        """
        with self._lock:
            return tuple(dict.fromkeys(one.key_type for one in self._published(timedelta())))

    def _known(self) -> Metadata:
        if self._metadata is None or self._metadata[0] + KEPT <= self._now():
            told = self._document(self.issuer.rstrip("/") + _DOCUMENT)
            self._metadata = self._now(), _read(told, self.issuer)
        return self._metadata[1]

    def _of(self, key_id: str | None, kinds: tuple[str, ...], kept: timedelta) -> Key | None:
        fit = [one for one in self._published(kept) if one.key_type in kinds]
        if key_id is None:
            return fit[0] if len(fit) == 1 else None
        return next((one for one in fit if one.kid == key_id), None)

    def _published(self, kept: timedelta) -> list[Key]:
        """Its keys, not asked for longer ago than that."""
        if self._keys is None or self._keys[0] + kept <= self._now():
            self._keys = self._now(), _keys(self._document(self._known().jwks_uri))
        return self._keys[1]

    def _document(self, url: str) -> Mapping[str, Any]:
        if self._failed is not None and self._failed[0] + PAUSE > self._now():
            raise self._failed[1]
        try:
            found = self.asking.get(url)
        except ProviderUnavailable as error:
            self._failed = self._now(), error
            raise
        self._failed = None
        return found


def _read(told: Mapping[str, Any], issuer: str) -> Metadata:
    if told.get("issuer") != issuer:
        raise ProviderUnavailable("the provider's document is of another issuer; check TRACKMARK_OIDC_ISSUER")
    schemes = ("https",) if issuer.startswith("https:") else ("https", "http")

    def address(name: str) -> str | None:
        url = told.get(name)
        if url is None:
            return None
        fits = isinstance(url, str) and len(url) <= LONGEST and url.isascii() and url.isprintable()
        if not fits or urlsplit(url).scheme not in schemes or "#" in url:
            raise ProviderUnavailable(f"the provider's {name} is no address that can be used")
        return str(url)

    def needed(name: str) -> str:
        url = address(name)
        if url is None:
            raise ProviderUnavailable(f"the provider names no {name}")
        return url

    methods = told.get("token_endpoint_auth_methods_supported")
    return Metadata(
        issuer,
        needed("authorization_endpoint"),
        needed("token_endpoint"),
        needed("jwks_uri"),
        address("userinfo_endpoint"),
        address("end_session_endpoint"),
        told.get("authorization_response_iss_parameter_supported") is True,
        not isinstance(methods, list) or "client_secret_basic" in methods,
    )


def _keys(told: Mapping[str, Any]) -> list[Key]:
    """The keys that sign; those of kinds that no algorithm of ours takes are passed over."""
    listed = told.get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise ProviderUnavailable("the provider's keys cannot be read; try again later")
    found: list[Key] = []
    for one in listed:
        if not isinstance(one, dict) or one.get("use", "sig") != "sig":
            continue
        try:
            found += KeySet.import_key_set({"keys": [one]}).keys
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return [one for one in found if isinstance(one, RSAKey | ECKey | OKPKey)]

"""Where a webhook may go: an address out in the internet, looked up once and then held to (no SSRF).

A name is resolved at each attempt, every address that it has must be public, and the connection is made to
the one that was checked: a name that answers differently a moment later leads nowhere else.
"""

import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from core.errors import InvalidInput

LONGEST = 2000
_UNICAST = ip_network("2000::/3")
"""All of IPv6 that is handed out to anybody; what lies outside is local, translated or nobody's."""
_TRANSLATED = (ip_network("2002::/16"), ip_network("2001::/32"))
Resolve = Callable[[str, int], Sequence[str]]


class Refused(Exception):
    """The address is not one that a message may be sent to."""


@dataclass(frozen=True)
class Destination:
    """Where a connection goes.

    Attributes:
        url: with the address in place of the name.
        host: as the `Host` header has it.
        name: that the certificate must have.
    """

    url: str
    host: str
    name: str


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True)
class Addresses:
    """Which addresses are allowed.

    Attributes:
        trusted: `host` or `host:port` of the operator's own receivers: reached by http, too, anywhere.
        look_up: finds the addresses of a host.
    """

    trusted: Collection[str] = ()
    look_up: Resolve = resolve

    def check(self, url: str) -> None:
        """Refuse an address that can never be allowed, before anything is looked up.

        Raises:
            InvalidInput: why.
        """
        try:
            parts = self._parts(url)
            if not self._trusts(parts):
                host = (parts.hostname or "").rstrip(".")
                if host == "localhost" or host.endswith(".localhost"):
                    raise Refused("the address is this machine's own")
                literal = _literal(host)
                if literal is not None and not _public(literal):
                    raise Refused("the address is not a public one")
        except Refused as error:
            raise InvalidInput(f"url: {error}") from None

    def pinned(self, url: str) -> Destination:
        """Look an address up and hold to what was found.

        Raises:
            Refused: it is none that is allowed.
            OSError: it cannot be looked up.
        """
        parts = self._parts(url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = [ip_address(one.partition("%")[0]) for one in self.look_up(host, port)]
        except UnicodeError:
            raise Refused("the host is no name") from None
        if not found:
            raise OSError(f"{host} has no address")
        if not self._trusts(parts) and not all(map(_public, found)):
            raise Refused(f"{host} has an address that is not public")
        chosen = f"[{found[0]}]" if isinstance(found[0], IPv6Address) else str(found[0])
        target = parts._replace(netloc=f"{chosen}:{port}", fragment="").geturl()
        return Destination(target, parts.netloc, host)

    def _parts(self, url: str) -> SplitResult:
        if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
            raise Refused(f"an address has at most {LONGEST} printable ASCII characters")
        try:
            parts = urlsplit(url)
            trusted = self._trusts(parts)
        except ValueError:
            raise Refused("it cannot be read") from None
        if parts.scheme != "https" and not (trusted and parts.scheme == "http"):
            raise Refused("it must begin with https://")
        if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
            raise Refused("it must name a host, and neither a user nor a fragment")
        return parts

    def _trusts(self, parts: SplitResult) -> bool:
        return parts.hostname in self.trusted or f"{parts.hostname}:{parts.port}" in self.trusted


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, in any of the ways in which resolvers read one, such as 127.1."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _public(address: IPv4Address | IPv6Address) -> bool:
    """Whether anybody may be behind an address but ourselves and our neighbours."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _public(address.ipv4_mapped)
        if address not in _UNICAST or any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved

"""A message goes to a public address that was looked up once, and nowhere else."""

from collections.abc import Sequence

import pytest

from api.webhooks.address import Addresses, Refused
from core.errors import InvalidInput

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "fec0::1",
    "::127.0.0.1",
    "5f00::1",
    "4000::1",
]
NEVER = [
    "",
    "http://label.example/hook",
    "ftp://label.example/",
    "https://",
    "https:///path",
    "https://user@label.example/",
    "https://user:word@label.example/",
    "https://label.example/#part",
    "https://label.example:99999/",
    "https://label.example:port/",
    "https://[::1/",
    "https://127.0.0.1/",
    "https://[::1]:8443/",
    "https://[::ffff:10.0.0.1]/",
    "https://label.example\\@127.0.0.1/",
    "https://[fec0::1]/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.0.0.1./",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://any.localhost:8443/",
    "https://label.example/\nHost: x",
    "https://läbel.example/",
    "file:///etc/passwd",
    "https://label.example/" + "x" * 2000,
]


def finding(*found: str) -> Addresses:
    return Addresses(look_up=lambda _host, _port: found)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    for found in ((address,), ("93.184.215.14", address), (address, "93.184.215.14")):
        with pytest.raises(Refused, match="not public"):
            finding(*found).pinned("https://label.example/hook")


@pytest.mark.parametrize("url", NEVER)
def test_what_can_never_be_allowed_is_refused_at_once(url: str) -> None:
    with pytest.raises(InvalidInput, match="url"):
        finding("93.184.215.14").check(url)
    with pytest.raises((Refused, OSError)):
        finding().pinned(url)


def test_a_name_is_looked_up_once_and_held_to() -> None:
    asked: list[tuple[str, int]] = []

    def look_up(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", "93.184.215.14"]

    to = Addresses(look_up=look_up).pinned("https://label.example:8443/a/b?c=d")
    assert asked == [("label.example", 8443)]
    assert to.url == "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:8443/a/b?c=d"
    assert (to.host, to.name) == ("label.example:8443", "label.example")
    assert finding("93.184.215.14").pinned("https://label.example").url == "https://93.184.215.14:443"


def test_numbers_that_only_look_like_names_lead_where_they_lead() -> None:
    for host in ("2130706433", "0x7f.1", "127.1", "localhost"):
        with pytest.raises(InvalidInput):
            Addresses().check(f"https://{host}/")
        with pytest.raises(Refused):
            finding("127.0.0.1").pinned(f"https://{host}/")


def test_the_operators_own_receivers_are_reached() -> None:
    own = Addresses(trusted=("hooks.internal", "127.0.0.1:9000"), look_up=lambda _h, _p: ["127.0.0.1"])
    own.check("http://hooks.internal/x")
    assert own.pinned("http://127.0.0.1:9000/x").url == "http://127.0.0.1:9000/x"
    with pytest.raises(InvalidInput):
        own.check("http://127.0.0.1:9001/x")

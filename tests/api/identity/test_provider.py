"""What the provider says of itself is kept, checked, and asked for anew where its keys have changed."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from api.errors import ProviderUnavailable
from api.identity import asking
from api.identity.asking import Asking
from api.identity.given import signing_in
from api.identity.provider import KEPT, PAUSE, Provider
from api.settings import Settings
from api.webhooks.address import Addresses
from core import clock
from tests.api.identity import provider as real
from tests.api.identity.provider import running

ISSUER = "https://provider.example"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": "https://tokens.example/token",
    "jwks_uri": f"{ISSUER}/keys",
}


class Told(Asking):
    """Answers of a provider, and which were asked for."""

    def __init__(self, keys: list[Any], **document: Any) -> None:
        super().__init__(Addresses())
        object.__setattr__(self, "asked", [])
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "document", {**DOCUMENT, **document})

    asked: list[str]
    keys: list[Any]
    document: dict[str, Any]

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        self.asked.append(url.rpartition("/")[2])
        if not self.document:
            raise ProviderUnavailable("down")
        return {"keys": self.keys} if url.endswith("/keys") else self.document


class Clock:
    def __init__(self) -> None:
        self.time = clock.at(1_800_000_000)

    def __call__(self) -> datetime:
        return self.time


def published(*keys: Any) -> list[Any]:
    return list(KeySet(list(keys)).as_dict(private=False)["keys"])


def rsa(name: str, use: str = "sig") -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": use})


def test_document_and_keys_are_kept_for_an_hour() -> None:
    time, told = Clock(), Told(published(rsa("one")))
    provider = Provider(ISSUER, told, time)
    for _ in range(3):
        assert provider.metadata().token_endpoint == "https://tokens.example/token"
        assert provider.key("one", ("RSA",)) is not None
    assert told.asked == ["openid-configuration", "keys"]
    time.time += KEPT
    assert provider.key("one", ("RSA",)) is not None
    assert told.asked[2:] == ["openid-configuration", "keys"]


def test_a_new_key_is_fetched_and_an_invented_one_seldom() -> None:
    time, told = Clock(), Told(published(rsa("one")))
    provider = Provider(ISSUER, told, time)
    assert provider.key("one", ("RSA",)) is not None
    told.keys[:] = published(rsa("two"))
    time.time += PAUSE
    assert provider.key("two", ("RSA",)) is not None
    assert provider.key("one", ("RSA",)) is None  # it was taken back
    before = len(told.asked)
    for number in range(20):
        assert provider.key(f"invented {number}", ("RSA",)) is None
    assert len(told.asked) == before
    time.time += PAUSE
    assert provider.key("invented", ("RSA",)) is None
    assert len(told.asked) == before + 1


def test_a_provider_that_is_down_is_asked_seldom() -> None:
    time, told = Clock(), Told([])
    provider = Provider(ISSUER, told, time)
    whole = dict(told.document)
    told.document.clear()
    for _ in range(20):
        with pytest.raises(ProviderUnavailable, match="down"):
            provider.metadata()
    assert told.asked == ["openid-configuration"]
    told.document.update(whole)
    time.time += PAUSE
    assert provider.metadata().issuer == ISSUER


def test_only_keys_that_sign_are_taken() -> None:
    keys = [
        *published(rsa("one"), rsa("for encryption", use="enc"), ECKey.generate_key("P-256", {"kid": "ec"})),
        OctKey.generate_key(256, {"kid": "shared"}).as_dict(private=True),
        *({"kty": "RSA", "kid": "broken"}, {"kty": "new", "kid": "new"}, "no key", 7, {}),
    ]
    provider = Provider(ISSUER, Told(keys), Clock())
    assert provider.key("one", ("RSA",)) is not None
    assert provider.key("ec", ("EC",)) is not None and provider.key("ec", ("RSA",)) is None
    for name in ("for encryption", "shared", "broken", "new"):
        assert provider.key(name, ("RSA", "EC", "OKP", "oct")) is None
    assert provider.key(None, ("RSA",)) is not None  # the only one of its kind
    assert provider.key(None, ("RSA", "EC")) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://else.example"},
        {"issuer": f"{ISSUER}/"},
        {"issuer": None},
        {"token_endpoint": "http://provider.example/token"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://provider.example/a#b"},
        {"authorization_endpoint": ["https://provider.example"]},
        {"end_session_endpoint": "ftp://x"},
        {"userinfo_endpoint": f"https://x.example/{'a' * 2000}"},
    ],
    ids=str,
)
def test_a_document_that_does_not_hold_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ProviderUnavailable):
        Provider(ISSUER, Told([], **wrong), Clock()).metadata()


@pytest.mark.parametrize("keys", [{"keys": "none"}, {}, {"keys": [{}] * 101}])
def test_keys_that_cannot_be_read_are_a_provider_that_is_down(keys: dict[str, Any]) -> None:
    told = Told([])
    object.__setattr__(told, "get", lambda url, headers=None: keys if "keys" in url else DOCUMENT)
    with pytest.raises(ProviderUnavailable):
        Provider(ISSUER, told, Clock()).key("one", ("RSA",))


@pytest.fixture(scope="module")
def provider() -> Iterator[real.Provider]:
    with running(real.Provider("http://127.0.0.1/sign-in/callback")) as made:
        yield made


def test_it_is_asked_over_a_socket_within_limits(
    provider: real.Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Asking(Addresses({"127.0.0.1"}))
    document = f"{provider.address}/.well-known/openid-configuration"
    assert here.get(document)["issuer"] == provider.address
    with pytest.raises(ProviderUnavailable, match="answered 404"):
        here.get(f"{provider.address}/nothing")
    monkeypatch.setattr(asking, "MOST_BYTES", 100)
    with pytest.raises(ProviderUnavailable, match="cannot be read"):
        here.get(document)
    monkeypatch.undo()
    provider.down = 302
    try:
        with pytest.raises(ProviderUnavailable):
            here.get(document)
    finally:
        provider.down = 200
    with pytest.raises(ProviderUnavailable, match="does not answer"):
        here.get("http://127.0.0.1:9/")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "https://127.0.0.1/", "https://169.254.169.254/", "file:///x"]
)
def test_it_is_not_asked_where_the_operator_has_named_nothing(url: str) -> None:
    with pytest.raises(ProviderUnavailable, match="is not asked"):
        Asking(Addresses({"provider.example"})).get(url)


def test_it_is_named_whole_or_not_at_all(tmp_path: Path) -> None:
    whole: dict[str, Any] = {
        "oidc_issuer": ISSUER,
        "oidc_client_id": "x",
        "public_url": "https://audits.example",
    }
    for wrong in (
        {**whole, "oidc_client_id": None},
        {**whole, "public_url": None},
        {**whole, "public_url": "/audits"},
        {**whole, "oidc_issuer": "http://provider.example"},
        {**whole, "oidc_issuer": "provider.example"},
        {**whole, "oidc_issuer": f"{ISSUER}?a=b"},
    ):
        with pytest.raises(ValueError):
            Settings(home=tmp_path, **wrong)
    assert Settings(home=tmp_path, **{**whole, "oidc_issuer": "http://127.0.0.1:1"}).oidc_issuer
    assert signing_in(Settings(home=tmp_path), None) is None  # type: ignore[arg-type]  # none is opened
    (tmp_path / "secret").write_text("hush\n")
    found = signing_in(Settings(home=tmp_path, **whole, oidc_client_secret_file=tmp_path / "secret"), None)  # type: ignore[arg-type]
    assert found is not None and found.name == "provider.example"

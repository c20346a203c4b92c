"""The provider as the operator names it: its address, what we are to it, and where it may be reached."""

from urllib.parse import urlsplit

from sqlalchemy import Engine

from api.identity.asking import Asking
from api.identity.provider import Provider
from api.identity.signing_in import Client, SigningIn
from api.keys.given import secret_of
from api.settings import Settings
from api.webhooks.address import Addresses

CALLBACK = "/sign-in/callback"


def signing_in(settings: Settings, engine: Engine) -> SigningIn | None:
    """How people sign in; None where the operator names no provider.

    Raises:
        KeyFileError: the client's secret cannot be read.
    """
    if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.public_url is None:
        return None
    secret = secret_of("oidc_client_secret", settings.oidc_client_secret, settings.oidc_client_secret_file)
    here = settings.public_url.rstrip("/")
    client = Client(
        settings.oidc_client_id, None if secret is None else secret.decode(), here + CALLBACK, f"{here}/"
    )
    name = settings.oidc_name or str(urlsplit(settings.oidc_issuer).hostname)
    return SigningIn(engine, provider_of(settings), client, name)


def provider_of(settings: Settings) -> Provider:
    """The provider, which is named.

    Its own host may lie anywhere, since the operator has named it; what else its document leads to must be
    public and https, or be trusted by name.
    """
    issuer = str(settings.oidc_issuer)
    host = urlsplit(issuer)
    own = host.hostname if host.port is None else f"{host.hostname}:{host.port}"
    return Provider(issuer, Asking(Addresses({str(own), *settings.oidc_trusted}), settings.oidc_roots))

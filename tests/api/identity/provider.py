"""An OpenID Connect provider for tests: Authlib's server side, on a socket, with tokens and keys that turn.

It checks what a provider checks (client, redirect URI, PKCE, codes that work once), and can be told to
misbehave in one way at a time.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from authlib.oauth2.rfc6749 import (
    AuthorizationCodeMixin,
    AuthorizationServer,
    ClientMixin,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core import OpenIDCode
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "trackmark", "s e/c:r+et"
PERSON = {"sub": "248289", "email": "ada@label.example", "email_verified": True, "name": "Ada"}


@dataclass
class Client(ClientMixin):
    """What the operator entered at the provider."""

    redirect_uri: str
    secret: str | None = SECRET
    methods: tuple[str, ...] = ("client_secret_basic",)

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in self.methods

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    """A code that waits to be exchanged."""

    code: str
    redirect_uri: str
    scope: str
    user: Mapping[str, Any]
    nonce: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> None: ...

    def get_acr(self) -> None: ...

    def get_amr(self) -> None: ...


class _Request(OAuth2Request):
    def __init__(self, method: str, uri: str, form: dict[str, str], headers: Mapping[str, str]) -> None:
        super().__init__(method, uri, headers=headers)
        self.payload = BasicOAuth2Payload(form)

    @property
    def form(self) -> dict[str, str]:
        return dict(self.payload.data)

    args = form


class _CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]
    server: "Provider"

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        told = request.payload.data
        assert told["code_challenge_method"] == "S256"
        self.server.codes[code] = Code(
            code,
            told["redirect_uri"],
            told["scope"],
            request.user,
            told["nonce"],
            told["code_challenge"],
            told["code_challenge_method"],
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return self.server.codes.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del self.server.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> Mapping[str, Any]:
        return authorization_code.user


class _IdTokens(OpenIDCode):
    def __init__(self, provider: "Provider") -> None:
        super().__init__(require_nonce=True)
        self.provider = provider

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        return False

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self.provider.address}

    def get_client_algorithm(self, client: Client) -> str:
        return self.provider.algorithm

    def get_encode_header(self, client: Client) -> dict[str, str]:
        kid = self.provider.keys[-1].kid
        return {"alg": self.provider.algorithm, **({"kid": kid} if kid else {})}

    def resolve_client_private_key(self, client: Client) -> Key:
        return self.provider.keys[-1]

    def generate_user_info(self, user: Mapping[str, Any], scope: str) -> dict[str, Any]:
        hidden = self.provider.by_userinfo_only
        return {name: value for name, value in user.items() if name == "sub" or not hidden}

    def encode_id_token(self, token: dict[str, Any], request: OAuth2Request) -> str:
        honest: str = super().encode_id_token(token, request)
        forge = self.provider.forge
        if forge is None:
            return honest
        claims = jwt.decode(honest, self.provider.keys[-1], algorithms=[self.provider.algorithm]).claims
        return forge(claims)


class _Issuer(IssuerParameter):
    def __init__(self, server: "Provider") -> None:
        self.server = server
        super().__call__(server)

    def get_issuer(self) -> str | None:
        return self.server.called


class Provider(AuthorizationServer):
    """The provider.

    Attributes:
        address: its issuer.
        person: who signs in next.
        keys: that sign; the last one does, the others are published still.
        forge: makes an ID token of the honest one's claims, in its place.
        called: the `iss` that answers through the browser bear; None for none.
        down: the status with which all is answered, if not 200.
        asked: paths that were asked for.
    """

    def __init__(self, redirect_uri: str) -> None:
        super().__init__()
        self.client = Client(redirect_uri)
        self.address = ""
        self.person: Mapping[str, Any] = PERSON
        self.algorithm = "RS256"
        self.keys: list[Key] = [RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})]
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, Mapping[str, Any]] = {}
        self.forge: Callable[[dict[str, Any]], str] | None = None
        self.called: str | None = None
        self.says: dict[str, Any] = {}
        self.by_userinfo_only = False
        self.down = 200
        self.asked: list[str] = []
        self.register_token_generator("default", BearerTokenGenerator(self._access_token))
        self.register_grant(_CodeGrant, [CodeChallenge(required=True), _IdTokens(self)])
        self.register_extension(_Issuer)

    def turn_keys(self, *, publish_old: bool = True) -> None:
        """Sign with another key from now on, of another kind."""
        self.algorithm = "ES256" if self.algorithm == "RS256" else "RS256"
        made: Key = (
            ECKey.generate_key("P-256", {"kid": f"key {len(self.keys)}", "use": "sig"})
            if self.algorithm == "ES256"
            else RSAKey.generate_key(2048, {"kid": f"key {len(self.keys)}", "use": "sig"})
        )
        self.keys = [*(self.keys if publish_old else ()), made]

    def signed(self, claims: dict[str, Any], key: Key | None = None, algorithm: str | None = None) -> str:
        """An ID token of any claims."""
        key, algorithm = key or self.keys[-1], algorithm or self.algorithm
        header = {"alg": algorithm, "kid": self.keys[-1].kid}
        return jwt.encode(header, claims, key, algorithms=[algorithm])

    @property
    def metadata(self) -> dict[str, Any]:
        """What it says of itself."""
        here = self.address
        return {
            "issuer": here,
            "authorization_endpoint": f"{here}/authorize",
            "token_endpoint": f"{here}/token",
            "userinfo_endpoint": f"{here}/userinfo",
            "end_session_endpoint": f"{here}/logout",
            "jwks_uri": f"{here}/keys",
            "authorization_response_iss_parameter_supported": self.called is not None,
            "token_endpoint_auth_methods_supported": list(self.client.methods),
            **self.says,
        }

    def query_client(self, client_id: str) -> Client | None:
        return self.client if client_id == CLIENT else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        self.tokens[token["access_token"]] = request.user

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None: ...

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        answer = JSONResponse(body, status) if isinstance(body, dict) else Response(body, status)
        answer.headers.update(dict(headers))
        answer.location = answer.headers.get("location")  # type: ignore[attr-defined]  # Authlib's own way
        return answer

    def app(self) -> Starlette:
        """The provider as an application."""
        routes = {
            "/.well-known/openid-configuration": self._document,
            "/keys": self._keys,
            "/authorize": self._authorize,
            "/token": self._token,
            "/userinfo": self._userinfo,
        }
        return Starlette(
            routes=[Route(path, self._up(do), methods=["GET", "POST"]) for path, do in routes.items()]
        )

    def _up(self, do: Callable[[Request, dict[str, str]], Response]) -> Any:
        async def answer(request: Request) -> Response:
            self.asked.append(request.url.path)
            if self.down != 200:
                return Response("down", self.down)
            form = {name: str(value) for name, value in (await request.form()).items()}
            return do(request, {**request.query_params, **form})

        return answer

    def _document(self, _request: Request, _form: dict[str, str]) -> Response:
        return JSONResponse(self.metadata)

    def _keys(self, _request: Request, _form: dict[str, str]) -> Response:
        return JSONResponse(KeySet(self.keys).as_dict(private=False))

    def _authorize(self, request: Request, form: dict[str, str]) -> Response:
        asked = _Request("GET", str(request.url), form, request.headers)
        grant = self.get_consent_grant(asked, self.person)
        answer: Response = self.create_authorization_response(asked, self.person or None, grant)
        location = getattr(answer, "location", None)
        if location:
            answer.headers["location"] = location
        return answer

    def _token(self, request: Request, form: dict[str, str]) -> Response:
        asked = _Request("POST", str(request.url), form, request.headers)
        answer: Response = self.create_token_response(asked)
        return answer

    def _userinfo(self, request: Request, _form: dict[str, str]) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return JSONResponse(dict(self.tokens[token]))

    def _access_token(self, **_told: Any) -> str:
        return f"access-{len(self.tokens)}"


@contextmanager
def running(provider: Provider) -> Iterator[Provider]:
    """The provider on a socket of this machine."""
    server = uvicorn.Server(uvicorn.Config(provider.app(), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:  # it starts, or the thread ends
        thread.join(0.05)
        assert thread.is_alive()
    provider.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join()


def unsigned(claims: Mapping[str, Any]) -> str:
    """An ID token under the algorithm `none`."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(dict(claims))}."

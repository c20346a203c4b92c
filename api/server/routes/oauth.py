"""The token endpoint of OAuth2 (RFC 6749) for client credentials, and what it offers (RFC 8414)."""

from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from fastapi import APIRouter, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.outbox.trail import Acting, Event
from api.server.api_keys import Scope
from api.server.parts import PartsDep
from api.server.refusals import InvalidClient, InvalidTokenRequest
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.schemas import Model
from core import clock

router = APIRouter(tags=["keys"], route_class=Route)
GRANT = "client_credentials"
FORM = "application/x-www-form-urlencoded"
FIELDS = ("grant_type", "client_id", "client_secret", "scope")
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": [GRANT]},
        "client_id": {"type": "string", "description": "id of an API key; or by HTTP Basic"},
        "client_secret": {"type": "string", "description": "the API key; or by HTTP Basic"},
        "scope": {"type": "string", "description": "with spaces in between; all of the key's otherwise"},
    },
}


class TokenAnswer(Model):
    """A token, to be sent as `Authorization: Bearer`."""

    access_token: str = Field(examples=["eyJ..."])
    token_type: str = Field(examples=["Bearer"])
    expires_in: int = Field(description="seconds", examples=[900])
    scope: str = Field(examples=["audits:read audits:write"])


class ServerAnswer(Model):
    """What the authorisation server of this service offers."""

    issuer: str = Field(examples=["https://trackmark.example"])
    token_endpoint: str = Field(examples=["https://trackmark.example/oauth/token"])
    grant_types_supported: list[str] = [GRANT]
    response_types_supported: list[str] = []
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic", "client_secret_post"]
    scopes_supported: list[Scope] = list(Scope)


@router.post(
    "/oauth/token",
    operation_id="createToken",
    summary="Get an access token",
    responses=problems(400, 401, 403, 415),
    openapi_extra={"requestBody": {"required": True, "content": {FORM: {"schema": _SCHEMA}}}},
)
async def token(request: Request, response: Response, parts: PartsDep) -> TokenAnswer:
    """Exchange the id and secret of an API key for a token that is good for a quarter of an hour.

    Problems have the `error` of OAuth2 besides. A token can do what its key can, or less, while that holds.
    """
    sent = _form(await request.body(), request.headers.get("content-type", ""))
    client_id, secret = _client(request, sent)
    if sent.get("grant_type") != GRANT:
        raise InvalidTokenRequest(f"the grant_type must be {GRANT}", "unsupported_grant_type")
    wanted = sent["scope"].split() if sent.get("scope") else None
    made = await run_in_threadpool(parts.tokens.issue, client_id, secret, wanted)
    by = Acting(made.caller.actor)
    told = Event(made.caller.tenant, "done", "token.issued", f"/v1/keys/{client_id}", by, at=clock.now())
    parts.worker.journal.soon(told)
    response.headers["Cache-Control"] = "no-store"
    return TokenAnswer(
        access_token=made.token,
        token_type="Bearer",  # noqa: S106  # no secret
        expires_in=int(made.lifetime.total_seconds()),
        scope=" ".join(made.scopes),
    )


@router.get(
    "/.well-known/oauth-authorization-server",
    operation_id="getTokenServer",
    summary="What the token endpoint offers",
    responses=problems(),
)
def offered(request: Request, parts: PartsDep) -> ServerAnswer:
    """Metadata of the authorisation server (RFC 8414)."""
    issuer = (parts.settings.public_url or str(request.base_url)).rstrip("/")
    return ServerAnswer(issuer=issuer, token_endpoint=f"{issuer}/oauth/token")


def _form(body: bytes, media: str) -> dict[str, str]:
    """The fields of the form, each sent once."""
    if media.partition(";")[0].strip().lower() != FORM:
        raise InvalidTokenRequest(f"send the request as {FORM}", "invalid_request")
    try:
        found = parse_qs(body.decode("ascii"), max_num_fields=20, errors="strict")
    except ValueError:
        raise InvalidTokenRequest("the form cannot be read", "invalid_request") from None
    if any(len(values) > 1 for name, values in found.items() if name in FIELDS):
        raise InvalidTokenRequest("a field was sent twice", "invalid_request")
    return {name: values[0] for name, values in found.items() if name in FIELDS}


def _client(request: Request, sent: dict[str, str]) -> tuple[str, str]:
    """Id and secret of the client, by HTTP Basic or in the form, and not by both."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        if "client_secret" in sent:
            raise InvalidTokenRequest("send the secret once: by Basic or in the form", "invalid_request")
        try:
            client_id, _, secret = b64decode(told.strip(), validate=True).decode().partition(":")
        except ValueError:
            raise InvalidClient("the Authorization header cannot be read") from None
        return unquote_plus(client_id), unquote_plus(secret)
    if not sent.get("client_id") or not sent.get("client_secret"):
        raise InvalidClient("send client_id and client_secret, the id and secret of an API key")
    return sent["client_id"], sent["client_secret"]

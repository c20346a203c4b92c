"""The OpenAPI document: what FastAPI makes of the routes, and what every route of ours has besides."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts

from api.server import findings_schema, problem_examples
from api.server.examples import completed, example
from api.server.route import asks_who
from api.server.routes.openapi import IDEMPOTENCY_KEY, problems

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "an API key: `tmk_...`"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "trackmark_key", "description": "set by the page"},
}
TAGS = {
    "audits": "Audits: whose a file is, whether it bears traces of a machine, in whose voice",
    "audit-events": "The audit trail of a tenant",
    "batches": "Audits of many uploads, by a manifest",
    "cases": "Cases: what people decide about audits",
    "comparisons": "Two files side by side",
    "notices": "Notices of rights holders",
    "policies": "Policies that decide audits",
    "retention": "For how long things are kept, and legal holds",
    "exports": "Audits, records and cases as one table",
    "tenants": "Tenants, for operators",
    "tracks": "Tracks: tagged with a mark, a signed record and credentials",
    "uploads": "Uploads that can be resumed, by tus",
    "records": "Records of ownership, and what is exported of them",
    "record-events": "What happens to records: amended, transferred, disputed, revoked",
    "c2pa": "C2PA Soft Binding Resolution",
    "artists": "Enrolled voices and what their artists allow",
    "log": "The transparency log, for everybody",
    "keys": "API keys, access tokens and public keys",
    "members": "People who sign in to the pages",
    "webhooks": "Where events are sent to",
    "health": "How the server is",
    "verify": "Verification for everybody",
}
HEADERS: dict[str, tuple[str, str]] = {
    "Retry-After": ("integer", "seconds until it is worth another try"),
    "RateLimit": ("string", "what is left (draft-ietf-httpapi-ratelimit-headers)"),
    "RateLimit-Policy": ("string", "how much there is"),
    "WWW-Authenticate": ("string", "how to send a key"),
    "Location": ("string", "where the job is followed"),
    "ETag": (
        "string",
        "names the state of the entry, for `If-Match`; of a file, its bytes, for `If-None-Match`",
    ),
    "Upload-Offset": ("integer", "how many bytes are stored"),
    "Upload-Length": ("integer", "how many bytes the whole file has"),
    "Upload-Metadata": ("string", "as it was sent"),
    "Upload-Expires": ("string", "when the upload is deleted, unless more comes before"),
    "Tus-Resumable": ("string", "the version of tus that is spoken"),
    "Tus-Version": ("string", "the versions of tus that are spoken"),
    "Idempotency-Replayed": ("string", "`true` where the answer was given before"),
    "X-Request-Id": ("string", "the request's own, where it sent a well-formed one, or a fresh one"),
    "Content-Digest": ("string", "of the bytes of this answer (RFC 9530)"),
    "Repr-Digest": ("string", "of the whole file, also where a part of it was asked for (RFC 9530)"),
    "Allow": ("string", "every method of this path"),
}
_BY_STATUS = {
    "202": ("Location", "Retry-After"),
    "401": ("WWW-Authenticate",),
    "423": ("Retry-After",),
    "409": ("Retry-After",),
    "429": ("Retry-After", "RateLimit", "RateLimit-Policy"),
    "503": ("Retry-After",),
    "304": ("ETag", "Repr-Digest"),
}
_LEADS: dict[str, tuple[tuple[str, dict[str, str]], ...]] = {
    "createAudit": (("202", {"audit_id": "$response.body#/id"}),),
    "createComparison": (("202", {"comparison_id": "$response.body#/id"}),),
    "createBatch": (("202", {"batch_id": "$response.body#/id"}),),
    "createTrack": (("202", {"track_id": "$response.body#/id"}),),
    "getTrack": (("200", {"record_id": "$response.body#/result/record_id"}),),
    "listRecords": (("200", {"record_id": "$response.body#/items/0/record_id"}),),
    **{
        name: (
            ("201", {"record_id": "$request.path.record_id", "leaf_index": "$response.body#/leaf_index"}),
            ("201", {"record_id": "$request.path.record_id"}),
        )
        for name in ("amendRecord", "transferRecord", "disputeRecord", "settleRecord", "revokeRecord")
    },
    "postMatchesByBinding": (("200", {"manifest_id": "$response.body#/matches/0/manifestId"}),),
    "getMatchesByContent": (("202", {"lookup_id": "$response.body#/id"}),),
    "enrolArtist": (
        ("201", {"name": "$response.body#/id"}),
        ("202", {"enrolment_id": "$response.body#/id"}),
    ),
    "createCase": (("201", {"case_id": "$response.body#/id"}),),
    "createNotice": (("201", {"notice_id": "$response.body#/id"}),),
    "createExport": (("202", {"export_id": "$response.body#/id"}),),
    "placeHold": (("201", {"hold_id": "$response.body#/id"}),),
    "createPolicy": (("201", {"policy_id": "$response.body#/id"}),),
    "inviteMember": (("201", {"member_id": "$response.body#/id"}),),
    "createKey": (("201", {"key_id": "$response.body#/id"}),),
}
"""What an answer tells that other paths ask for: operation, status, parameter, and where it stands."""
_TAGGED = frozenset(
    {"getRecord", "listRecordEvents", "createCase", "getCase"}
    | {"assignCase", "commentCase", "decideCase", "appealCase", "reopenCase"}
    | {"createNotice", "getNotice", "completeNotice", "commentNotice", "removeMaterial", "refuseNotice"}
    | {"counterNotice", "restoreMaterial", "keepMaterialDown", "withdrawNotice"}
    | {"getRetention", "setRetention", "listPolicies"}
    | {"getMember", "changeMemberRole", "suspendMember", "resumeMember"}
)
_IDENTIFIES = frozenset({"createToken"})
"""Asks who comes by a way of its own, and says so in a body."""
_NAMED = {
    "name": "name of the artist, or the id",
    "tenant": "name of the tenant",
    "path": "as C2SP has it: `0/000`, `entries/000`",
    "role": "which of the two files",
    "leaf_index": "entry of the event in the log",
}
"""Parameters of paths that are no id of what the path is about."""
_PIECE = ("Tus-Resumable", "Upload-Offset", "Upload-Expires")
_TOLD: dict[str, tuple[str, ...]] = {
    "createUpload": ("Location", *_PIECE),
    "getUpload": (*_PIECE, "Upload-Length", "Upload-Metadata"),
    "continueUpload": _PIECE,
}
"""Further headers of an operation that succeeded."""


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of an application, made once."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        servers=[{"url": "/"}],
        tags=[{"name": name, "description": about} for name, about in TAGS.items()],
    )
    for operation, route in _operations(app, made):
        _describe(operation, route)
    _link(made)
    _shape(made)
    _show(made)
    made["components"]["securitySchemes"] = SCHEMES
    made["components"]["examples"] = problem_examples.components()
    made["components"]["headers"] = {
        name: {"description": text, "schema": {"type": kind}} for name, (kind, text) in HEADERS.items()
    }
    for unused in ("HTTPValidationError", "ValidationError"):
        made["components"]["schemas"].pop(unused, None)
    app.openapi_schema = made
    return made


def _shape(made: dict[str, Any]) -> None:
    """Say what the findings of an audit hold."""
    schemas = made["components"]["schemas"]
    found = findings_schema.component_schemas()
    if taken := found.keys() & schemas.keys():
        raise TypeError(f"two shapes are called {', '.join(sorted(taken))}")
    schemas |= found
    findings = schemas["AuditAnswer"]["properties"]["findings"]
    holds = {"$ref": f"#/components/schemas/{findings_schema.NAME}"}
    findings["anyOf"] = [holds, {"type": "null"}]


def _show(made: dict[str, Any]) -> None:
    """Give every body that is JSON or a form an example, where its schema stands, so that it stands once, and
    every problem those of the codes that it can have."""
    schemas = made["components"]["schemas"]
    for path in made["paths"].values():
        for method, operation in path.items():
            for status, answer in operation["responses"].items():
                for content in answer.get("content", {}).values() if status[0] in "45" else ():
                    content["examples"] = problem_examples.references(operation, method, status)
            bodies = [(True, operation.get("requestBody", {}))]
            bodies += [(False, one) for status, one in operation["responses"].items() if status[0] == "2"]
            for sent, body in bodies:
                for content in body.get("content", {}).values():
                    schema = content.get("schema", {})
                    whole = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
                    if "properties" in whole and "example" not in content:
                        shown = whole.get("examples") or [example(whole, schemas, sent=sent)]
                        whole["examples"] = [completed(one, whole, schemas) for one in shown]


def _operations(app: FastAPI, made: dict[str, Any]) -> Iterator[tuple[dict[str, Any], RouteContext]]:
    for route in iter_route_contexts(app.routes):
        for method in route.methods or ():
            operation = made["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None:
                yield operation, route


def _link(made: dict[str, Any]) -> None:
    """Say where the ids that an answer tells lead to (OpenAPI links)."""
    operations = {one["operationId"]: one for path in made["paths"].values() for one in path.values()}
    for name, leads in _LEADS.items():
        for status, told in leads:
            links = operations[name]["responses"][status].setdefault("links", {})
            for target, operation in operations.items():
                asked = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
                if asked == told.keys():
                    links[target] = {"operationId": target, "parameters": told}


def _is_file(status: str, answer: dict[str, Any]) -> bool:
    """Whether an answer brings a file, which is told its digest."""
    return status.startswith("2") and bool(answer.get("content", {}).keys() - {"application/json"})


def _describe(operation: dict[str, Any], route: RouteContext) -> None:
    """Who may ask, every problem that any route can answer with, and the headers."""
    dependant: Dependant = route.dependant
    private, c2pa = asks_who(dependant), str(route.path_format).startswith("/c2pa/")
    operation["security"] = [{name: []} for name in SCHEMES] if private else []
    taken = operation.setdefault("parameters", [])
    if private and "POST" in (route.methods or ()) and IDEMPOTENCY_KEY not in taken:
        taken.append(IDEMPOTENCY_KEY)
    for one in taken:
        if one["in"] == "path" and "description" not in one:
            one["description"] = _NAMED.get(one["name"]) or f"id of the {one['name'].removesuffix('_id')}"
    told = operation["responses"]
    unusable = 400 if c2pa else 422  # an unknown parameter is one, too, so that every route has it
    general = {unusable, 429, 503} | ({401, 403} if private else set())
    if operation.get("requestBody"):
        general |= {400, 408, 409, 411, 413}
    for status, answer in problems(*general).items():
        if str(status) in map(str, general):
            shown = told.get(str(status), {}).get("content", {})
            if "application/problem+json" not in shown:
                told[str(status)] = answer
    if c2pa:
        told.pop("422", None)
    if not private and operation["operationId"] not in _IDENTIFIES:
        for status in ("401", "403"):
            told.pop(status, None)
    if any(_is_file(status, answer) for status, answer in told.items()):
        told["304"] = {"description": "The file is the one that `If-None-Match` names."}
    for status, answer in told.items():
        names = ["X-Request-Id", *_BY_STATUS.get(status, ())]
        if status.startswith("2"):
            names += ["ETag"] if operation["operationId"] in _TAGGED else []
            names += _TOLD.get(operation["operationId"], ())
            names += ["Idempotency-Replayed"] if "requestBody" in operation else []
            names += ["RateLimit", "RateLimit-Policy"]
            if _is_file(status, answer):
                names += ["ETag", "Content-Digest", "Repr-Digest"]
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}

"""The reference of the HTTP API, made of the application's own OpenAPI document: a page for each group."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from api.server.app import create_app
from api.server.parts import Needs
from api.server.route import asks_who
from api.settings import Settings
from lab.handbook.markdown import code, paragraphs, plain, table
from lab.handbook.reference import shapes

HEAD = """# HTTP API

Every operation of this release, made of its OpenAPI document (`/openapi.json` of a running server). What
they have in common, and how they are used together: [the audit API](../../api.md).

The scope is what the key must have; `admin` has all. Every failure is a problem with a `code`:
[errors](../errors.md) lists the codes of each status.
"""


@dataclass(frozen=True)
class Operation:
    """One operation: where it is, who may call it, and what the document says of it."""

    method: str
    path: str
    needs: str
    told: dict[str, Any]

    @property
    def group(self) -> str:
        """The page that it stands on."""
        return str(self.told["tags"][0])

    @property
    def anchor(self) -> str:
        """Its place on that page."""
        return str(self.told["operationId"]).lower()


def pages() -> dict[str, str]:
    """The pages, by their place in the site."""
    app = create_app(Settings(home=Path("nowhere")))
    known = list(operations(app))
    groups = sorted({one.group for one in known})
    made = {
        f"reference/api/{group}.md": _group(group, [one for one in known if one.group == group])
        for group in groups
    }
    schemas = app.openapi()["components"]["schemas"]
    return {"reference/api/index.md": _index(known), **made, "reference/api/shapes.md": shapes.page(schemas)}


def operations(app: FastAPI) -> Iterator[Operation]:
    """Every operation of the document, in its order."""
    routes = {
        (route.path_format, method.lower()): route.dependant
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
        if getattr(route, "dependant", None) is not None  # FastAPI's own routes have none
    }
    for path, methods in app.openapi()["paths"].items():
        for method, told in methods.items():
            yield Operation(method.upper(), path, _needs(routes[path, method]), told)


def _needs(dependant: Dependant) -> str:
    scopes = sorted({scope for needed in _walk(dependant) for scope in needed.scopes})
    if scopes:
        return " or ".join(f"`{scope}`" for scope in scopes)
    return "any good key" if asks_who(dependant) else "no key"


def _walk(dependant: Dependant) -> Iterator[Needs]:
    if isinstance(dependant.call, Needs):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _walk(inner)


def _index(known: list[Operation]) -> str:
    rows = (
        (
            f"[{code(f'{one.method} {one.path}')}]({one.group}.md#{one.anchor})",
            plain(one.told["summary"]),
            one.needs,
        )
        for one in known
    )
    return "\n".join(
        [HEAD, *table(("operation", "what it does", "scope"), rows), "[Shapes of bodies](shapes.md)", ""]
    )


def _group(group: str, known: list[Operation]) -> str:
    return "\n".join([f"# {group}", "", *(line for one in known for line in _operation(one))])


def _operation(one: Operation) -> list[str]:
    told = one.told
    lines = [
        f"## {plain(told['summary'])} {{#{one.anchor}}}",
        "",
        f"`{one.method} {one.path}`: {one.needs}",
        "",
    ]
    lines += paragraphs(told.get("description", ""))
    lines += table(
        ("parameter", "in", "type", "meaning"),
        (
            (
                code(asked["name"]),
                asked["in"] + (", needed" if asked.get("required") else ""),
                shapes.kind(asked["schema"]),
                plain(asked.get("description", "")),
            )
            for asked in told.get("parameters", ())
        ),
    )
    for media, body in told.get("requestBody", {}).get("content", {}).items():
        lines += _body(media, body["schema"])
    good: list[tuple[str, str]] = []
    refused: list[tuple[str, str]] = []
    for status, answer in sorted(told["responses"].items()):
        row = (
            f"[{status}](../errors.md#{status})" if status.isdigit() and status >= "400" else status,
            _answer(answer),
        )
        (refused if status >= "400" else good).append(row)
    lines += table(("answer", "body"), good)
    lines += ["Refused with: " + ", ".join(f"{status} {why}" for status, why in refused) + ".", ""]
    return lines


def _body(media: str, schema: dict[str, Any]) -> list[str]:
    if "properties" not in schema:
        return [f"Body, `{media}`: {shapes.kind(schema)}.", ""]
    return [f"Body, `{media}`:", "", *shapes.fields(schema, "needed")]


def _answer(answer: dict[str, Any]) -> str:
    problem = "application/problem+json"
    if problem in answer.get("content", {}):
        return plain(answer["description"])
    told = [
        f"`{media}`: {shapes.kind(one.get('schema', {}))}" for media, one in answer.get("content", {}).items()
    ]
    return "<br>".join(told) or "no body"

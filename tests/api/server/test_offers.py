"""What pages offer: no form and no link whose route refuses whoever reads them."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from api.members.role import Role
from api.server.api_keys import Scope
from api.server.pages import site
from api.server.roles import SCOPES
from tests.api.server.browsing import HEARING
from tests.api.server.seeding import seeded
from tests.api.server.test_scopes import routes, wanted
from tests.api.serving import URL, key, serve

FILES = ("/static/", "/openapi.json")
ELSEWHERE = {
    *(f"GET {path}" for path in ("/sign-in/begin", "/sign-in/callback", "/enrolments/{enrolment_id}")),
    "GET /audits/{audit_id}/tracks/{record_id}",
}
"""Pages that lead on to others, and one that needs ears that hear a track in another."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), HEARING) as client:
        yield client


@pytest.fixture(scope="module")
def addresses(client: TestClient) -> dict[str, str]:
    return seeded(client)


class Offers(HTMLParser):
    """Every form and every link of a page, as a method and a path."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form" and "action" in told:
            self._offer(told.get("method") or "get", told["action"])
        if tag == "a":
            self._offer("get", told.get("href"))
        if tag == "button" and told.get("formaction"):
            self._offer("post", told["formaction"])

    def _offer(self, method: str, address: str | None) -> None:
        here = urlsplit(address or "")
        if not here.netloc and here.path and not here.path.startswith(FILES):
            self.found.add((method.upper(), here.path))


def route_of(names: list[str], method: str, path: str) -> str:
    """The first route that takes a request."""
    for name in names:
        takes, template = name.split()
        if takes == method and re.fullmatch(re.sub(r"\\?\{\w+\\?\}", "[^/]+", template), path):
            return name
    raise AssertionError(f"no route takes {method} {path}")


def refused(client: TestClient, address: str, scopes: frozenset[Scope]) -> set[tuple[str, str]]:
    """What a page offers to whoever has some scopes, and would refuse."""
    reader = TestClient(client.app, base_url=URL, headers={**key(client, *scopes), "Accept": "text/html"})
    names, needed = list(routes(client)), wanted()

    def refuses(name: str) -> bool:
        return name in needed and Scope.ADMIN not in scopes and not scopes & needed[name]

    return {one for one in Offers(reader.get(address).text).found if refuses(route_of(names, *one))}


@pytest.mark.parametrize("role", Role)
def test_a_page_offers_each_role_what_it_may_do(
    client: TestClient, addresses: dict[str, str], role: Role
) -> None:
    for name, address in addresses.items():
        if client.get(address, headers=key(client, *SCOPES[role])).status_code != 403:
            assert refused(client, address, SCOPES[role]) == set(), name


@pytest.mark.parametrize("scope", Scope)
def test_a_page_offers_a_key_no_form_that_its_scope_cannot_send(
    client: TestClient, addresses: dict[str, str], scope: Scope
) -> None:
    for name, address in addresses.items():
        found = refused(client, address, frozenset({scope}))
        assert {path for method, path in found if method == "POST"} == set(), name


def test_whoever_may_work_is_offered_every_form(client: TestClient, addresses: dict[str, str]) -> None:
    def offered(role: Role) -> set[tuple[str, str]]:
        reader = TestClient(client.app, base_url=URL, headers=key(client, *SCOPES[role]))
        pages = [reader.get(address).text for address in addresses.values()]
        return {one for page in pages for one in Offers(page).found if one[0] == "POST"}

    changes_nothing = re.compile(r"/language|/exports.*|.*/try")
    assert not {path for _, path in offered(Role.AUDITOR) if not changes_nothing.fullmatch(path)}
    case, notice = addresses["case"], addresses["notice"]
    assert {
        *(("POST", path) for path in ("/audits", "/audits/bulk", "/comparisons", "/cases", "/cases/bulk")),
        *(("POST", f"{case}/{step}") for step in ("comment", "appeal", "reopen")),
        *(("POST", f"{notice}/{step}") for step in ("comment", "restore", "keep_down", "withdraw")),
    } <= offered(Role.LABEL)
    assert offered(Role.LABEL) | offered(Role.RIGHTS_OPS) <= offered(Role.ADMIN)


def test_a_page_of_every_kind_is_looked_at(client: TestClient, addresses: dict[str, str]) -> None:
    """A new page goes into `seeding`."""
    names = list(routes(client))
    seen = {route_of(names, "GET", urlsplit(address).path) for address in addresses.values()}
    pages = {
        f"GET {route.path_format}"
        for route in iter_route_contexts(site.router.routes)
        if "GET" in (route.methods or ()) and not str(route.path_format).endswith(".csv")
    }
    assert pages - seen - ELSEWHERE == set()

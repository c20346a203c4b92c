"""Lists as tables to keep: every list has one, and a row costs no statement and no sending of its own."""

import csv
import io
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.jobs.exporting import Asked, What, export
from api.server.pages import sheets
from core import clock
from tests.api.asking import asked
from tests.api.server.browsing import finished
from tests.api.serving import GOOD, audited, parts, register, serve

EVIL = "=cmd|'/C calc'!A0"
TURNED, SHOWN = "song \u202egnp.exe", "song [U+202E]gnp.exe"
"""What a case or a notice may be about, though no record or file may be called so."""
_NUMBERS = count()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home")) as made:
        yield made


def _one_more(client: TestClient) -> None:
    """An entry more in every list."""
    number = next(_NUMBERS)
    name = f"{EVIL} {number}"
    audited(client, files={"file": (f"{name}.wav", GOOD)})
    pair = {role: (f"{role}.wav", GOOD) for role in ("original", "suspect")}
    finished(client, client.post("/v1/comparisons", files=pair).headers["location"])
    record = register(parts(client).registry, title=name).record_id
    client.post("/v1/cases", json={"subject": TURNED, "reason": "a call"}).raise_for_status()
    client.post(
        "/v1/notices", json={"form": "dmca", "elements": {"material": f"{name} {TURNED}"}}
    ).raise_for_status()
    files = {"files": ("v.wav", GOOD + name.encode())}
    artist = client.post("/v1/artists", files=files, data={"name": name}).raise_for_status().json()["id"]
    terms = {"scope": ["singing"], "from": "2020-01-01", "licence": name}
    client.post(f"/v1/artists/{artist}/consents", json=terms).raise_for_status()
    client.post("/v1/keys", json={"name": name, "scopes": ["audits:read"]}).raise_for_status()
    invited = {"email": f"{number}@label.example", "role": "label"}
    client.post("/v1/members", json=invited).raise_for_status()
    sent = {"url": f"https://label.example/{number}", "events": ["case.opened"], "description": name}
    client.post("/v1/webhooks", json=sent).raise_for_status()
    held = {"kind": "record", "id": record, "reason": name}
    client.post("/v1/holds", json=held).raise_for_status()
    client.post("/v1/tenants", json={"tenant": f"label-{number}", "name": name}).raise_for_status()


TABLES = (
    *("audits", "comparisons", "records", "cases", "notices", "artists", "keys", "members", "webhooks"),
    *("holds", "tenants"),
)


@pytest.fixture(scope="module")
def addresses(client: TestClient) -> list[str]:
    """Every table, with something in it."""
    sent = {"url": "https://label.example/hook", "events": ["case.opened"]}
    hook = client.post("/v1/webhooks", json=sent).raise_for_status().json()["id"]
    _one_more(client)
    return [*(f"/{name}.csv" for name in TABLES), f"/webhooks/{hook}.csv"]


def _selects(said: list[str]) -> int:
    return sum(statement.startswith("SELECT") for statement in said)


def _rows(client: TestClient, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.text)
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text[1:])))


def test_a_row_costs_no_statement_of_its_own(client: TestClient, addresses: list[str]) -> None:
    def looked() -> tuple[dict[str, int], dict[str, int]]:
        told, rows = {}, {}
        for address in addresses:
            with asked(parts(client).registry.engine) as said:
                rows[address] = len(_rows(client, address))
            told[address] = _selects(said)
        return told, rows

    before, few = looked()
    for _ in range(3):
        _one_more(client)
    after, more = looked()
    assert all(more[address] >= few[address] + 3 for address in addresses), (few, more)
    assert after == before


@pytest.mark.parametrize(("what", "each"), [("audits", 0), ("records", 4), ("cases", 0)])
def test_a_row_of_an_export_costs_no_statement_but_what_verifies_it(
    what: What, each: int, client: TestClient, addresses: list[str], tmp_path: Path
) -> None:
    """A record is told as it verifies today: itself, its events, and their places in the log."""
    registry = parts(client).registry.for_tenant("default")

    def exported() -> tuple[int, int]:
        wanted = Asked(what, "csv", None, clock.now())
        with asked(registry.engine) as said:
            told = export(registry, wanted, tmp_path, lambda _stage, _share: None)
        return _selects(said), told["rows"]

    before, few = exported()
    for _ in range(3):
        _one_more(client)
    after, more = exported()
    assert more >= few + 3 and after == before + each * (more - few)


def test_many_rows_are_sent_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sending takes a turn in a thread: ten thousand rows took half a minute on a busy machine."""
    monkeypatch.setattr(sheets, "AT_ONCE", 10)
    sent = list(sheets._parts((number, "x") for number in range(95)))
    assert len(sent) == 10
    assert "".join(sent) == sheets.BOM + "".join(f"{number},x\r\n" for number in range(95))


def test_a_spreadsheet_runs_nothing_of_any_table(client: TestClient, addresses: list[str]) -> None:
    found = [cell for address in addresses for row in _rows(client, address) for cell in row.values()]
    assert any(cell.startswith(f"'{EVIL}") for cell in found)
    assert any(cell.endswith(SHOWN) for cell in found)
    assert [cell for cell in found if "\u202e" in cell] == []
    assert [cell for cell in found if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_the_oldest_come_first_where_that_is_asked(client: TestClient, addresses: list[str]) -> None:
    for name in ("audits", "comparisons", "records", "cases", "notices"):
        newest, oldest = _rows(client, f"/{name}.csv"), _rows(client, f"/{name}.csv?sort=created_at")
        assert newest == oldest[::-1] and len(newest) > 1, name
    assert client.get("/cases?sort=backwards").status_code == 422


def test_many_artists_come_in_pages_and_are_found_by_name(client: TestClient, addresses: list[str]) -> None:
    for number in range(25):
        sent = {"files": ("v.wav", GOOD + b"%d" % number)}
        client.post("/v1/artists", files=sent, data={"name": f"Voice {number:02}"}).raise_for_status()
    page = client.get("/artists?q=voice").text
    assert "Voice 19" in page and "Voice 20" not in page and 'rel="next"' in page
    assert len(_rows(client, "/artists.csv?q=voice")) == 25
    alone = client.get("/artists?name=Voice 21").text
    assert "Voice 21" in alone and "Voice 20" not in alone
    wrong = {"from": "2020-01-01", "until": "2019-01-01", "scope-singing": "true"}
    enrolled = parts(client).registry.for_tenant("default").artists.find("Voice 23").id
    refused = client.post(f"/artists/{enrolled}/consents", data=wrong)
    assert refused.status_code == 422 and 'value="2019-01-01"' in refused.text
    entered = client.post(
        f"/artists/{enrolled}/consents", data={**wrong, "until": ""}, follow_redirects=False
    )
    assert entered.headers["location"] == "/artists?name=Voice+23"

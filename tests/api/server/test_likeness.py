"""Likeness to registered tracks over HTTP and on the pages: asked by its name, of the own tenant only."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.audit.asked import NAMES
from detector.originality import sketch
from tests import fakes, signals
from tests.api.serving import ENGINES, audited, key, parts, register, serve

RATE = 16_000
HEARD = sketch(signals.music(20.0, RATE, 4), RATE)
EVERY = ",".join(NAMES)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server with one registered track of which a sketch is kept."""
    home: Path = tmp_path_factory.mktemp("home")
    with serve(home, replace(ENGINES, sketcher=fakes.Part(HEARD))) as made:
        registry = parts(made).registry
        registry.sketches.keep(register(registry, title="Night Drive").record_id, HEARD)
        yield made


def test_it_is_asked_by_its_name(client: TestClient) -> None:
    assert audited(client)["findings"]["originality"] is None
    found = audited(client, data={"checks": EVERY})["findings"]
    assert found["checks"]["originality"] == "done"
    assert found["originality"]["compared_with"] == 1
    assert found["originality"]["timbre"]["nearest"][0]["title"] == "Night Drive"
    assert "originality" not in {rule["rule"] for rule in found["decision"]["rules"]}


def test_the_page_offers_it_where_there_is_something_to_compare_with(client: TestClient) -> None:
    assert f'value="{EVERY}"' in client.get("/", headers={"Accept": "text/html"}).text
    empty = key(client, tenant="empty")
    assert 'name="checks"' not in client.get("/", headers={**empty, "Accept": "text/html"}).text
    theirs = audited(client, data={"checks": EVERY}, headers=empty)["findings"]
    assert theirs["checks"]["originality"] == "inconclusive"
    assert "Night Drive" not in str(theirs)
    assert theirs["decision"]["action"] == "review"


def test_the_page_and_the_report_tell_the_nearest_tracks_and_what_that_does_not_prove(
    client: TestClient,
) -> None:
    audit = audited(client, data={"checks": EVERY})["id"]
    page = client.get(f"/audits/{audit}").text
    report = client.get(f"/v1/audits/{audit}/report", params={"format": "html"}).text
    for text in (page, report):
        assert "Which registered tracks is it most like?" in text
        assert "“Night Drive”" in text
        assert "Likeness is no sign of copying" in text
    assert "Which registered tracks" not in client.get(f"/audits/{audited(client)['id']}").text

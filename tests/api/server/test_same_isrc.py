"""Two records that state one ISRC name each other, to those who may read them, and accuse nobody."""

from fastapi.testclient import TestClient

from tests.api.serving import parts, register

CODE = "GBAYE9900017"


def _stating(client: TestClient, code: str = CODE, tenant: str = "default") -> str:
    registry = parts(client).registry.for_tenant(tenant)
    record_id = register(registry).record_id
    registry.events.amend(record_id, {"asset": {"isrc": code}})
    return record_id


def test_records_of_one_isrc_are_told_until_one_is_withdrawn(client: TestClient) -> None:
    first, second, other = _stating(client), _stating(client), _stating(client, "GBAYE9900018")
    _stating(client, tenant="another-label")  # what other tenants state is nobody's business
    assert client.get(f"/v1/records/{first}").json()["same_isrc"] == [second]
    assert client.get(f"/v1/records/{second}").json()["same_isrc"] == [first]
    assert client.get(f"/v1/records/{other}").json()["same_isrc"] == []
    page = client.get(f"/records/{second}").text
    assert f'href="/records/{first}"' in page and "states it, too" in page
    german = client.get(f"/records/{second}?lang=de", headers={"Accept-Language": "de"}).text
    assert f'href="/records/{first}"' in german and "nennt ihn auch" in german
    assert "states it, too" not in client.get(f"/records/{other}").text
    parts(client).registry.events.revoke(first, issuer="A Label", reason="entered twice")
    assert client.get(f"/v1/records/{second}").json()["same_isrc"] == []
    assert "states it, too" not in client.get(f"/records/{second}").text

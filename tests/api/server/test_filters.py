"""What somebody asks of a page that cannot be is told, on every list alike, and in their language."""

import pytest
from fastapi.testclient import TestClient


@pytest.mark.parametrize(
    "query",
    [
        *("/audits?state=nonsense", "/audits?decision=nonsense", "/audits.csv?state=nonsense"),
        *("/comparisons?state=nonsense", "/records?status=nonsense", "/records.csv?status=nonsense"),
        *("/cases?state=nonsense", "/cases?decision=review", "/cases.csv?state=nonsense"),
        *("/notices?state=nonsense", "/notices?form=nonsense", "/notices.csv?form=nonsense"),
        *("/holds?state=nonsense",),
    ],
)
def test_a_filter_with_a_value_that_does_not_exist_is_told_as_the_api_tells_it(
    client: TestClient, query: str
) -> None:
    page = client.get(query, headers={"Accept": "text/html"})
    assert page.status_code == 422
    assert f"not &#39;{query.partition('=')[2]}&#39;" in page.text
    assert client.get(f"/v1{query.replace('.csv', '')}").status_code == 422


def test_the_default_policy_that_decides_was_not_put_in_force_never(client: TestClient) -> None:
    page = client.get("/policies").text
    assert "from the start" in page and ">never<" not in page

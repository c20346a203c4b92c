"""The audit of dependencies: what is known is told, and what cannot be asked is not called clean."""

import json

import httpx
import pytest

from core import install
from lab import vulnerabilities


def answering(found: dict[str, list[str]]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        names = [one["package"]["name"] for one in json.loads(request.content)["queries"]]
        results = [{"vulns": [{"id": one} for one in found[name]]} if name in found else {} for name in names]
        return httpx.Response(200, json={"results": results})

    return httpx.MockTransport(answer)


def test_what_is_known_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert vulnerabilities.main(answering({"numpy": ["PYSEC-1", "CVE-2"]})) == vulnerabilities.SOME
    assert f"numpy {install.pins()['numpy']}: PYSEC-1, CVE-2" in capsys.readouterr().out
    assert vulnerabilities.main(answering({})) == vulnerabilities.NONE


def test_an_answer_in_parts_is_not_taken_for_clean(capsys: pytest.CaptureFixture[str]) -> None:
    results: list[dict[str, str]] = [{} for _ in install.pins()]
    results[0] = {"next_page_token": "more"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"results": results}))
    assert vulnerabilities.main(transport) == vulnerabilities.SOME
    assert "and more" in capsys.readouterr().out


def offline(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no network")


@pytest.mark.parametrize(
    "answer",
    [
        offline,
        lambda _: httpx.Response(503),
        lambda _: httpx.Response(200, json={"results": [{}]}),
        lambda _: httpx.Response(200, json={}),
        lambda _: httpx.Response(200, text="<html>"),
    ],
)
def test_who_cannot_ask_says_so(answer: object, capsys: pytest.CaptureFixture[str]) -> None:
    transport = httpx.MockTransport(answer)  # type: ignore[arg-type]  # each takes a request
    assert vulnerabilities.main(transport) == vulnerabilities.UNKNOWN
    told = capsys.readouterr()
    assert "Nothing was checked" in told.err and told.out == ""

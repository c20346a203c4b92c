"""The product itself, no stand-ins: tag a track through HTTP, audit it, and verify the report offline."""

from pathlib import Path

import pytest

from api.audit.engines import product_engines
from api.report.report import verify_report
from api.settings import Settings
from core.encode import encode
from provenance.records.trust import TrustedKeys
from tests.api.serving import finished, serve
from tests.signals import music


@pytest.mark.slow
def test_a_tagged_track_is_recognised(tmp_path: Path) -> None:
    source = tmp_path / "song.wav"
    encode(music(20.0, 44_100, seed=4), 44_100, source, codec="wav")
    home = tmp_path / "home"
    with serve(home, product_engines(Settings(home=home))) as client:
        answer = client.post(
            "/v1/tracks",
            files={"file": ("song.wav", source.read_bytes())},
            data={"title": "Night Drive", "owner": "A Label", "ai": "none"},
        )
        tagged = finished(client, answer.headers["location"])
        assert tagged["state"] == "succeeded", tagged["problem"]
        file = client.get(tagged["links"]["file"]).content
        answer = client.post("/v1/audits", files={"file": ("delivered.wav", file)})
        audit = finished(client, answer.headers["location"])
        assert audit["state"] == "succeeded", audit["problem"]
        found = audit["findings"]
        assert found["watermark"]["record_id"] == tagged["result"]["record_id"]
        assert found["ownership"]["status"] == "match"
        assert found["credentials"]["valid"] is True
        report, keys = tmp_path / "report.json", client.get("/.well-known/trackmark-keys.json").content
        report.write_bytes(client.get(audit["links"]["report"]).content)
        assert verify_report(report, TrustedKeys.from_json(keys)).records == {
            "file": tagged["result"]["record_id"]
        }
        assert client.get(audit["links"]["picture"]).content.startswith(b"\x89PNG")

"""Limits on size and rate, each on a server of its own."""

from pathlib import Path

from tests.api.serving import GOOD, audited, finished, parts, serve


def test_uploads_above_the_limit_are_cut_off(tmp_path: Path) -> None:
    with serve(tmp_path, max_upload_bytes=100_000) as client:
        answer = client.post("/v1/audits", files={"file": ("a.wav", b"x" * 100_001)})
        assert (answer.status_code, answer.json()["code"]) == (413, "upload-too-large")
        huge = client.post("/v1/audits", files={"file": ("a.wav", b"x" * 10_000_000)})
        assert huge.status_code == 413
        assert list(parts(client).settings.uploads.iterdir()) == []
        assert audited(client, files={"file": ("a.wav", b"x" * 100_000)})["state"] == "succeeded"
        small = client.post(
            "/v1/keys", content=b"x" * (1 << 21), headers={"Content-Type": "application/json"}
        )
        assert small.status_code == 413
        assert small.headers["content-type"] == "application/problem+json"


def test_too_many_requests_are_told_when_to_come_back(tmp_path: Path) -> None:
    with serve(tmp_path, uploads_per_minute=2) as client:
        answers = [client.post("/v1/audits", files={"file": ("a.wav", GOOD)}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        assert int(answers[-1].headers["retry-after"]) >= 1
        for answer in answers[:2]:
            finished(client, answer.headers["location"])


def test_guesses_never_use_up_the_allowance_of_a_key(tmp_path: Path) -> None:
    with serve(tmp_path, requests_per_minute=5) as client:
        good = client.headers["Authorization"]
        wrong = {"Authorization": good[: len("Bearer ") + 12] + "_" + "x" * 43}
        codes = [client.get("/v1/audits", headers=wrong).status_code for _ in range(7)]
        assert codes == [401] * 5 + [429] * 2
        fresh = [
            client.get("/v1/audits", headers={"Authorization": f"Bearer tmk_{n:08x}_x"}) for n in range(2)
        ]
        assert [answer.status_code for answer in fresh] == [429] * 2  # another prefix is no fresh allowance
        assert [client.get("/v1/audits").status_code for _ in range(6)] == [200] * 5 + [429]

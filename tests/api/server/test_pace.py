"""Uploads of one tenant come in at one pace together: counted, never timed."""

import asyncio
from pathlib import Path

import pytest

from api.server.pace import AHEAD_S, Pace
from tests.api.serving import GOOD, parts, serve


def test_uploads_of_a_tenant_keep_one_pace_together() -> None:
    now, rests = 0.0, list[float]()

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    async def check() -> None:
        nonlocal now
        pace = Pace(1000, now=lambda: now, rest=rest)
        await pace.keep("a", int(1000 * AHEAD_S))
        assert rests == []  # a small file never waits
        await pace.keep("a", 1000)
        await pace.keep("a", 1000)  # another upload of the same tenant at the same moment
        assert rests == [1.0, 2.0]
        await pace.keep("b", 100)
        now = 10.0
        await pace.keep("a", 400)
        assert rests == [1.0, 2.0]  # nobody waits for another, nor for what is long through
        await Pace(0, rest=rest).keep("a", 1 << 40)
        assert rests == [1.0, 2.0]

    asyncio.run(check())


def test_every_piece_of_an_upload_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[tuple[str, int]] = []

    async def keep(tenant: str, size: int) -> None:
        counted.append((tenant, size))

    with serve(tmp_path, run_jobs=False) as client:
        monkeypatch.setattr(parts(client).gates.pace, "keep", keep)
        big = GOOD + b"x" * 1_000_000
        assert client.post("/v1/audits", files={"file": ("a.wav", big)}).status_code == 202
        form = sum(size for _, size in counted)
        no_wait = {"content-type": "audio/wav", "prefer": "respond-async"}
        sent = client.post("/c2pa/v1/matches/byContent", content=big, headers=no_wait)
        assert sent.status_code == 202
        assert {tenant for tenant, _ in counted} == {"default"}
        assert form >= 3 * (256 << 10) and sum(size for _, size in counted) >= 2 * form - 1000

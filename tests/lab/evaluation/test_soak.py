"""The soak in short: real processes and a real database, damaged at random, with stand-ins for what hears."""

import sys
from pathlib import Path

import pytest

from lab.evaluation.soak.__main__ import page
from lab.evaluation.soak.parts import DURABLE, Service, environment_of, small_audio, small_disk
from lab.evaluation.soak.run import Soak
from tests.needs import POSTGRESQL, left_out
from tests.postgres import bundled, cluster, installed

ROUNDS = 12
PART = """
import sys, time
from dataclasses import replace
from api.jobs import worker
from api.settings import Settings
from tests import fakes
from tests.api.serving import ENGINES, Decoder

class Slow(Decoder):
    def decode(self, path, limits):
        time.sleep(0.3)
        return super().decode(path, limits)

engines = replace(ENGINES, decoder=Slow())
if sys.argv[1] == "work":
    worker.product_engines = lambda _settings: engines
    worker.run_worker(Settings())
else:
    import uvicorn
    from api.server.app import create_app
    settings = Settings(allow_anonymous=True)
    uvicorn.run(create_app(settings, engines), host="127.0.0.1", port=int(sys.argv[2]), log_level="critical")
"""


@pytest.mark.slow
def test_nothing_is_lost_doubled_or_stuck(tmp_path: Path) -> None:
    programs = installed() or bundled()
    if programs is None:
        left_out(POSTGRESQL)
    home = tmp_path / "home"
    with cluster(programs) as running, small_disk(home) as disk:
        service = Service(
            [sys.executable, "-c", PART, "serve"],
            [sys.executable, "-c", PART, "work"],
            environment_of(home, running.database() + DURABLE),
            running.restart,
        )
        soak = Soak(service, home, small_audio(tmp_path), seed=7, disk=disk)
        outcome = soak.run(lambda rounds: rounds < ROUNDS, apis=2, workers=2)
        assert list((home / "uploads").iterdir()) == []
    assert outcome.complaints == []
    assert outcome.sent >= ROUNDS
    assert outcome.reports > 0
    assert outcome.records > 0
    assert "Nothing was lost, doubled or stuck." in page(outcome, 1, 7, disk)

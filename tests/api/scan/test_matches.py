"""Where registered tracks are heard, in a table of its own."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.scan.engines import ENGINES
from api.scan.find import Item, find
from api.scan.matches import COLUMNS
from api.scan.plan import Terms
from api.scan.table import failed, flatten
from core.errors import EmptyAudio, InvalidInput
from tests import fakes
from tests.api.scan.catalogues import folder_of, in_turn, run, table


def heard_in(item: Item, home: Path, _terms: Terms) -> dict[str, Any]:
    """A mix of two tracks, one of them heard twice; a file with none of ours; one that cannot be read."""
    from api.audit.audit import audit_file
    from api.settings import Settings

    name = Path(item.location).stem
    if name == "silent":
        return failed(item, EmptyAudio("no samples"))
    mix = [
        replace(fakes.match(fakes.RECORD, stretches=[(0.0, 4.0), (20.0, 26.0)]), score=0.7),
        fakes.match(fakes.OTHER, stretches=[(4.0, 20.0)], speed=1.05),
    ]
    found = audit_file(
        item.location,
        registry=fakes.Registry(matches=mix if name == "mix" else []),  # type: ignore[arg-type]  # a fake
        settings=Settings(home=home),
        engines=fakes.engines(),
    )
    return flatten(item, found.to_dict())


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
def test_each_stretch_of_each_registered_track_has_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setitem(ENGINES, "local", in_turn)
    items = find(str(folder_of(tmp_path, "mix.wav", "other.wav", "silent.wav")))
    heard = tmp_path / f"heard{suffix}"
    run(items, tmp_path / "r.csv", audit=heard_in, heard=heard)
    rows = table(heard)
    assert list(rows[0]) == list(COLUMNS)
    told = [
        (row["record_id"], float(row["start_s"]), float(row["end_s"]), float(row["speed"])) for row in rows
    ]
    assert told == [
        (fakes.RECORD, 0.0, 4.0, 1.0),
        (fakes.RECORD, 20.0, 26.0, 1.0),
        (fakes.OTHER, 4.0, 20.0, 1.05),
    ]
    assert {row["file"] for row in rows} == {items[0].location}
    (whole, *_) = table(tmp_path / "r.csv")
    assert len(json.loads(whole["findings"])["fingerprint"]) == 2


def test_a_table_of_another_kind_is_refused_before_any_work(tmp_path: Path) -> None:
    items = find(str(folder_of(tmp_path, "a.wav")))
    with pytest.raises(InvalidInput, match=r"not 'heard.txt'"):
        run(items, tmp_path / "r.csv", heard=tmp_path / "heard.txt")
    with pytest.raises(InvalidInput, match="two names"):
        run(items, tmp_path / "r.csv", heard=tmp_path / "r.csv")
    assert not (tmp_path / "asked").exists()

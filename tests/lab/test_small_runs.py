"""A small real run of the lab's scripts that no other test runs, on audio that is made here."""

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.cards import load
from core.decode import decode
from core.encode import encode
from detector.voice.encoder import Ge2eEncoder
from lab import evidence_vectors, former_release
from lab.datasets import Recording, read_manifest
from lab.evaluation import log as log_benchmark
from lab.evaluation import speed as audit_speed
from lab.evaluation.fingerprint import __main__ as fingerprint_benchmark
from lab.evaluation.fingerprint import audio as fingerprint_audio
from lab.evaluation.fingerprint import chromaprint
from lab.evaluation.voice import __main__ as voice_benchmark
from lab.evaluation.watermark import __main__ as watermark_benchmark
from lab.evaluation.watermark import neural
from lab.evaluation.watermark import search as watermark_search
from lab.evaluation.watermark import speed as watermark_speed
from lab.evaluation.watermark import streaming as watermark_streaming
from lab.sound.attacks import Attack
from lab.texture_network.evaluate import cost_s
from lab.texture_network.network import Shape, TextureNetwork
from lab.training.voice import encoder as encoder_script
from lab.training.voice.clips import Voice
from lab.training.voice.identity import calibrate, cohort_of, trials
from provenance.generate import Composer
from provenance.generate import Shape as ComposerShape
from provenance.records.folder import verify_folder
from provenance.records.trust import TrustedKeys
from tests.signals import music, noise

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = (
    *("file", "kind", "label", "source", "generator_or_identity", "pair_id", "licence", "use"),
    *("repo", "commit", "path", "start_s", "duration_s", "sample_rate", "channels", "original_codec"),
)
SONG_S, RATE = 12, 44_100


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of three songs of different collections, declared to be long cuts."""
    folder = tmp_path_factory.mktemp("data")
    with (folder / "manifest.csv").open("w", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        for seed in range(3):
            name = f"song{seed}.flac"
            encode(music(SONG_S, RATE, seed), RATE, folder / name, codec="flac")
            empty = dict.fromkeys(COLUMNS, "")
            said = {"file": name, "kind": "human_music", "label": "human", "source": f"page {seed}"}
            numbers = {"start_s": 0, "duration_s": 34, "sample_rate": RATE, "channels": 2}
            rows.writerow({**empty, **said, **numbers, "use": "open", "path": name})
    return folder


@pytest.fixture
def songs(data: Path) -> tuple[Recording, ...]:
    return read_manifest(data)


def test_the_evidence_folder_for_other_verifiers_is_written_and_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_vectors, "FOLDER", tmp_path)
    evidence_vectors.main()
    keys = TrustedKeys.from_json((tmp_path / "keys.json").read_bytes())
    checks = verify_folder(tmp_path, keys)
    assert checks and all(check.passed is not False for check in checks), checks


def test_an_earlier_release_is_driven_by_its_own_commands(tmp_path: Path) -> None:
    release = former_release.Release(ROOT, tmp_path / "home")
    assert "trackmark" in release("--help").lower()
    assert former_release.tune(1).shape == (1, round(former_release.LENGTH_S * former_release.RATE))


def test_the_log_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_benchmark, "QUESTIONS", 5)
    monkeypatch.setattr(log_benchmark, "APPENDED", 5)
    (large,) = log_benchmark.measure_large([70], tmp_path)
    assert all(len(times) == 5 for times in large.times.values())
    engine = log_benchmark.fresh(tmp_path / "batches.db")
    batches = {4: log_benchmark.append_rate(engine, 4, 8)}
    engine.dispose()
    text = log_benchmark.page(batches, {1: (1.0, 1.0)}, [large], "0.0")
    assert "| 70 | inclusion proof |" in text


def test_the_speed_of_an_audit_has_its_page(data: Path, tmp_path: Path) -> None:
    audit_speed.music(data, 2 * SONG_S, tmp_path / "song.flac")
    assert (tmp_path / "song.flac").stat().st_size > 0
    assert decode(tmp_path / "song.flac").duration_s == 2 * SONG_S
    audit_speed.fill(tmp_path / "home")
    assert len(list((tmp_path / "home").iterdir())) > 1
    row = audit_speed.Row(180, 2, 3.0, 2.0, 1.0, 1.5, {"watermark": 0.5, "music": 0.25}, 700.0)
    long = audit_speed.Row(3600, 2, 3.0, 90.0, 90.0, 120.0, {}, 800.0)
    told = audit_speed.page([row, long], "six other jobs")
    assert "| 180 s | 2 | 0.50 s | 0.25 s |" in told and "Beside it ran: six other jobs." in told
    assert "| 3600 s | 2 | 3.0 s | 90.0 s | – | 40 | 120.0 s | 800 MB |" in told


def test_the_fingerprint_finds_its_own_tracks(
    songs: tuple[Recording, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Chromaprint's command is not a part of the environment.
    monkeypatch.setattr(chromaprint, "calculate", lambda *_: np.zeros(1, np.uint32))
    bench = fingerprint_benchmark.Bench(songs, fingerprint_audio.Store(tmp_path))
    (asked,) = fingerprint_audio.short(songs[1])
    answer = bench.ask(asked, songs[1].source)
    assert (answer.found, answer.false) == (True, False)
    met = fingerprint_benchmark.chance(bench.asked, [song.source for song in songs])
    assert (met.recordings, met.pairs) == (3, 6)


def test_the_watermark_is_measured_and_a_stopped_run_goes_on(
    songs: tuple[Recording, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watermark_benchmark, "REQUIRED", ("mono_downmix",))
    run = watermark_benchmark.Run(list(songs[:1]), list(songs), tmp_path / "rows.jsonl", 10, 1)
    watermark_benchmark.messages(run)
    rows = run.rows()
    assert any(row["kind"] == "message" and row["right"] for row in rows)
    watermark_benchmark.messages(run)
    assert run.rows() == rows


def test_the_full_search_is_measured_and_goes_on_where_it_stopped(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watermark_search, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(torch, "set_num_threads", lambda _number: None)
    for name, value in (("FACTORS", (1.1,)), ("SEMITONES", ()), ("LENGTHS_S", (10,)), ("KEYS", 2)):
        monkeypatch.setattr(watermark_search, name, value)
    runs = tmp_path / "runs"
    arguments = ["search", "--data", str(data), "--runs", str(runs), "--looks", "2"]
    monkeypatch.setattr(sys, "argv", arguments)
    watermark_search.main()
    written = watermark_search.PAGE.read_text("utf-8")
    assert "0 of 2 looks" in written and "1 different windows with 2 keys each" in written
    assert "| speed 1.1 | 1 | 100 (21-100) |" in written
    rows = [*runs.iterdir(), tmp_path / watermark_search.LOOKS]
    kept = [path.read_text() for path in rows]
    watermark_search.main()
    assert [path.read_text() for path in rows] == kept
    assert watermark_search.PAGE.read_text("utf-8") == written


def test_a_composers_codec_is_an_attack_at_every_number_of_its_books() -> None:
    torch.manual_seed(0)
    made = Composer(
        ComposerShape(rate=8000, hop=160, width=8, blocks=1, dimension=16, books=4, codes=16, spoken=2)
    )
    for layer in made.codec.quantizer.vq.layers:
        layer._codebook.inited.fill_(1.0)
        layer._codebook.embed.normal_()
    attacks = neural.composers(made.eval())
    assert [attack.name for attack in attacks] == ["composer 0.4", "composer 0.8"]
    wav = music(1.0, 11_025)
    low, high = (attack.apply(wav, 11_025, np.random.default_rng(0)) for attack in attacks)
    assert low.shape == high.shape == wav.shape and not torch.equal(low, high)


def test_a_neural_decoder_is_an_attack(songs: tuple[Recording, ...]) -> None:
    halved = Attack("halved", "neural", lambda wav, _rate, _rng: wav / 2)
    rows = list(neural.through_decoder(0, songs[0], attack=halved))
    assert 5 < rows[0]["distance_db"] < 20 * np.log10(2)
    assert all(row["right"] for row in rows[1:])


def test_a_stream_s_mark_is_held_against_the_file_s(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda _number: None)
    written = tmp_path / "page.md"
    arguments = ["streaming", "--data", str(data), "--recordings", "1", "--page", str(written)]
    monkeypatch.setattr(sys, "argv", arguments)
    watermark_streaming.main()
    assert "read from 1 of 1 streams, and from 1 of 1 MP3s" in written.read_text("utf-8")


@pytest.mark.parametrize("task", ["embed", "detect"])
def test_the_watermark_s_memory_is_measured(
    task: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watermark_speed, "_stream", lambda _minutes: iter([noise(2.0, RATE)]))
    monkeypatch.setattr(torch, "set_num_threads", lambda _number: None)
    watermark_speed.main(task, 1)
    assert '"peak_mb"' in capsys.readouterr().out


def test_published_weights_become_a_card(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = Ge2eEncoder().state_dict()
    scalars = {"similarity_weight": torch.ones(1), "similarity_bias": torch.ones(1)}
    torch.save({"model_state": {**state, **scalars}}, tmp_path / "pretrained.pt")
    encoder_script.convert(tmp_path / "pretrained.pt", tmp_path / "encoder.toml")
    card, tensors = load(tmp_path / "encoder.toml")
    assert (card.name, set(tensors)) == ("voice-encoder", set(state))


def voices() -> list[Voice]:
    """Six speakers: three recordings and a clone of each."""
    plain = Voice("", "page", "human", "", False, False, False, True, "")
    made = []
    for who in map(str, range(6)):
        recordings = (f"{who}-{n}" for n in range(3))
        made += [replace(plain, file=name, speaker=who) for name in recordings]
        made.append(replace(plain, file=f"{who}-clone", speaker=who, synthetic=True, clone=True))
    return made


def test_the_verifier_s_calibration_tells_speakers_apart() -> None:
    clips, generator = voices(), torch.Generator().manual_seed(1)
    own = {clip.speaker: torch.randn(32, generator=generator) for clip in clips}
    embedded = {
        clip.file: torch.nn.functional.normalize(
            own[clip.speaker] + 0.3 * torch.randn(32, generator=generator), dim=0
        )
        for clip in clips
    }
    cohort = cohort_of(clips, embedded)
    assert set(cohort) == set(own)
    for cloned in (False, True):
        slope, _ = calibrate(trials(clips, embedded, cohort, cloned=cloned, share=1.0))
        assert slope > 0


def test_facts_that_alone_tell_the_classes_apart_are_named() -> None:
    clips = [replace(clip, open=False) for clip in voices()]
    rng = np.random.default_rng(0)
    audio = {clip.file: rng.normal(0, 0.1, 16_000).astype(np.float32) for clip in clips}
    text = "\n".join(voice_benchmark.confounds(clips, audio))
    assert text.count("noise floor") == 1


def test_the_cost_of_the_texture_network_is_measured() -> None:
    assert cost_s(TextureNetwork(Shape(widths=(4, 4, 8, 8))).eval(), 2.0) > 0

"""The main job from end to end, on real audio, told in plain words.

Make or take a track, tag it, damage copies of it, audit every copy through the running HTTP API,
and verify the signed report offline. Everything is kept in one folder, with a registry of its
own, so that a demo never touches the user's data and can be repeated.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.audit.json_form import Json
from api.audit.numbers import p_value_text
from api.client import Client, ClientError, NoAnswer
from core.counted import counted
from core.errors import TrackmarkError

if TYPE_CHECKING:
    from api.audit.engines import Engines
    from api.registry.registry import Registry
    from core.clip import Clip
    from provenance.tag import Tagged

MARKER = ".trackmark-demo"
START_TIMEOUT_S = 90.0


class DemoError(TrackmarkError):
    """The demo cannot run as asked."""


@dataclass(frozen=True)
class Teller:
    """How the demo speaks.

    Attributes:
        step: announces a step.
        say: a line of plain text.
        progress: (name) to a callback (step, fraction done).
        table: shows the findings of all copies.
    """

    step: Callable[[str], None]
    say: Callable[[str], None]
    progress: Callable[[str], Callable[[str, float], None]]
    table: Callable[[list[Json]], None]


def run(folder: Path, teller: Teller, *, audio: Path | None, model: str | None, seconds: float) -> bool:
    """Run the demo.

    Args:
        folder: where everything is kept; what an earlier demo left there is removed.
        teller: how to speak.
        audio: a file of the user's own; None generates a track.
        model: name or folder of an audiocraft model; None takes the tiny built-in one.
        seconds: length of the generated track.

    Returns:
        Whether every damaged copy still led to its record.

    Raises:
        AudioError: `audio` cannot be used.
        DemoError: `folder` holds something else, or the server did not start or do as it was asked.
    """
    started = time.monotonic()
    _prepare(folder)
    home = folder / "home"
    from api.audit.engines import product_engines
    from api.registry.registry import Registry
    from api.settings import Settings

    settings = Settings(home=home)
    registry, engines = Registry.open(settings), product_engines(settings)
    try:
        original, tagged = _make(folder, registry, engines, teller, audio=audio, model=model, seconds=seconds)
        marked = engines.decoder.decode(tagged.path, registry.limits)
        copies = _damage(folder, original, tagged.path, marked, teller)
        teller.step("Audit every copy through the HTTP API")
        with _server(home, folder / "server.log", teller) as url:
            try:
                found = _audit(url, copies, folder, teller)
            except ClientError as error:
                raise DemoError(f"the server: {error}") from error
        teller.table([audit["findings"] for audit in found])
        held = _verify_offline(found, registry, tagged, teller)
    finally:
        registry.close()
    teller.step(f"Done in {time.monotonic() - started:.0f} s")
    _next_steps(folder, home, teller)
    return held


def _prepare(folder: Path) -> None:
    """Empty the folder, but only if a demo made it."""
    marker = folder / MARKER
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise DemoError(f"{folder} holds files that no demo made; choose another folder with --output")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    marker.write_text("Made by `trackmark demo`; the next demo removes this folder.\n")


def _make(
    folder: Path,
    registry: "Registry",
    engines: "Engines",
    teller: Teller,
    *,
    audio: Path | None,
    model: str | None,
    seconds: float,
) -> "tuple[Clip, Tagged]":
    """The track before tagging, and the tagged one."""
    from provenance.declaration import Declaration

    if audio is not None:
        teller.step(f"Read {audio}")
        clip = engines.decoder.decode(audio, registry.limits)
        teller.say(f"{clip.duration_s:.1f} s, {clip.sample_rate} Hz, {counted(clip.wav.shape[0], 'channel')}")
        declaration = Declaration(audio.stem, "Demo Records")
    else:
        from provenance.birth import generate_clip
        from provenance.generate import Order

        teller.step("Generate a track with audiocraft")
        order = Order("a calm piano over slow strings", model=model, seconds=seconds, seed=1)
        clip, generation, description = generate_clip(order, progress=teller.progress("generate"))
        teller.say(description)
        declaration = Declaration(
            "Demo Track", "Demo Records", None, "all", generation, basis="generated_here"
        )
    teller.step("Tag it: watermark, signed record, log entry, content credentials")
    tagged = engines.tagger(
        clip,
        folder / "tagged.wav",
        declaration,
        ledger=registry.ledger(),
        progress=teller.progress("tag"),
        marker=engines.marker,
    )
    read = p_value_text(tagged.read_back_p_value)
    teller.say(
        f"record {tagged.record_id} is entry {tagged.leaf_index} of the log; the watermark lies"
        f" {tagged.snr_db:.1f} dB under the music and was read back (p-value {read})"
    )
    return clip, tagged


def _damage(folder: Path, original: "Clip", tagged: Path, marked: "Clip", teller: Teller) -> list[Path]:
    """Copies as they come back from the world, and the original without its mark for comparison."""
    from core.encode import encode
    from core.resample import resample

    teller.step("Damage copies of it")
    wav, rate = marked.wav, marked.sample_rate
    start, end = int(0.15 * wav.shape[1]), int(0.85 * wav.shape[1])
    encode(wav, rate, folder / "copy-mp3-64k.mp3", codec="mp3", bit_rate=64_000)
    encode(wav[:, start:end], rate, folder / "copy-cropped.wav", codec="wav")
    encode(resample(wav, rate, 22_050), 22_050, folder / "copy-22khz.wav", codec="wav")
    encode(original.wav, original.sample_rate, folder / "never-marked.wav", codec="wav")
    teller.say("copy-mp3-64k.mp3: MP3 at 64 kbit/s; credentials are lost")
    teller.say(f"copy-cropped.wav: {start / rate:.1f} s to {end / rate:.1f} s only; credentials are lost")
    teller.say("copy-22khz.wav: resampled to 22.05 kHz; credentials are lost")
    teller.say("never-marked.wav: the track before it was marked, for comparison")
    names = ("copy-mp3-64k.mp3", "copy-cropped.wav", "copy-22khz.wav", "never-marked.wav")
    return [tagged, *(folder / name for name in names)]


@contextmanager
def _server(home: Path, log: Path, teller: Teller) -> Iterator[str]:
    """A real server on a free port of this machine, for as long as the block lasts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "api.cli", "serve", "--anonymous", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, "TRACKMARK_HOME": str(home)}, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_alive(url, process, log)
            teller.say(f"`trackmark serve` answers at {url}")
            yield url
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_alive(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    with Client(url, timeout_s=5.0, tries=1) as client:
        while time.monotonic() < deadline:
            try:
                client.get_health()
            except NoAnswer:
                if process.poll() is not None:
                    tail = " / ".join(log.read_text(errors="replace").splitlines()[-5:])
                    ended = f"the server ended with status {process.returncode}"
                    raise DemoError(f"{ended}; its log, {log}, ends with: {tail}") from None
                time.sleep(0.2)
            else:
                return
    raise DemoError(f"the server did not answer within {START_TIMEOUT_S:g} s; see {log}")


def _audit(url: str, copies: list[Path], folder: Path, teller: Teller) -> list[Json]:
    """Audit each copy and keep its signed report, picture, page and PDF."""
    from api.report.rendered import render_report
    from api.report.report import SUFFIX
    from provenance.records.trust import TrustedKeys

    reports = folder / "reports"
    reports.mkdir()
    found = []
    with Client(url) as client:
        (reports / "keys.json").write_text(json.dumps(client.get_public_keys(), indent=2))
        keys = TrustedKeys.from_json((reports / "keys.json").read_bytes())
        for path in copies:
            audit = client.wait(client.create_audit(file=path), progress=teller.progress(path.name))
            report = client.get_audit_report(audit["id"]).save(reports / f"{path.name}{SUFFIX}")
            picture = client.get_audit_picture(audit["id"]).save(reports / f"{path.name}.png")
            for form in ("html", "pdf"):
                made = render_report(form, report, keys, "those that the server publishes", picture=picture)
                (reports / f"{path.name}.{form}").write_bytes(made)
            findings = audit["findings"]
            if findings is None:
                raise DemoError(f"{path.name}: the audit ended without findings")
            teller.say(f"{path.name}: {findings['ownership']['text']}")
            found.append({"findings": findings, "path": path, "report": report})
    return found


def _verify_offline(found: list[Json], registry: "Registry", tagged: "Tagged", teller: Teller) -> bool:
    """Verify the reports with the server gone; tell whether the damaged copies led to the record."""
    from api.report.report import verify_report

    teller.step("Verify the signed reports offline, with the server gone")
    keys: Any = registry.keys.published.trusted()
    for audit in found:
        checked = verify_report(audit["report"], keys, audio=[audit["path"]])
        teller.say(
            f"{audit['report'].name}: signed by key {checked.keyid[:16]}, about this very file"
            + "".join(f", record {one} with its log proof inside" for one in checked.records.values())
        )
    copies = [audit["findings"] for audit in found if not audit["path"].name.startswith("never-marked")]
    held = [
        f
        for f in copies
        if f["ownership"]["status"] == "match" and f["ownership"]["record_id"] == tagged.record_id
    ]
    teller.say(f"{len(held)} of {len(copies)} marked files led to record {tagged.record_id}")
    return len(held) == len(copies)


def _next_steps(folder: Path, home: Path, teller: Teller) -> None:
    report = folder / "reports" / "copy-mp3-64k.mp3.html"
    teller.say(f"read   {report}")
    teller.say(f"serve  TRACKMARK_HOME={home} {_command()} serve    then open http://127.0.0.1:8000")
    teller.say(f"verify TRACKMARK_HOME={home} {_command()} verify {folder / 'copy-mp3-64k.mp3'}")


def _command() -> str:
    """How the user can call the command from here."""
    script = Path(sys.executable).with_name("trackmark")
    if shutil.which("trackmark"):
        return "trackmark"
    return os.path.relpath(script) if script.exists() else f"{sys.executable} -m api.cli"

"""Time stamps from a real authority on localhost: asked for, kept, proven, exported."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as ser
from pydantic import ValidationError
from sqlalchemy import text

from api import database
from api.audit.audit import audit_file
from api.log import checkpoints, timestamping
from api.registry.proofs import evidence
from api.registry.registry import Registry
from api.report.steps import steps
from api.settings import Settings
from core import clock
from core.errors import InvalidInput, SignatureError, VerificationError
from lab.authority import Authority, server
from provenance.records.checkpoint import checkpoint_of
from provenance.records.folder import main
from provenance.records.keylife import BEFORE_COMPROMISE
from provenance.records.note import signature_line
from provenance.records.stamping import LINE_ID, LINE_NAME, own_lines, stamped_bytes, tokens_of
from provenance.records.timestamp import TimestampError
from tests import fakes
from tests.api.cli.conftest import invoke
from tests.api.serving import register
from tests.needs import OPENSSL, left_out

AUTHORITY = Authority.generate()


@pytest.fixture
def url() -> Iterator[str]:
    serving = server(AUTHORITY)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}/"
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    path = tmp_path / "roots.pem"
    path.write_bytes(AUTHORITY.root_pem)
    return path


@pytest.fixture
def registry(tmp_path: Path, roots: Path) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home", tsa_roots=roots))
    yield opened
    opened.close()


def test_a_checkpoint_is_stamped_and_proofs_lead_to_it(registry: Registry, url: str) -> None:
    first = register(registry)
    before = clock.now().timestamp()
    done = timestamping.stamp(registry.log, url, [AUTHORITY.root])
    assert done.size == 1
    assert before <= done.time.time_s <= clock.now().timestamp() + 2  # rounded up, however long it took
    second = register(registry)
    logged = registry.records.verified(first.record_id).current.logged
    assert logged is not None
    assert [one.time_s for one in logged.verified.stamps.times] == [done.time.time_s]
    assert logged.verified.checkpoint.size == 1
    logged = registry.records.verified(second.record_id).current.logged
    assert logged is not None
    assert logged.verified.stamps.times == ()


def test_a_time_stamp_dates_what_a_stolen_key_signed(
    registry: Registry, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = register(registry)
    done = timestamping.stamp(registry.log, url, [AUTHORITY.root])
    stolen = registry.keys.signer("record").keyid
    theft = datetime.fromtimestamp(done.time.time_s, UTC) + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: theft + timedelta(seconds=1))
    registry.keys.revoke(stolen, "stolen", theft)
    verified = registry.records.verified(made.record_id).current
    assert verified.key_status == BEFORE_COMPROMISE
    assert verified.logged is not None
    assert verified.logged.verified.earliest_s == done.time.time_s


def test_openssl_verifies_the_token_of_a_checkpoint(registry: Registry, url: str, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        left_out(OPENSSL)
    register(registry)
    timestamping.stamp(registry.log, url, [AUTHORITY.root])
    proof = registry.log.proof_file(0)
    note = proof[proof.index("\n\n") + 2 :]
    (tmp_path / "token").write_bytes(tokens_of(note)[0])
    (tmp_path / "note").write_bytes(stamped_bytes(note))
    (tmp_path / "root.pem").write_bytes(AUTHORITY.root.public_bytes(ser.Encoding.PEM))
    command = [
        "openssl",
        "ts",
        "-verify",
        "-in",
        "token",
        "-token_in",
        "-CAfile",
        "root.pem",
        "-data",
        "note",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout, done.stderr


def test_the_evidence_folder_holds_it(
    registry: Registry, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = register(registry)
    timestamping.stamp(registry.log, url, [AUTHORITY.root])
    folder = tmp_path / "evidence"
    folder.mkdir()
    for name, data in evidence(registry, made.record_id).items():
        (folder / name).write_bytes(data)
    assert main([str(folder)]) == 0
    assert "CN=Trackmark test clock stamped it no later than" in capsys.readouterr().out


def test_answers_that_are_not_kept(registry: Registry, url: str) -> None:
    register(registry)
    log = registry.log
    with pytest.raises(InvalidInput, match="root"):
        timestamping.stamp(log, url, [])
    with pytest.raises(InvalidInput, match="http address"):
        timestamping.stamp(log, "file:///etc/passwd", [AUTHORITY.root])
    with pytest.raises(TimestampError, match="does not answer"):
        timestamping.stamp(log, "http://127.0.0.1:9/", [AUTHORITY.root])
    refusal = bytes.fromhex("300530030201 02".replace(" ", ""))
    stranger = Authority.generate()
    for ask in (
        lambda _url, _query: b"<html>",
        lambda _url, _query: refusal,
        lambda _url, query: stranger.reply(query),
        lambda _url, _query: AUTHORITY.stamp(b"something else"),
        lambda _url, _query: AUTHORITY.stamp(stamped_bytes(log.checkpoint()), nonce=1),
    ):
        with pytest.raises(VerificationError):
            timestamping.stamp(log, url, [AUTHORITY.root], ask)
    assert tokens_of(log.proof_file(0).partition("\n\n")[2]) == ()


def test_the_command_asks_attaches_and_writes_queries(
    registry: Registry, url: str, roots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKMARK_HOME", str(registry.home))
    register(registry)
    assert invoke("log", "timestamp").code == 2
    assert invoke("log", "timestamp", "--tsa", url).code == 2
    monkeypatch.setenv("TRACKMARK_TSA_ROOTS", str(roots))
    assert invoke("log", "timestamp").code == 2
    done = invoke("log", "timestamp", "--tsa", url, "--json")
    assert (done.code, done.lines[0]["size"]) == (0, 1)
    register(registry)
    query, reply = tmp_path / "query.tsq", tmp_path / "reply.tsr"
    assert invoke("log", "timestamp", "--query", query).code == 0
    reply.write_bytes(AUTHORITY.reply(query.read_bytes()))
    register(registry)  # the log went on while the query was carried about
    done = invoke("log", "timestamp", "--token", reply)
    assert done.code == 0
    assert "stamped the log of 2 entries" in done.out
    assert checkpoint_of(registry.log.proof_file(1).partition("\n\n")[2]).size == 2
    reply.write_bytes(AUTHORITY.stamp(b"other"))
    assert invoke("log", "timestamp", "--token", reply).code == 1
    assert invoke("log", "timestamp", "--token", reply, "--tsa", url).code == 2


def test_verify_tells_who_stamped_when_and_by_which_root(
    registry: Registry, url: str, tmp_path: Path
) -> None:
    made = register(registry)

    def line(reader: Registry) -> dict[str, str]:
        found = fakes.Registry(known={made.record_id: reader.records.verified(made.record_id).today()})
        found.matches = [fakes.match(made.record_id)]
        engines = fakes.engines(detection=fakes.marked(made.record_id))
        result = audit_file(
            fakes.PATH,
            registry=found,  # type: ignore[arg-type]  # a fake of the parts that an audit uses
            settings=Settings(home=tmp_path),
            engines=engines,
        )
        told = steps(result)
        assert told["verified"]  # a stamp that is missing or by a stranger contradicts nothing
        by_name: dict[str, dict[str, str]] = {step["step"]: step for step in told["steps"]}
        return by_name["time stamp"]

    assert line(registry)["outcome"] == "absent"
    done = timestamping.stamp(registry.log, url, [AUTHORITY.root])
    stamped = line(registry)
    when = datetime.fromtimestamp(done.time.time_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    assert stamped["outcome"] == "ok"
    for part in (
        "CN=Trackmark test clock",
        f"no later than {when}",
        "CN=Trackmark test root, a root that is",
    ):
        assert part in stamped["text"]
    for roots, why in (((), "no root certificate"), ((Authority.generate().root,), "no trusted root issued")):
        told = line(Registry(registry.engine, registry.home, tsa_roots=roots))
        assert told["outcome"] == "not_checked"
        assert told["text"].startswith("not trusted: ") and why in told["text"]


def test_an_altered_time_stamp_fails_the_record(registry: Registry, url: str) -> None:
    made = register(registry)
    timestamping.stamp(registry.log, url, [AUTHORITY.root])
    other = AUTHORITY.stamp(b"something else")
    with database.writing(registry.engine) as connection:
        note = checkpoints.kept(connection, 1)
        assert note is not None
        forged = own_lines(note) + signature_line(LINE_NAME, LINE_ID, other)
        connection.execute(text("UPDATE witnessed_checkpoints SET note = :n"), {"n": forged})
    with pytest.raises(VerificationError, match="stamps something else"):
        registry.records.verified(made.record_id).today()


def test_credentials_are_stamped_only_where_an_authority_is_set(tmp_path: Path, roots: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    plain = Registry.open(settings)
    assert plain.keys.credentials().tsa is None and plain.keys.published.tsa_anchors() == []
    plain.close()
    address = "http://127.0.0.1:8318/"
    stamping = Registry.open(Settings(home=tmp_path / "home", credentials_tsa=address, tsa_roots=roots))
    assert stamping.keys.credentials().tsa == address
    assert stamping.for_tenant("other").keys.credentials().tsa == address
    assert [root.strip() for root in stamping.keys.published.tsa_anchors()] == [
        AUTHORITY.root_pem.decode().strip()
    ]
    stamping.close()
    with pytest.raises(ValidationError):
        Settings(home=tmp_path / "home", credentials_tsa="file:///etc/passwd")


def test_a_reader_who_asks_for_witnesses_is_not_led_to_a_mere_time_stamp(
    registry: Registry, url: str
) -> None:
    made = register(registry)
    timestamping.stamp(registry.log, url, [AUTHORITY.root])
    assert registry.log.witnessed() is None
    registry = registry.demanding(1)
    with pytest.raises(SignatureError, match="0 of 1"):
        registry.records.verified(made.record_id)

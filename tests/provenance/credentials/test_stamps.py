"""Time stamps on content credentials, from an authority on localhost: a fact of their own that outlives."""

import dataclasses
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from core.encode import encode
from core.errors import CredentialsError
from lab.authority import Authority, server
from provenance.credentials import C2paIdentity, Credentials, read_credentials, write_credentials
from provenance.credentials.containers import OGG, WAV
from provenance.credentials.reader_child import validate
from provenance.credentials.sidecar import sidecar_of, write_sidecar
from tests.provenance.credentials.signing import RECORD
from tests.signals import music

IDENTITY = C2paIdentity.generate("Test Label")
TOLD: list[datetime] = []


def told() -> datetime:
    """This machine's time, in whole seconds, kept."""
    TOLD.append(datetime.now(UTC).replace(microsecond=0))
    return TOLD[-1]


AUTHORITY = dataclasses.replace(Authority.generate(start=datetime.now(UTC) - timedelta(days=900)), clock=told)
STRANGER = Authority.generate()


def with_leaf(end: datetime) -> C2paIdentity:
    """An identity whose leaf ends at a moment."""
    identity = C2paIdentity.generate("Test Label")
    assert identity.root_key is not None
    old = identity.leaf
    builder = x509.CertificateBuilder(old.issuer, old.subject, old.public_key(), old.serial_number)
    builder = builder.not_valid_before(old.not_valid_before_utc).not_valid_after(end)
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return dataclasses.replace(identity, leaf=builder.sign(identity.root_key, hashes.SHA256()))


@contextmanager
def serving(authority: Authority) -> Iterator[str]:
    listening = server(authority)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}/"
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def pem(authority: Authority) -> list[str]:
    return [authority.root_pem.decode()]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "song.wav"
    encode(music(1, 44_100, 1), 44_100, path, codec="wav")
    return path


@pytest.fixture(scope="module")
def stamped(plain: Path) -> Path:
    with serving(AUTHORITY) as url:
        path = plain.with_name("stamped.wav")
        write_credentials(plain, path, RECORD, dataclasses.replace(IDENTITY, tsa=url))
    return path


def seen(path: Path, tsa_anchors: list[str], signers: list[str] | None = None) -> Credentials:
    signers = [IDENTITY.trust_anchor] if signers is None else signers
    return validate(path, WAV.media_type, signers, tsa_anchors)


def test_a_stamp_is_read_with_its_time_and_its_own_trust(stamped: Path) -> None:
    found = read_credentials(stamped, [IDENTITY.trust_anchor], pem(AUTHORITY))
    assert found.valid and found.trusted and found.stamp_trusted
    assert found.stamped_at is not None
    assert datetime.fromisoformat(found.stamped_at) in TOLD
    for roots in ([], pem(STRANGER)):
        unknown = seen(stamped, roots)
        assert (unknown.stamped_at, unknown.stamp_trusted) == (found.stamped_at, False)
        assert unknown.valid and unknown.trusted and unknown.problems == ()


def test_an_authority_is_not_trusted_to_sign(stamped: Path) -> None:
    found = seen(stamped, [*pem(AUTHORITY), IDENTITY.trust_anchor], signers=[])
    assert found.signature_valid and found.stamp_trusted and not found.trusted


def test_nobody_is_asked_unless_an_authority_is_named(plain: Path, tmp_path: Path) -> None:
    write_credentials(plain, tmp_path / "out.wav", RECORD, IDENTITY)
    found = seen(tmp_path / "out.wav", pem(AUTHORITY))
    assert found.valid and found.stamped_at is None and not found.stamp_trusted


def test_an_altered_stamp_counts_for_nothing(stamped: Path, tmp_path: Path) -> None:
    data = bytearray(stamped.read_bytes())
    at = data.index(b"Trackmark test clock")  # in the token's certificate
    data[at] ^= 1
    (tmp_path / "altered.wav").write_bytes(data)
    found = seen(tmp_path / "altered.wav", pem(AUTHORITY))
    assert not found.stamp_trusted


def test_without_an_answer_nothing_is_written(plain: Path, tmp_path: Path) -> None:
    with serving(AUTHORITY) as url:
        pass
    for address in (url, "ftp://example.com"):
        with pytest.raises(CredentialsError):
            write_credentials(plain, tmp_path / "out.wav", RECORD, dataclasses.replace(IDENTITY, tsa=address))
    assert list(tmp_path.iterdir()) == []


def test_a_stamp_keeps_credentials_good_when_the_certificate_has_expired(plain: Path, tmp_path: Path) -> None:
    stamped, bare = tmp_path / "stamped.wav", tmp_path / "bare.wav"
    for life_s in itertools.accumulate(itertools.repeat(4), lambda life, factor: life * factor):
        # The library signs by this machine's clock: a certificate that ended too soon for it lives longer.
        end = datetime.now(UTC) + timedelta(seconds=life_s)
        short = with_leaf(end)
        with serving(AUTHORITY) as url, suppress(CredentialsError):
            write_credentials(plain, stamped, RECORD, dataclasses.replace(short, tsa=url))
            write_credentials(plain, bare, RECORD, short)
            break
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()) + 1.1)
    found = seen(stamped, pem(AUTHORITY), [short.trust_anchor])
    assert found.valid and found.trusted and found.stamp_trusted, found.problems
    for path, roots in ((bare, pem(AUTHORITY)), (stamped, pem(STRANGER))):
        expired = seen(path, roots, [short.trust_anchor])
        assert not expired.valid and not expired.trusted
        assert "signingCredential.expired" in expired.problems


def test_a_manifest_beside_the_file_is_stamped_too(tmp_path: Path) -> None:
    song, out = tmp_path / "song.ogg", tmp_path / "out.ogg"
    encode(music(1, 44_100, 1), 44_100, song, codec="vorbis")
    with serving(AUTHORITY) as url:
        write_sidecar(song, out, RECORD, dataclasses.replace(IDENTITY, tsa=url))
    assert sidecar_of(out).is_file() and OGG.media_type == "audio/ogg"
    found = read_credentials(out, [IDENTITY.trust_anchor], pem(AUTHORITY))
    assert found.valid and found.stamp_trusted

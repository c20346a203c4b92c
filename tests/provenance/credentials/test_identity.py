"""The signing identity: certificates that a C2PA validator accepts, and files that only we can open."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from core.errors import KeyFileError
from provenance.credentials.identity import C2PA_SIGNING, DOCUMENT_SIGNING, C2paIdentity

IDENTITY = C2paIdentity.generate("Test Label")


def test_the_certificates_have_what_c2pa_asks_for() -> None:
    leaf, root = IDENTITY.leaf, IDENTITY.root
    leaf.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    basic = leaf.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical
    assert not basic.value.ca
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(extended) == {DOCUMENT_SIGNING, C2PA_SIGNING}
    leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    leaf.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert IDENTITY.organisation == "Test Label"
    lifetime = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    assert timedelta(days=365) <= lifetime <= timedelta(days=731)
    assert root.not_valid_after_utc > leaf.not_valid_after_utc + timedelta(days=365 * 10)


@pytest.mark.parametrize("passphrase", [None, b"secret"])
def test_an_identity_survives_its_file(tmp_path: Path, passphrase: bytes | None) -> None:
    path = tmp_path / "c2pa.pem"
    IDENTITY.save(path, passphrase)
    again = C2paIdentity.load(path, passphrase)
    assert (again.chain_pem, again.trust_anchor) == (IDENTITY.chain_pem, IDENTITY.trust_anchor)
    assert again.sign(b"m") == IDENTITY.sign(b"m")
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (b"ENCRYPTED" in file.read_bytes()) == (passphrase is not None)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["c2pa.pem", "c2pa.root-key.pem"]


def test_without_the_root_key_signing_works_and_renewal_does_not(tmp_path: Path) -> None:
    path = tmp_path / "c2pa.pem"
    IDENTITY.save(path)
    (tmp_path / "c2pa.root-key.pem").unlink()
    offline = C2paIdentity.load(path)
    assert offline.sign(b"m") == IDENTITY.sign(b"m")
    with pytest.raises(KeyFileError, match="root key"):
        offline.renew_leaf()


def test_a_renewed_leaf_chains_to_the_same_root() -> None:
    renewed = IDENTITY.renew_leaf()
    assert renewed.trust_anchor == IDENTITY.trust_anchor
    assert renewed.leaf != IDENTITY.leaf
    renewed.leaf.verify_directly_issued_by(IDENTITY.root)


def test_damaged_locked_and_mixed_files_are_refused(tmp_path: Path) -> None:
    good, other = tmp_path / "good.pem", tmp_path / "other.pem"
    IDENTITY.save(good, b"secret")
    C2paIdentity.generate("Other").save(other, b"secret")
    data, foreign = good.read_bytes(), other.read_bytes()
    cut = data.index(b"-----BEGIN CERTIFICATE")
    foreign_cut = foreign.index(b"-----BEGIN CERTIFICATE")
    last = data.rindex(b"-----BEGIN CERTIFICATE")
    foreign_last = foreign.rindex(b"-----BEGIN CERTIFICATE")
    for broken in (b"", data[:cut], data[cut:], data[:last], foreign[:foreign_cut] + data[cut:]):
        good.write_bytes(broken)
        with pytest.raises(KeyFileError):
            C2paIdentity.load(good, b"secret")
    good.write_bytes(data[:last] + foreign[foreign_last:])
    with pytest.raises(KeyFileError, match="did not issue"):
        C2paIdentity.load(good, b"secret")
    good.write_bytes(data)
    for passphrase in (None, b"wrong"):
        with pytest.raises(KeyFileError):
            C2paIdentity.load(good, passphrase)
    (tmp_path / "good.root-key.pem").write_bytes((tmp_path / "other.root-key.pem").read_bytes())
    with pytest.raises(KeyFileError, match="does not belong"):
        C2paIdentity.load(good, b"secret")
    with pytest.raises(KeyFileError):
        C2paIdentity.load(tmp_path / "missing.pem")


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_names_that_no_certificate_can_hold_are_refused(name: str) -> None:
    with pytest.raises(KeyFileError):
        C2paIdentity.generate(name)

"""Time-stamp tokens: checked by us, by OpenSSL and by rfc3161-client; and each part altered once."""

import hashlib
import random
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc3161_client
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from core.errors import KeyFileError, VerificationError
from lab.authority import Authority, attribute, integer, oid, tlv
from provenance.records import der
from provenance.records.authorities import UntrustedAuthority, read_roots
from provenance.records.timestamp import TimestampError, parse_token, verify_token
from tests.needs import OPENSSL, left_out

NOTE = b"example.com/log\n1\nroot\n"
MOMENT = datetime(2027, 1, 15, 8, 0, 0, tzinfo=UTC)
START = MOMENT - timedelta(days=1)
AUTHORITY = Authority.generate(start=START)
TST_INFO, SHA1, SHA512 = "1.2.840.113549.1.9.16.1.4", "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.3"


def openssl(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run OpenSSL."""
    if shutil.which("openssl") is None:
        left_out(OPENSSL)
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_token_tells_the_time() -> None:
    token = AUTHORITY.stamp(NOTE, MOMENT, nonce=(1 << 64) - 1)
    stamped = verify_token(token, NOTE, [AUTHORITY.root], nonce=(1 << 64) - 1)
    assert (stamped.time_s, stamped.authority) == (1_800_000_000, "CN=Trackmark test clock")
    assert parse_token(token).time == MOMENT
    assert verify_token(parse_token(token), NOTE, [Authority.generate().root, AUTHORITY.root]) == stamped


def test_fractions_and_accuracy_count_against_whoever_was_late() -> None:
    # "No later than": half a second is rounded up, and what the authority does not know is added.
    late = MOMENT + timedelta(milliseconds=500)
    assert verify_token(AUTHORITY.stamp(NOTE, late), NOTE, [AUTHORITY.root]).time_s == 1_800_000_001
    vague = replace(AUTHORITY, accuracy=timedelta(seconds=60))
    assert verify_token(vague.stamp(NOTE, late), NOTE, [AUTHORITY.root]).time_s == 1_800_000_061


def test_openssl_accepts_our_authority_s_tokens_and_refuses_them_for_other_bytes(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(AUTHORITY.stamp(NOTE))
    (tmp_path / "note").write_bytes(NOTE)
    (tmp_path / "other").write_bytes(NOTE + b" ")
    (tmp_path / "root.pem").write_bytes(AUTHORITY.root_pem)
    check = ("ts", "-verify", "-in", "token", "-token_in", "-CAfile", "root.pem", "-attime", "1800000000")
    assert "Verification: OK" in openssl(*check, "-data", "note", folder=tmp_path).stdout
    assert openssl(*check, "-data", "other", folder=tmp_path).returncode != 0


OPENSSL_CONFIGURATION = """
[tsa]
default_tsa = main
[main]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
accuracy = secs:1, millisecs:500, microsecs:100
ordering = yes
tsa_name = yes
ess_cert_id_chain = {chain}
ess_cert_id_alg = sha512
clock_precision_digits = 3
"""


RSA, P384 = ("rsa", "rsa_keygen_bits:2048"), ("ec", "ec_paramgen_curve:P-384")


@pytest.mark.parametrize(("key", "chain"), [(RSA, "yes"), (P384, "no")], ids=["rsa", "ec"])
def test_we_accept_openssl_s_tokens(tmp_path: Path, key: tuple[str, str], chain: str) -> None:
    """Made by another implementation from start to end: keys, certificates, request, token."""
    (tmp_path / "openssl.cnf").write_text(OPENSSL_CONFIGURATION.format(chain=chain))
    (tmp_path / "usage").write_text("extendedKeyUsage=critical,timeStamping\nkeyUsage=digitalSignature\n")
    (tmp_path / "serial").write_text("01\n")
    (tmp_path / "note").write_bytes(NOTE)
    before = int(datetime.now(UTC).timestamp())
    made = ("-algorithm", key[0], "-pkeyopt", key[1])
    subject = ("-subj", "/O=Ünïcode & Co/CN=OpenSSL", "-utf8")
    signs = ("-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-extfile", "usage", "-days", "9")
    stamps = ("-config", "openssl.cnf", "-inkey", "tsa.key", "-signer", "tsa.pem", "-chain", "root.pem")
    for arguments in (
        ("genpkey", *made, "-out", "root.key"),
        ("req", "-new", "-x509", "-key", "root.key", "-out", "root.pem", "-days", "9", *subject),
        ("genpkey", *made, "-out", "tsa.key"),
        ("req", "-new", "-key", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=clock"),
        ("x509", "-req", "-in", "tsa.csr", "-out", "tsa.pem", *signs),
        ("ts", "-query", "-data", "note", "-sha256", "-cert", "-out", "query"),
        ("ts", "-reply", "-queryfile", "query", "-token_out", "-out", "token", *stamps),
    ):
        done = openssl(*arguments, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    token, roots = (tmp_path / "token").read_bytes(), read_roots((tmp_path / "root.pem").read_bytes())
    query = der.parse((tmp_path / "query").read_bytes(), der.SEQUENCE, "query").fields().rest()
    nonce = next(one for one in query if one.tag == der.INTEGER and len(one.content) > 2).integer()
    stamped = verify_token(token, NOTE, roots, nonce=nonce)
    # OpenSSL reads this machine's clock; what it calls its accuracy is added, and a fraction is rounded up.
    assert before <= stamped.time_s <= datetime.now(UTC).timestamp() + 3
    assert stamped.policy == "1.2.3.4"
    with pytest.raises(TimestampError, match="nonce"):
        verify_token(token, NOTE, roots, nonce=nonce ^ 1)


def test_rfc3161_client_accepts_our_authority_s_tokens() -> None:
    wanted = rfc3161_client.TimestampRequestBuilder().data(NOTE).nonce(nonce=True)
    request = wanted.hash_algorithm(rfc3161_client.HashAlgorithm.SHA256).build()
    assert request.nonce is not None
    now = datetime.now(UTC)
    authority = Authority.generate()
    answer = rfc3161_client.decode_timestamp_response(authority.reply(request.as_bytes(), now))
    verifier = rfc3161_client.VerifierBuilder().add_root_certificate(authority.root)
    assert verifier.nonce(request.nonce).build().verify_message(answer, NOTE)
    assert verify_token(answer.time_stamp_token(), NOTE, [authority.root], nonce=request.nonce).time_s


def test_every_flipped_bit_is_refused() -> None:
    token = AUTHORITY.stamp(NOTE, MOMENT, nonce=7)
    inside = [token.index(one.tbs_certificate_bytes) for one in AUTHORITY.chain]
    lengths = [len(one.tbs_certificate_bytes) for one in AUTHORITY.chain]
    chance = random.Random(3)
    for place in range(len(token)):
        # What certificates hold is hashed as a whole: one bit of each byte will do there.
        hashed = any(start <= place < start + length for start, length in zip(inside, lengths, strict=True))
        for bit in [chance.randrange(8)] if hashed else range(8):
            broken = bytearray(token)
            broken[place] ^= 1 << bit
            with pytest.raises(VerificationError):
                verify_token(bytes(broken), NOTE, [AUTHORITY.root], nonce=7)


def test_a_cut_or_lengthened_token_is_refused() -> None:
    token = AUTHORITY.stamp(NOTE, MOMENT)
    for broken in (
        b"",
        token[:-1],
        token[:40],
        token + b"\0",
        b"\x30\x80" + token[4:] + b"\0\0",
        bytes(1 << 17),
    ):
        with pytest.raises(VerificationError):
            verify_token(broken, NOTE, [AUTHORITY.root])


Attributes = Callable[[Authority, bytes], list[bytes]]
Info = Callable[[Authority, bytes, int | None, datetime], bytes]


def altered(**methods: Callable[..., object]) -> Authority:
    """The authority with some of its methods replaced: it signs what it should not."""
    kind: type[Authority] = type("Altered", (Authority,), methods)
    return kind(**vars(AUTHORITY))


def without(kind: str) -> Attributes:
    def attributes(self: Authority, info: bytes) -> list[bytes]:
        return [one for one in Authority.attributes(self, info) if oid(kind) not in one]

    return attributes


def instead(kind: str, value: bytes) -> Attributes:
    def attributes(self: Authority, info: bytes) -> list[bytes]:
        kept = without(kind)(self, info)
        return [*kept, attribute(kind, value)]

    return attributes


def info_with(change: Callable[[bytes], bytes]) -> Info:
    def info(self: Authority, imprint: bytes, nonce: int | None, moment: datetime) -> bytes:
        return change(Authority.info(self, imprint, nonce, moment))

    return info


def refilled(place: int, value: bytes) -> Info:
    """TSTInfo with one of its fields replaced."""

    def change(info: bytes) -> bytes:
        parts = [one.encoded for one in der.parse(info, der.SEQUENCE, "info").fields().rest()]
        parts[place : place + 1] = [value]
        return tlv(der.SEQUENCE, *parts)

    return info_with(change)


def time(text: bytes) -> Info:
    return refilled(4, tlv(der.GENERAL_TIME, text))


DIGEST = hashlib.sha256(NOTE).digest()
V2, MESSAGE_DIGEST, CONTENT_TYPE = (
    "1.2.840.113549.1.9.16.2.47",
    "1.2.840.113549.1.9.4",
    "1.2.840.113549.1.9.3",
)
WRONG_CERTIFICATE = tlv(0x30, tlv(0x30, tlv(0x30, tlv(der.OCTET_STRING, bytes(32)))))
OF_SHA1 = tlv(0x30, tlv(0x30, oid(SHA1)), tlv(der.OCTET_STRING, bytes(20)))
SHORT = tlv(0x30, tlv(0x30, oid("2.16.840.1.101.3.4.2.1")), tlv(der.OCTET_STRING, DIGEST[:31]))
EXTRA = tlv(0xA1, tlv(0x30, oid("1.2.3"), tlv(der.BOOLEAN, b"\xff"), tlv(der.OCTET_STRING, b"")))
ALTERED: dict[str, dict[str, Callable[..., object]]] = {
    "no content-type": {"attributes": without(CONTENT_TYPE)},
    "another content-type": {"attributes": instead(CONTENT_TYPE, oid("1.2.840.113549.1.7.1"))},
    "no message-digest": {"attributes": without(MESSAGE_DIGEST)},
    "another message-digest": {"attributes": instead(MESSAGE_DIGEST, tlv(der.OCTET_STRING, DIGEST))},
    "no signing-certificate-v2": {"attributes": without(V2)},
    "another certificate": {"attributes": instead(V2, WRONG_CERTIFICATE)},
    "an attribute twice": {
        "attributes": lambda self, info: [
            *Authority.attributes(self, info),
            attribute(CONTENT_TYPE, oid("1.2")),
        ]
    },
    "an attribute of two values": {"attributes": instead(CONTENT_TYPE, oid(TST_INFO) + oid(TST_INFO))},
    "imprint of SHA-1": {"info": refilled(2, OF_SHA1)},
    "short imprint": {"info": refilled(2, SHORT)},
    "version 2": {"info": refilled(0, integer(2))},
    "a critical extension": {"info": refilled(-1, tlv(der.INTEGER, b"\x07") + EXTRA)},
    "local time": {"info": time(b"20270115080000")},
    "time zone": {"info": time(b"20270115080000+0100")},
    "zeros at the end": {"info": time(b"20270115080000.50Z")},
    "no such day": {"info": time(b"20270230080000Z")},
    "spelt ordering": {
        "info": refilled(4, tlv(der.GENERAL_TIME, b"20270115080000Z") + tlv(der.BOOLEAN, b"\x01"))
    },
    "a vague clock": {
        "info": refilled(4, tlv(der.GENERAL_TIME, b"20270115080000Z") + tlv(0x30, integer(86_401)))
    },
}


@pytest.mark.parametrize("case", ALTERED)
def test_a_well_signed_token_with_a_wrong_field_is_refused(case: str) -> None:
    token = altered(**ALTERED[case]).stamp(NOTE, MOMENT, nonce=7)
    with pytest.raises(VerificationError):
        verify_token(token, NOTE, [AUTHORITY.root])


def test_the_alterations_above_are_what_is_refused() -> None:
    untouched = altered(attributes=instead(CONTENT_TYPE, oid(TST_INFO)), info=info_with(lambda info: info))
    assert verify_token(untouched.stamp(NOTE, MOMENT, nonce=7), NOTE, [AUTHORITY.root])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (tlv(0x31, tlv(0x30, oid("2.16.840.1.101.3.4.2.1"))), tlv(0x31, tlv(0x30, oid(SHA512)))),
        (tlv(0x30, oid("1.2.840.10045.4.3.2")), tlv(0x30, oid("1.2.840.10045.4.3.4"))),
        (tlv(0x30, oid("1.2.840.10045.4.3.2")), tlv(0x30, oid("1.2.840.113549.1.1.11"))),
    ],
    ids=["digest algorithms", "signature digest", "signature algorithm"],
)
def test_an_unsigned_field_that_disagrees_is_refused(old: bytes, new: bytes) -> None:
    def signed_data(self: Authority, info: bytes, attributes: bytes, signature: bytes) -> bytes:
        parts = Authority.signed_data(self, info, attributes, signature)
        outer = der.parse(parts, der.SEQUENCE, "token").fields()
        kind, body = outer.next().encoded, outer.next().content
        inner = der.parse(body, der.SEQUENCE, "body").fields().rest()
        place = 1 if old[0] == 0x31 else -1
        content = inner[place].encoded.replace(old, new) if place == 1 else _renamed(inner[place], old, new)
        listed = [one.encoded for one in inner]
        listed[place] = content
        return tlv(0x30, kind, tlv(0xA0, tlv(0x30, *listed)))

    with pytest.raises(TimestampError):
        verify_token(altered(signed_data=signed_data).stamp(NOTE, MOMENT), NOTE, [AUTHORITY.root])


def _renamed(signers: der.Element, old: bytes, new: bytes) -> bytes:
    fields = signers.fields().next().fields().rest()
    return tlv(0x31, tlv(0x30, *(one.encoded.replace(old, new) for one in fields)))


@pytest.mark.parametrize(
    "options",
    [
        {"usages": ()},
        {"usages": (ExtendedKeyUsageOID.CODE_SIGNING,)},
        {"usages": (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)},
        {"critical": False},
        {"ca": False},
        {"start": MOMENT + timedelta(seconds=1)},
        {"start": MOMENT - timedelta(days=2), "days": 1},
    ],
    ids=[
        "no usage",
        "other usage",
        "two usages",
        "not critical",
        "issuer is no CA",
        "not yet valid",
        "expired",
    ],
)
def test_a_certificate_that_may_not_stamp_is_refused(options: dict[str, Any]) -> None:
    authority = Authority.generate(**{"start": START, **options})
    with pytest.raises(UntrustedAuthority):
        verify_token(authority.stamp(NOTE, MOMENT), NOTE, [authority.root])


def test_the_chain_must_lead_to_the_root_that_is_trusted() -> None:
    token = AUTHORITY.stamp(NOTE, MOMENT)
    for roots in ([], [Authority.generate(start=START).root], [AUTHORITY.chain[0]]):
        with pytest.raises(UntrustedAuthority):
            verify_token(token, NOTE, roots)
    orphan = replace(AUTHORITY, chain=AUTHORITY.chain[:1])
    with pytest.raises(UntrustedAuthority):
        verify_token(orphan.stamp(NOTE, MOMENT), NOTE, [AUTHORITY.root])
    # Whoever trusts the one in between may stop there.
    assert verify_token(orphan.stamp(NOTE, MOMENT), NOTE, [AUTHORITY.chain[1]])


def test_an_impostor_with_the_same_names_is_refused() -> None:
    stranger = Authority.generate(start=START)
    mixed = replace(stranger, chain=(stranger.chain[0], AUTHORITY.chain[1]))
    with pytest.raises(UntrustedAuthority):
        verify_token(mixed.stamp(NOTE, MOMENT), NOTE, [AUTHORITY.root])
    thief = replace(AUTHORITY, key=stranger.key)
    with pytest.raises(TimestampError, match="does not verify"):
        verify_token(thief.stamp(NOTE, MOMENT), NOTE, [AUTHORITY.root])


def test_a_weak_key_is_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    weak = rsa.generate_private_key(65537, 1024)
    builder = x509.CertificateBuilder(AUTHORITY.root.subject, AUTHORITY.root.subject, weak.public_key())
    builder = builder.not_valid_before(START).not_valid_after(START + timedelta(days=9)).serial_number(1)
    certificate = builder.sign(weak, hashes.SHA256())
    short = replace(AUTHORITY, chain=(certificate,), key=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(UntrustedAuthority, match="2048"):
        verify_token(short.stamp(NOTE, MOMENT), NOTE, [AUTHORITY.root])


def test_roots_are_read_from_pem() -> None:
    both = AUTHORITY.root_pem + AUTHORITY.chain[1].public_bytes(ser.Encoding.PEM)
    assert read_roots(both) == (AUTHORITY.root, AUTHORITY.chain[1])
    with pytest.raises(KeyFileError):
        read_roots(b"nonsense")


@pytest.mark.parametrize(
    "data",
    [
        "0200",
        "02020001",
        "0202ff80",
        "308000",
        "30810100",
        "3082000100",
        "1f0100",
        "3003020101ff",
        "3005020101",
    ],
)
def test_what_is_not_der_is_refused(data: str) -> None:
    with pytest.raises(der.DerError):
        fields = der.Fields(bytes.fromhex(data))
        while fields.more:
            element = fields.next()
            if element.tag == der.INTEGER:
                element.integer()
            elif element.tag == der.SEQUENCE:
                element.fields().take(der.INTEGER, "number").integer()


@pytest.mark.parametrize("text", ["1.2.840.113549.1.9.16.1.4", "2.999.1", "0.0", "1.39.16384"])
def test_object_identifiers_survive(text: str) -> None:
    if not text.startswith("2.9"):
        assert der.parse(oid(text), der.OBJECT, "oid").oid() == text
    with pytest.raises(der.DerError):
        der.parse(b"\x06\x02\x80\x01", der.OBJECT, "oid").oid()

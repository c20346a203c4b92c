"""Keys in a hardware module: SoftHSM2's real PKCS#11 library with a token of its own."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.keys import hardware
from api.keys.files import KeyStore
from api.keys.given import key_secrets
from api.keys.hardware import (
    Access,
    HardwareError,
    KeyMissing,
    ModuleMissing,
    Pkcs11Signer,
    TokenMissing,
    create_key,
)
from api.registry.registry import Registry
from api.settings import Settings
from core.errors import KeyFileError, SignatureError
from provenance.records.keyevents import follow
from provenance.records.keys import Ed25519Signer
from tests.api.cli.conftest import invoke
from tests.api.serving import register
from tests.needs import TOKEN as SOFTWARE_TOKEN
from tests.needs import left_out

# Where Debian, Fedora and Homebrew (Apple's and Intel's processors) put it.
MODULES = [
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
]
PIN, TOKEN = "123 456", "trackmark test"


@pytest.fixture(scope="module")
def access(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Access]:
    """A fresh token."""
    module = next((path for path in MODULES if path.exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        left_out(SOFTWARE_TOKEN)
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(configuration))
        command = [
            "softhsm2-util",
            "--init-token",
            "--free",
            "--label",
            TOKEN,
            "--so-pin",
            "so-pin",
            "--pin",
            PIN,
        ]
        subprocess.run(command, check=True, capture_output=True)
        yield Access(module, PIN)
        hardware._SESSIONS.clear()


def uri(label: str) -> str:
    return f"pkcs11:token={TOKEN.replace(' ', '%20')};object={label}"


@pytest.mark.parametrize("algorithm", ["ed25519", "es256"])
def test_a_key_signs_and_stays_inside(access: Access, algorithm: str) -> None:
    made = create_key(uri(f"a-{algorithm}"), algorithm, access)
    signer = Pkcs11Signer(uri(f"a-{algorithm}"), access)
    assert (signer.keyid, signer.algorithm) == (made.keyid, algorithm)
    for message in (b"", b"message", bytes(100_000)):
        signature = signer.sign(message)
        assert len(signature) == 64
        signer.public_key.verify(signature, message)
        with pytest.raises(SignatureError):
            signer.public_key.verify(signature, message + b"x")
    with pytest.raises(HardwareError, match="already"):
        create_key(uri(f"a-{algorithm}"), algorithm, access)
    import pkcs11

    key = hardware._find(
        hardware._session(hardware.KeyUri.parse(uri(f"a-{algorithm}"), access), access),
        hardware.KeyUri.parse(uri(f"a-{algorithm}"), access),
        pkcs11.ObjectClass.PRIVATE_KEY,
    )
    assert key[pkcs11.Attribute.SENSITIVE]
    assert not key[pkcs11.Attribute.EXTRACTABLE]


def test_many_threads_share_one_session(access: Access) -> None:
    signer = create_key(uri("threads"), "ed25519", access)
    wrong: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(10):
                signer.public_key.verify(signer.sign(b"%d %d" % (number, i)), b"%d %d" % (number, i))
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_is_missing_is_told_by_its_type(access: Access, tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match="nothing"):
        Pkcs11Signer(uri("nothing"), access)
    with pytest.raises(TokenMissing, match="elsewhere"):
        Pkcs11Signer("pkcs11:token=elsewhere;object=a", access)
    with pytest.raises(ModuleMissing, match="MODULE"):
        Pkcs11Signer(uri("a"), Access(None, PIN))
    with pytest.raises(ModuleMissing, match="no hardware module"):
        Pkcs11Signer(uri("a"), Access(tmp_path / "missing.so", PIN))
    (tmp_path / "text.so").write_text("no library")
    with pytest.raises(ModuleMissing, match="no hardware module"):
        Pkcs11Signer(uri("a"), Access(tmp_path / "text.so", PIN))
    with pytest.raises(HardwareError, match="ed25519 or es256"):
        create_key(uri("rsa"), "rsa", access)


PROBE = """
import sys
from pathlib import Path
from api.keys.hardware import Access, Pkcs11Signer
try:
    print(Pkcs11Signer(sys.argv[1], Access(Path(sys.argv[2]), sys.argv[3] or None)).keyid)
except Exception as error:
    print(type(error).__name__, error)
"""


def probe(access: Access, pin: str, label: str = "pin") -> str:
    """In a process of its own, since a token stays logged in for the whole process."""
    command = [sys.executable, "-c", PROBE, uri(label), str(access.module), pin]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_pin_is_needed_and_checked(access: Access) -> None:
    made = create_key(uri("pin"), "ed25519", access)
    assert probe(access, PIN).strip() == made.keyid
    assert probe(access, "").startswith("WrongPin the token needs a PIN: set TRACKMARK_PKCS11_PIN")
    assert probe(access, "654321").startswith("WrongPin token 'trackmark test' refuses the PIN: PinIncorrect")
    assert PIN not in repr(access)


MALFORMED = (
    "pkcs11:",
    "pkcs11:token=a",
    "pkcs11:object=a",
    "pkcs11:token=a;object=b;object=c",
    "token=a;object=b",
    "pkcs11:token=a;object=b;serial=1",
    "pkcs11:token=%ff;object=b",
    "pkcs11:token=a;object=b?pin-value=1",
)


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_name_is_refused(text: str) -> None:
    with pytest.raises(HardwareError):
        hardware.KeyUri.parse(text, Access(Path("module.so"), PIN))


def test_a_name_may_bring_its_module() -> None:
    parsed = hardware.KeyUri.parse("pkcs11:object=b%3bc;token=a?module-path=/lib/x.so", Access())
    assert parsed == hardware.KeyUri("/lib/x.so", "a", "b;c")


@pytest.fixture
def environment(access: Access, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    (tmp_path / "pin").write_text(PIN + "\n")
    monkeypatch.setenv("TRACKMARK_PKCS11_MODULE", str(access.module))
    monkeypatch.setenv("TRACKMARK_PKCS11_PIN_FILE", str(tmp_path / "pin"))
    monkeypatch.setenv("TRACKMARK_HOME", str(tmp_path / "home"))
    return monkeypatch


def test_a_registry_signs_with_keys_in_hardware(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keyids = {}
    for purpose, algorithm in (("record", "es256"), ("log", "ed25519")):
        done = invoke("key", "create", uri(f"r-{purpose}"), "--algorithm", algorithm, "--json")
        keyids[purpose] = done.lines[0]["keyid"]
        environment.setenv(f"TRACKMARK_{purpose.upper()}_KEY", uri(f"r-{purpose}"))
    settings = Settings()
    assert PIN not in repr(settings)
    store = Registry.open(settings)
    made = register(store)
    assert store.records.verified(made.record_id).current.keyids == (keyids["record"],)
    assert store.log.key.keyid == keyids["log"]
    assert not {"record.pem", "log.pem"} & {path.name for path in (tmp_path / "home" / "keys").iterdir()}
    store.close()
    environment.setenv("TRACKMARK_LOG_KEY", uri("r-record"))
    with pytest.raises(KeyFileError, match="Ed25519"):
        KeyStore(tmp_path, key_secrets(Settings())).held("log")


def test_a_key_on_disk_hands_over_to_one_in_hardware(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = Registry.open(Settings())
    first = register(store)
    pinned = store.keys.published.trusted()
    assert invoke("key", "create", uri("h-record")).code == 0
    done = invoke("key", "rotate", "record", "--to", uri("h-record"), "--reason", "into hardware")
    assert done.code == 0
    assert b"PRIVATE" not in (tmp_path / "home" / "keys" / "record.pem").read_bytes()
    with pytest.raises(KeyFileError, match="TRACKMARK_RECORD_KEY"):
        store.keys.signer("record")
    store.close()
    environment.setenv("TRACKMARK_RECORD_KEY", uri("h-record"))
    store = Registry.open(Settings())
    second = register(store)
    keys = follow(pinned, store.keys.published.events())
    assert len(keys.record) == 2
    for made in (first, second):
        store.records.verified(made.record_id)
    # And back to a file that is given; the one in hardware may not sign any more.
    successor = Ed25519Signer.generate()
    (tmp_path / "next.pem").write_bytes(successor.to_pem())
    assert invoke("key", "rotate", "record", "--to", tmp_path / "next.pem").code == 0
    with pytest.raises(KeyFileError, match="was retired"):
        store.keys.signer("record")
    store.close()
    assert invoke("key", "rotate", "record", "--to", tmp_path / "missing.pem").code == 2


def test_a_key_of_another_kind_is_refused(access: Access) -> None:
    import pkcs11

    session = hardware._session(hardware.KeyUri.parse(uri("x"), access), access)
    session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label="rsa")
    with pytest.raises(KeyMissing):
        Pkcs11Signer(uri("rsa"), access)

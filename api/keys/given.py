"""What the environment gives for keys and trust: secrets of the signing keys, roots of authorities."""

from pathlib import Path

from cryptography.x509 import Certificate
from pydantic import SecretStr

from api.keys.files import KeySecrets
from api.keys.hardware import Access
from api.settings import Settings
from core.errors import KeyFileError
from provenance.records.authorities import read_roots


def key_secrets(settings: Settings) -> KeySecrets:
    """What is given for the signing keys.

    Raises:
        KeyFileError: a secret's file cannot be read, or a secret is given twice.
    """
    passphrase = secret_of("key_passphrase", settings.key_passphrase, settings.key_passphrase_file)
    pin = secret_of("pkcs11_pin", settings.pkcs11_pin, settings.pkcs11_pin_file)
    given = {"record": settings.record_key, "report": settings.report_key, "log": settings.log_key}
    keys = {name: key.get_secret_value().encode() for name, key in given.items() if key is not None}
    access = Access(settings.pkcs11_module, None if pin is None else pin.decode(errors="replace"))
    return KeySecrets(passphrase, keys, access)


def trusted_authorities(settings: Settings) -> tuple[Certificate, ...]:
    """Root certificates of the time-stamp authorities that are believed.

    Raises:
        KeyFileError: their file cannot be read.
    """
    if settings.tsa_roots is None:
        return ()
    try:
        return read_roots(settings.tsa_roots.read_bytes())
    except OSError as error:
        raise KeyFileError(f"cannot read tsa_roots: {error.strerror}") from error


def secret_of(name: str, value: SecretStr | None, path: Path | None) -> bytes | None:
    """A secret that is given by its value or in a file.

    Raises:
        KeyFileError: the file cannot be read, or the secret is given twice.
    """
    if path is None:
        return None if value is None else value.get_secret_value().encode()
    if value is not None:
        raise KeyFileError(f"give {name} or {name}_file, not both")
    try:
        return path.read_bytes().removesuffix(b"\n")
    except OSError as error:
        raise KeyFileError(f"cannot read {name}_file: {error.strerror}") from error

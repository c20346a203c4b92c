"""`trackmark key`: the keys that sign."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import AsJson, answers, emit, fail, failures, messages, registry, settings
from core import clock

if TYPE_CHECKING:
    from api.keys.files import Purpose
    from api.settings import Settings
    from provenance.records.keys import Signer

commands = typer.Typer(help="List, make, rotate, renew and revoke signing keys.", no_args_is_help=True)


@commands.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Every key that ever signed here, with its dates."""
    with failures(), registry() as (store, _chosen):
        for one in store.keys.published.all():
            life = {name: value for name, value in vars(one.life).items() if value is not None}
            if as_json:
                emit({"purpose": one.purpose, **life})
            else:
                state = "ended" if one.life.ended else "in force"
                answers().print(f"{one.purpose:7} {one.key.keyid}  {state}", markup=False)


@commands.command("rotate")
def rotate(
    purpose: Annotated[str, typer.Argument(help="record, report, log or watermark.")],
    reason: Annotated[str, typer.Option(help="Why, in words; published.")] = "rotation",
    to: Annotated[
        str | None,
        typer.Option(help="The new key, if not made on disk: a PEM file, or pkcs11:token=T;object=KEY."),
    ] = None,
) -> None:
    """Hand over to a new key, signed by both and logged; the old private key on disk is erased.

    A log keeps its name; the checkpoint behind the hand-over is signed by both keys. For `watermark` the
    next epoch of the same secret begins: new marks lie elsewhere, earlier ones stay readable.
    """
    if purpose == "watermark":
        with failures(), registry() as (store, _chosen):
            answers().print(f"watermark key is now at epoch {store.keys.next_watermark_epoch().epoch}")
        return
    purposes: dict[str, Purpose] = {"record": "record", "report": "report", "log": "log"}
    if purpose not in purposes:
        fail("a key is for `record`, `report`, `log` or `watermark`", 2)
    with failures(), registry() as (store, chosen):
        successor = None if to is None else _given(to, chosen)
        new = store.keys.rotate(purposes[purpose], reason, successor)
        answers().print(f"{purpose} key is now {new.keyid}", markup=False)
        if successor is not None:
            messages().print(
                f"set TRACKMARK_{purpose.upper()}_KEY to it before the next command", markup=False
            )


@commands.command("renew")
def renew(
    what: Annotated[str, typer.Argument(help="credentials: the certificate of content credentials.")],
    as_json: AsJson = False,
) -> None:
    """Make a new certificate under the same root, so that what verifiers trust stays as it is.

    It happens by itself 90 days before the end; by hand where the root's key is kept offline: put
    `c2pa.root-key.pem` into the folder `keys`, run this, and take it away again.
    """
    if what != "credentials":
        fail("only `credentials` have a certificate to renew", 2)
    with failures(), registry() as (store, _chosen):
        ends = store.keys.renew_credentials().leaf.not_valid_after_utc
    if as_json:
        emit({"renewed": what, "not_after": clock.utc_text(ends)})
    else:
        answers().print(f"content credentials are signed with a certificate that ends on {ends:%Y-%m-%d}")


@commands.command("create")
def create(
    uri: Annotated[str, typer.Argument(help="The key's name to be: pkcs11:token=TOKEN;object=KEY.")],
    algorithm: Annotated[str, typer.Option(help="ed25519 or es256.")] = "ed25519",
    as_json: AsJson = False,
) -> None:
    """Make a key inside a hardware module (PKCS#11) that it never leaves.

    The module is TRACKMARK_PKCS11_MODULE or module-path= in the name; the PIN is TRACKMARK_PKCS11_PIN or in
    the file TRACKMARK_PKCS11_PIN_FILE. Use the name wherever a key is given, as in TRACKMARK_RECORD_KEY.
    """
    with failures():
        from api.keys.given import key_secrets
        from api.keys.hardware import create_key

        made = create_key(uri, algorithm, key_secrets(settings()).hardware)
    if as_json:
        emit({"keyid": made.keyid, "algorithm": made.algorithm, "public_pem": made.public_key.pem.decode()})
    else:
        answers().print(f"{made.algorithm} key {made.keyid}", markup=False)
        for line in made.public_key.pem.decode().splitlines():
            answers().print(line, markup=False)


def _given(text: str, chosen: "Settings") -> "Signer":
    from api.keys.files import KeyStore
    from api.keys.given import key_secrets
    from api.keys.hardware import SCHEME
    from core.errors import KeyFileError

    secrets = key_secrets(chosen)
    if text.startswith(SCHEME):
        return KeyStore(chosen.home, secrets).open(text.encode())
    try:
        return KeyStore(chosen.home, secrets).open(Path(text).read_bytes())
    except OSError as error:
        raise KeyFileError(f"cannot read the key {text}: {error.strerror}") from error


@commands.command("revoke")
def revoke(
    keyid: Annotated[str, typer.Argument(help="The key's id, 64 hex digits.")],
    reason: Annotated[str, typer.Option(help="Why, in words; published.")],
    compromised_since: Annotated[
        datetime | None,
        typer.Option(
            help="Earliest moment, in UTC, at which somebody else may have had it.",
            formats=["%Y-%m-%dT%H:%M:%SZ"],
            metavar="MOMENT",
        ),
    ] = None,
) -> None:
    """Declare a key void. What was seen by others before stays valid, the rest does not."""
    since = None if compromised_since is None else compromised_since.replace(tzinfo=UTC)
    with failures(), registry() as (store, _chosen):
        store.keys.revoke(keyid, reason, since)
        answers().print(f"key {keyid} is revoked", markup=False)

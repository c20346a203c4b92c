"""`trackmark witness`, `trackmark log` and `trackmark key`: the log and its keys."""

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

log = typer.Typer(help="Have the transparency log co-signed or stamped, or watch one.", no_args_is_help=True)
key = typer.Typer(help="List, make, rotate and revoke signing keys.", no_args_is_help=True)


def witness(
    logs: Annotated[
        list[str],
        typer.Argument(help="Verifier keys of the logs to watch, of today or before: name+hash+key."),
    ],
    name: Annotated[str, typer.Option(help="This witness's name: a schema-less URL that is yours.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port.")] = 8001,
) -> None:
    """Run a witness: co-sign the checkpoints of logs as long as they only grow (C2SP tlog-witness).

    Where a log hands over to a new key, signed by the old one and the new one, the witness follows.
    """
    with failures():
        import uvicorn

        from api.keys.files import KeyStore
        from api.log.witness_server import create_witness
        from provenance.records.note import NoteKey, NoteSigner

        chosen = settings()
        home = chosen.home
        signer = NoteSigner(name, KeyStore(home, chosen.key_secrets()).witness())
        app = create_witness(signer, [NoteKey.from_vkey(text) for text in logs], home / "witness.db")
        messages().print(
            f"witness  http://{host}:{port}/add-checkpoint\nkey      {signer.cosigner_key.vkey}", markup=False
        )
        uvicorn.run(app, host=host, port=port, log_level="warning")


@log.command("cosign")
def cosign(as_json: AsJson = False) -> None:
    """Have the witnesses in TRACKMARK_WITNESSES co-sign the newest checkpoint; run it by a timer.

    Exits with 1 unless all of them did.
    """
    with failures(), registry() as (store, chosen):
        if not chosen.witnesses:
            fail("no witnesses are set: TRACKMARK_WITNESSES='[\"<verifier key> <address>\"]'", 2)
        from api.keys import witnessing

        done = witnessing.cosign(store.keys.published)
        if as_json:
            emit({"size": done.size, "signed": list(done.signed), "refused": done.refused})
        else:
            for one in done.signed:
                answers().print(f"{one} co-signed the log of {done.size} entries", markup=False)
            for one, problem in done.refused.items():
                messages().print(f"{one}: {problem}", markup=False)
        if done.refused:
            raise typer.Exit(1)


@log.command("timestamp")
def timestamp(
    tsa: Annotated[
        str | None, typer.Option(help="Address of a time-stamp authority; TRACKMARK_TSA otherwise.")
    ] = None,
    token: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Attach this token or reply instead of asking."),
    ] = None,
    query: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Only write the query, to be carried to an authority."),
    ] = None,
    roots: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Its root certificate (PEM); TRACKMARK_TSA_ROOTS."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Have the newest checkpoint stamped with the time (RFC 3161); run it by a timer.

    One token dates every entry so far. It is verified, kept with the checkpoint and part of every proof file.
    """
    if (token is not None) + (query is not None) + (tsa is not None) > 1:
        fail("give one of --tsa, --token and --query", 2)
    with failures(), registry() as (store, chosen):
        from api.log import timestamping
        from provenance.records.authorities import read_roots

        if query is not None:
            request, size = timestamping.query(store.log)
            query.write_bytes(request.as_bytes())
            text = f"{query} asks to stamp the log of {size} entries"
            if as_json:
                emit({"query": str(query), "size": size})
            else:
                answers().print(text, markup=False)
            return
        trusted = chosen.trusted_authorities() if roots is None else read_roots(roots.read_bytes())
        if not trusted:
            fail("give the authority's root certificate: --roots FILE or TRACKMARK_TSA_ROOTS", 2)
        address = tsa or chosen.tsa
        if token is not None:
            found = timestamping.token_in(token.read_bytes())
            done = timestamping.attach(store.log, found, trusted)
        elif address is not None:
            done = timestamping.stamp(store.log, address, trusted)
        else:
            fail("give an authority: --tsa URL or TRACKMARK_TSA", 2)
    stamped = clock.utc_text(clock.at(done.time.time_s))
    if as_json:
        emit({"size": done.size, "stamped_at": stamped, **vars(done.time)})
    else:
        text = f"{done.time.authority} stamped the log of {done.size} entries no later than {stamped}"
        answers().print(text, markup=False)


@log.command("monitor")
def monitor(
    url: Annotated[str, typer.Argument(help="Address of the server whose log to watch.")],
    log_key: Annotated[str, typer.Option("--key", help="The log's verifier key, from elsewhere.")],
    state: Annotated[Path, typer.Option(help="File that remembers what was read.")],
    witnesses: Annotated[
        list[str] | None,
        typer.Option("--witness", help="Verifier key of a witness that must have co-signed."),
    ] = None,
    records: Annotated[
        list[str] | None, typer.Option("--record", help="Report entries of this record.")
    ] = None,
    signers: Annotated[
        list[str] | None, typer.Option("--signer", help="Report entries signed by this keyid.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read what is new in a log and check that it only grew; run it by a timer.

    Exits with 1 where history was rewritten, 3 where the log cannot be reached.
    """
    with failures():
        import httpx

        from provenance.records.monitor import watch
        from provenance.records.note import NoteKey

        def fetch(path: str) -> bytes:
            answer = client.get(f"{url.rstrip('/')}/v1/log/{path}")
            answer.raise_for_status()
            return answer.content

        try:
            with httpx.Client(timeout=30.0) as client:
                found = watch(
                    fetch,
                    NoteKey.from_vkey(log_key),
                    state,
                    witnesses=tuple(NoteKey.from_vkey(text) for text in witnesses or ()),
                    record_ids=frozenset(records or ()),
                    keyids=frozenset(signers or ()),
                )
        except httpx.HTTPError as error:
            fail(f"cannot read the log at {url}: {error}", 3)
    hits = [{"index": index, **vars(entry)} for index, entry in found.hits]
    if as_json:
        emit(
            {
                "origin": found.origin,
                "old_size": found.old_size,
                "size": found.size,
                "types": found.types,
                "hits": hits,
                "handovers": list(found.handovers),
                "key": found.key,
            }
        )
        return
    answers().print(
        f"{found.origin}: grew from {found.old_size} to {found.size} entries, unchanged", markup=False
    )
    for hit in hits:
        answers().print(f"  entry {hit['index']}: {hit['type']} of {hit['record_id']}", markup=False)
    for handover in found.handovers:
        answers().print(f"  {handover}", markup=False)
    if found.handovers:
        answers().print(f"  the log is now signed by {found.key}", markup=False)


@key.command("list")
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


@key.command("rotate")
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


@key.command("create")
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
        from api.keys.hardware import create_key

        made = create_key(uri, algorithm, settings().key_secrets().hardware)
    if as_json:
        emit({"keyid": made.keyid, "algorithm": made.algorithm, "public_pem": made.public_key.pem.decode()})
    else:
        answers().print(f"{made.algorithm} key {made.keyid}\n{made.public_key.pem.decode()}", markup=False)


def _given(text: str, chosen: "Settings") -> "Signer":
    from api.keys.files import KeyStore
    from api.keys.hardware import SCHEME
    from core.errors import KeyFileError

    secrets = chosen.key_secrets()
    if text.startswith(SCHEME):
        return KeyStore(chosen.home, secrets).open(text.encode())
    try:
        return KeyStore(chosen.home, secrets).open(Path(text).read_bytes())
    except OSError as error:
        raise KeyFileError(f"cannot read the key {text}: {error.strerror}") from error


@key.command("revoke")
def revoke(
    keyid: Annotated[str, typer.Argument(help="The key's id, 64 hex digits.")],
    reason: Annotated[str, typer.Option(help="Why, in words; published.")],
    compromised_since: Annotated[
        datetime | None,
        typer.Option(
            help="Earliest moment, in UTC, at which somebody else may have had it.",
            formats=["%Y-%m-%dT%H:%M:%SZ"],
        ),
    ] = None,
) -> None:
    """Declare a key void. What was seen by others before stays valid, the rest does not."""
    since = None if compromised_since is None else compromised_since.replace(tzinfo=UTC)
    with failures(), registry() as (store, _chosen):
        store.keys.revoke(keyid, reason, since)
        answers().print(f"key {keyid} is revoked", markup=False)

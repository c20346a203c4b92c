"""`trackmark witness`, `trackmark log` and `trackmark key`: the log and its keys."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import AsJson, answers, emit, fail, failures, messages, registry, settings

log = typer.Typer(help="Have the transparency log co-signed, or watch one.", no_args_is_help=True)
key = typer.Typer(help="List, rotate and revoke signing keys.", no_args_is_help=True)


def witness(
    logs: Annotated[list[str], typer.Argument(help="Verifier keys of the logs to watch: name+hash+key.")],
    name: Annotated[str, typer.Option(help="This witness's name: a schema-less URL that is yours.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port.")] = 8001,
) -> None:
    """Run a witness: co-sign the checkpoints of logs as long as they only grow (C2SP tlog-witness)."""
    with failures():
        import uvicorn

        from api.keystore import KeyStore
        from api.witness import create_witness
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
        done = store.cosign()
        if as_json:
            emit({"size": done.size, "signed": list(done.signed), "refused": done.refused})
        else:
            for one in done.signed:
                answers().print(f"{one} co-signed the log of {done.size} entries", markup=False)
            for one, problem in done.refused.items():
                messages().print(f"{one}: {problem}", markup=False)
        if done.refused:
            raise typer.Exit(1)


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

        from api.log_monitor import watch
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
            }
        )
        return
    answers().print(
        f"{found.origin}: grew from {found.old_size} to {found.size} entries, unchanged", markup=False
    )
    for hit in hits:
        answers().print(f"  entry {hit['index']}: {hit['type']} of {hit['record_id']}", markup=False)


@key.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Every key that ever signed here, with its dates."""
    with failures(), registry() as (store, _chosen):
        for one in store.published_keys():
            life = {name: value for name, value in vars(one.life).items() if value is not None}
            if as_json:
                emit({"purpose": one.purpose, **life})
            else:
                state = "ended" if one.life.ended else "in force"
                answers().print(f"{one.purpose:7} {one.key.keyid}  {state}", markup=False)


@key.command("rotate")
def rotate(
    purpose: Annotated[str, typer.Argument(help="record or report.")],
    reason: Annotated[str, typer.Option(help="Why, in words; published.")] = "rotation",
) -> None:
    """Hand over to a new key, signed by both and logged; the old private key is erased."""
    if purpose not in ("record", "report"):
        fail("a key is for `record` or for `report`; the log's key is the log's name", 2)
    with failures(), registry() as (store, _chosen):
        new = store.keys.rotate("record" if purpose == "record" else "report", reason)
        answers().print(f"{purpose} key is now {new.keyid}", markup=False)


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
    from datetime import UTC

    since = None if compromised_since is None else compromised_since.replace(tzinfo=UTC)
    with failures(), registry() as (store, _chosen):
        store.keys.revoke(keyid, reason, since)
        answers().print(f"key {keyid} is revoked", markup=False)

"""`trackmark log`: have the transparency log co-signed and stamped, and watch one."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import AsJson, Quiet, answers, emit, fail, failures, messages, progress, registry
from api.cli.place import check_place
from core import clock
from core.counted import counted
from core.files import write_whole

if TYPE_CHECKING:
    import httpx

commands = typer.Typer(
    help="Have the transparency log co-signed or stamped, or watch one.", no_args_is_help=True
)


@commands.command("cosign")
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
                answers().print(f"{one} co-signed the log of {_entries(done.size)}", markup=False)
            for one, problem in done.refused.items():
                messages().print(f"{one}: {problem}", markup=False)
        if done.refused:
            raise typer.Exit(1)


@commands.command("timestamp")
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
        from api.keys.given import trusted_authorities
        from api.log import timestamping
        from provenance.records.authorities import read_roots

        if query is not None:
            check_place("--query", query, "query")
            request, size = timestamping.query(store.log)
            write_whole(query, request.as_bytes())
            text = f"{query} asks to stamp the log of {_entries(size)}"
            if as_json:
                emit({"query": str(query), "size": size})
            else:
                answers().print(text, markup=False)
            return
        trusted = trusted_authorities(chosen) if roots is None else read_roots(roots.read_bytes())
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
        text = f"{done.time.authority} stamped the log of {_entries(done.size)} no later than {stamped}"
        answers().print(text, markup=False)


@commands.command("complete")
def complete(
    url: Annotated[str, typer.Argument(help="Address of a server, or folder, that has a copy of the log.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Put entries back that the log lost with a restoration, from a copy of it; nothing else is taken.

    Exits with 1 where the copy is not one of this log, 3 where it cannot be reached.
    """
    with failures(), registry() as (store, _):
        import httpx

        from api.log import completing

        folder = Path(url)
        try:
            with httpx.Client(timeout=30.0) as client, progress(enabled=not quiet) as bar:
                fetch = (
                    (lambda path: (folder / path).read_bytes())
                    if folder.is_dir()
                    else partial(_fetch, client, url)
                )
                back = completing.complete(store.engine, store.log, fetch, bar(url))
        except (httpx.HTTPError, OSError) as error:
            fail(f"cannot read the copy of the log at {url}: {error}", 3)
    if as_json:
        emit({"put_back": len(back), "size": back.stop})
    else:
        answers().print(f"{_entries(len(back))} put back; the log has {back.stop}", markup=False)


@commands.command("monitor")
def monitor(
    url: Annotated[str, typer.Argument(help="Address of the server whose log to watch.")],
    log_key: Annotated[str, typer.Option("--key", help="The log's verifier key, from elsewhere.")],
    state: Annotated[Path, typer.Option(dir_okay=False, help="File that remembers what was read.")],
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
    quiet: Quiet = False,
) -> None:
    """Read what is new in a log and check that it only grew; run it by a timer.

    Exits with 1 where history was rewritten, 3 where the log cannot be reached.
    """
    with failures():
        import httpx

        from provenance.records.monitor import watch
        from provenance.records.note import NoteKey

        try:
            with httpx.Client(timeout=30.0) as client, progress(enabled=not quiet) as bar:
                found = watch(
                    partial(_fetch, client, url),
                    NoteKey.from_vkey(log_key),
                    state,
                    witnesses=tuple(NoteKey.from_vkey(text) for text in witnesses or ()),
                    record_ids=frozenset(records or ()),
                    keyids=frozenset(signers or ()),
                    progress=bar(url),
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
        f"{found.origin}: grew from {found.old_size} to {_entries(found.size)}, unchanged", markup=False
    )
    for hit in hits:
        answers().print(f"  entry {hit['index']}: {hit['type']} of {hit['record_id']}", markup=False)
    for handover in found.handovers:
        answers().print(f"  {handover}", markup=False)
    if found.handovers:
        answers().print(f"  the log is now signed by {found.key}", markup=False)


def _entries(count: int) -> str:
    return counted(count, "entry", "entries")


def _fetch(client: "httpx.Client", url: str, path: str) -> bytes:
    answer = client.get(f"{url.rstrip('/')}/v1/log/{path}")
    answer.raise_for_status()
    return answer.content

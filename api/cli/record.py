"""`trackmark record`: find and show a record, change it, contest it, publish it, export it, erase it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import USAGE, AsJson, Yes, answers, ask_person, emit, fail, failures, registry
from api.cli.place import check_place
from api.cli.report import readable_form
from api.language.catalogue import Language
from core import clock

if TYPE_CHECKING:
    from api.registry.events import RecordEvents
    from api.registry.history import StoredEvent
    from api.registry.records import StoredRecord

commands = typer.Typer(
    help="List, show, amend, transfer, dispute, revoke, publish, export and erase records.",
    no_args_is_help=True,
)

RecordId = Annotated[str, typer.Argument(metavar="RECORD", help="The record's id, 16 hex digits.")]
By = Annotated[str, typer.Option("--by", help="Who states this.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in one sentence.")]


@commands.command("list")
def list_records(
    words: Annotated[list[str] | None, typer.Argument(help="Words that a record must have.")] = None,
    title: Annotated[str | None, typer.Option(help="The whole title.")] = None,
    owner: Annotated[str | None, typer.Option(help="The whole name of an owner.")] = None,
    isrc: Annotated[str | None, typer.Option(help="With or without hyphens.")] = None,
    status: Annotated[str | None, typer.Option(help="asserted, evidenced, disputed or revoked.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Show so many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List records, the newest first, found by what they say today; case and accents do not matter."""
    from api.lists.cursors import Cursors
    from api.lists.query import MAX_PAGE, Wanted

    said = {"title": title, "owner": owner, "isrc": isrc, "status": status}
    values = {name: value for name, value in said.items() if value is not None}
    with failures(), registry() as (store, _settings):
        cursors, cursor, left = Cursors.of(store.engine), None, limit
        while left > 0:
            searched = " ".join(words) if words else None
            wanted = Wanted(limit=min(left, MAX_PAGE), cursor=cursor, values=values, words=searched)
            found = store.records.listed(wanted, cursors)
            for record in found.records:
                _tell(record, as_json=as_json)
            left -= len(found.records)
            cursor = found.next
            if cursor is None:
                break
        if left == limit and not as_json:
            answers().print("no record matches")
        if cursor is not None and not as_json:
            answers().print(f"these are the newest {limit}; -n shows more")


def _tell(record: "StoredRecord", *, as_json: bool) -> None:
    if as_json:
        known = {"record_id": record.record_id, "title": record.title}
        emit({**known, "leaf_index": record.leaf_index, "registered_at": record.created_at})
    else:
        made = clock.utc_text(record.created_at)
        answers().print(f"{record.record_id}  {made}  {record.title}", markup=False)


@commands.command("show")
def show(record_id: RecordId, as_json: AsJson = False) -> None:
    """Show what a record says today and everything that happened to it, each event verified.

    Each event has two times: when the log wrote it down, and the one that its signer gave.
    """
    from api.report.custody import custody
    from api.report.words.record import declared_ai, holding, ingredient
    from provenance.records import fields

    with failures(), registry() as (store, _settings):
        _known(store, record_id)
        history = store.records.verified(record_id)
        said, chain = history.today(), custody(history)
        made_of = fields.to_json(history.state.record.ingredients)
        also = store.records.stating(said["isrc"], but=record_id)
        events = [_event(event) for event in history.events]
    if as_json:
        emit(
            {
                "record_id": record_id,
                **said,
                "same_isrc": list(also),
                "ingredients": made_of,
                "events": events,
            }
        )
        return
    console = answers()
    console.print(f"{record_id}: “{said['title']}”, revision {said['revision']}", style="bold", markup=False)
    console.print(f"  status    {said['status']}; a signature proves who claimed this, when", markup=False)
    for owner in said["owners"]:
        console.print(f"  owner     {holding(owner)}", markup=False)
    console.print(f"  ISRC      {said['isrc'] or 'not stated'}", markup=False)
    for one in also:
        console.print(f"            record {one} states it, too", style="yellow", markup=False)
    console.print(f"  AI        {declared_ai(said)}, as declared", markup=False)
    for one in made_of:
        console.print(f"  made from {ingredient(one)}", markup=False)
    for event in chain:
        by = f" by {event.who}" + (f", key {event.keyid[:16]}" if event.keyid else "")
        times = f"{event.logged}, signed {event.when}"
        console.print(f"  entry {event.entry:<3} {event.name} {times}{by}", markup=False)
        for told in (*event.changes, *([f"“{event.reason}”"] if event.reason else [])):
            console.print(f"            {told}", markup=False)


@commands.command("amend")
def amend(
    record_id: RecordId,
    patch: Annotated[str, typer.Argument(help="JSON Merge Patch (RFC 7396), or @FILE that holds one.")],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Add a revision. Example: trackmark record amend 5f1c... '{"asset": {"isrc": "USRC17607839"}}'."""
    changes = _patch(patch)
    _act(record_id, lambda history: history.amend(record_id, changes), "Amend", yes=yes, as_json=as_json)


@commands.command("transfer")
def transfer(
    record_id: RecordId,
    to: Annotated[str, typer.Option("--to", help="Who receives.")],
    right: Annotated[str, typer.Option(help="master, publishing, performance or neighbouring.")] = "master",
    giver: Annotated[
        str | None, typer.Option("--from", help="Who gives, where several hold the right.")
    ] = None,
    percent: Annotated[
        float | None, typer.Option(min=0.0001, max=100.0, help="Percent of the whole; all of it otherwise.")
    ] = None,
    effective: Annotated[
        str | None, typer.Option(help="UTC time from which it counts, as 2027-01-01T00:00:00Z.")
    ] = None,
    document: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The contract; only its hash is kept.")
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Add a revision in which another party holds the shares."""
    import hashlib

    digest = None if document is None else hashlib.sha256(document.read_bytes()).hexdigest()
    share = None if percent is None else round(percent * 10_000)
    _act(
        record_id,
        lambda history: history.transfer(
            record_id,
            to=to,
            right=right,
            giver=giver,
            share_ppm=share,
            effective=effective,
            source_doc_sha256=digest,
        ),
        f"Transfer {'all' if percent is None else f'{percent:g} % of the whole'} of {right} to {to}",
        yes=yes,
        as_json=as_json,
    )


@commands.command("dispute")
def dispute(
    record_id: RecordId,
    by: By,
    reason: Reason,
    close: Annotated[bool, typer.Option("--close", help="Close a dispute instead of opening one.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Open a dispute about a record, or close one."""

    def state(history: "RecordEvents") -> "StoredEvent":
        act = history.close_dispute if close else history.dispute
        return act(record_id, issuer=by, reason=reason)

    _act(record_id, state, "Close a dispute" if close else "Open a dispute", yes=yes, as_json=as_json)


@commands.command("revoke")
def revoke(record_id: RecordId, by: By, reason: Reason, yes: Yes = False, as_json: AsJson = False) -> None:
    """Withdraw a record for good. Its log entries stay; nothing can follow."""
    _act(
        record_id,
        lambda history: history.revoke(record_id, issuer=by, reason=reason),
        "Revoke for good",
        yes=yes,
        as_json=as_json,
    )


@commands.command("publish")
def publish(
    record_id: RecordId,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Make it private again instead.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Let everybody who holds one of a record's files, byte for byte, see who claims it.

    They read its number, title, owners, status and entry in the log, and nothing else of it. It is private
    again as soon as other owners or shares are named.
    """
    with failures(), registry() as (store, _settings):
        _known(store, record_id)
        if withdraw:
            store.publications.withdraw(record_id)
        else:
            ask_person(f"Let everybody see title and owners of record {record_id}?", yes=yes)
            store.publications.publish(record_id)
    if as_json:
        emit({"record_id": record_id, "public": not withdraw})
        return
    answers().print(f"record {record_id} is {'private' if withdraw else 'public'}", markup=False)


@commands.command("erase")
def erase_record(record_id: RecordId, yes: Yes = False) -> None:
    """Erase a record for good: its events, manifests, fingerprint and tagging.

    The log keeps the entry, a commitment that names nobody; all other proofs stay valid. To withdraw a claim
    and leave it to be seen, use `revoke`.
    """
    with failures(), registry() as (store, settings):
        from api.jobs.erasure import erase
        from api.jobs.files import JobFiles

        _known(store, record_id)
        if not yes:
            typer.confirm(f"Erase record {record_id} for good?", abort=True, err=True)
        erase(store, record_id, JobFiles.of(settings))
    answers().print(f"record {record_id} is erased", markup=False)


@commands.command("export")
def export(
    record_id: RecordId,
    kind: Annotated[str, typer.Option("--format", "-f", help="ddex, csv, credential or evidence.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write; for evidence a folder.")],
    as_json: AsJson = False,
) -> None:
    """Export a record as a DDEX ERN 4.3.2 fragment, CSV, a W3C Verifiable Credential, or all that proves it.

    Evidence is a folder with every event, its proof and the keys: `trackmark verify FOLDER` checks it
    anywhere, offline.
    """
    from api.registry.exports import EXPORTS
    from api.registry.proofs import evidence
    from core.files import write_whole
    from provenance.exchange.ddex import fragment

    if kind not in EXPORTS:
        fail(f"unknown format {kind!r}; choose from {', '.join(EXPORTS)}", USAGE)
    left_out: tuple[str, ...] = ()
    with failures(), registry() as (store, _settings):
        _known(store, record_id)
        if kind == "evidence":
            _write_folder(output, evidence(store, record_id))
        else:
            check_place("--output", output, kind)
            write_whole(output, EXPORTS[kind].make(store, record_id))
        if kind == "ddex":
            left_out = fragment(store.records.verified(record_id).state.record).left_out
    if as_json:
        emit({"record_id": record_id, "format": kind, "output": str(output), "left_out": list(left_out)})
        return
    answers().print(f"{output} holds record {record_id} as {kind}", markup=False)
    for line in left_out:
        answers().print(f"  left out: {line}", markup=False)


@commands.command("certificate")
def certificate(
    record_id: RecordId,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", dir_okay=False, help="The file to write; it ends in .pdf or .html."),
    ],
    language: Annotated[Language, typer.Option(help="In which language it speaks.")] = "en",
) -> None:
    """Make a certificate of registration, after every event of the record was verified.

    The PDF carries everything that proves the record: `trackmark verify FOLDER` checks it, once saved.
    """
    form = readable_form(output)
    with failures(), registry() as (store, settings):
        from api.report.registered import render_certificate
        from core.files import write_whole

        _known(store, record_id)
        check_place("--output", output, form)
        write_whole(output, render_certificate(form, store, record_id, settings.public_url, language))
    answers().print(f"{output} certifies record {record_id}", markup=False)


def _write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Write a folder of its own: what lies there already could pass for evidence."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        fail(f"{folder} exists and is not an empty folder; choose another", USAGE)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:  # a part of it proves nothing
        for name in files:
            (folder / name).unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(folder)) from error


def _act(record_id: str, act: Any, question: str, *, yes: bool, as_json: bool) -> None:
    """Add an event; whoever sits at a terminal is told first what it is about, and asked."""
    from api.report.words.record import holding

    with failures(), registry() as (store, _settings):
        _known(store, record_id)
        said = store.records.verified(record_id).today()
        owned = "; ".join(holding(owner) for owner in said["owners"])
        about = f"record {record_id}, “{said['title']}” ({said['status']}; {owned})"
        ask_person(f"{question}: {about}. It is signed, logged and stays. Go on?", yes=yes)
        before = store.publications.since(record_id)
        event = _event(act(store.events))
        since = store.publications.since(record_id)
    if as_json:
        emit({"record_id": record_id, **event, "public": since is not None})
        return
    text = f"{event['type']} of record {record_id} is entry {event['leaf_index']} of the log"
    answers().print(text, markup=False)
    if before is not None and since is None:
        answers().print("  it was public and is private again; `trackmark record publish` shows it again")


def _known(store: Any, record_id: str) -> None:
    if store.records.get(record_id) is None:
        fail(f"no record {record_id} in this registry", USAGE)


def _event(event: "StoredEvent") -> dict[str, Any]:
    content = event.content()
    issuer = content.issuer if isinstance(content.issuer, str) else content.issuer.name
    return {
        "type": event.type,
        "leaf_index": event.leaf_index,
        "issued_at": content.issued_at,
        "logged_at": event.created_at,
        "issuer": issuer,
        "revision": getattr(content, "revision", None),
        "reason": getattr(content, "reason", None),
    }


def _patch(text: str) -> dict[str, Any]:
    try:
        value = json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except (OSError, ValueError, RecursionError) as error:
        fail(f"the patch is not JSON: {error}", USAGE)
    if not isinstance(value, dict):
        fail("the patch must be a JSON object", USAGE)
    return value

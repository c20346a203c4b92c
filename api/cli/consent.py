"""`trackmark artist consent`: what an artist allows others to do with the voice."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import AsJson, answers, emit, failures, registry

if TYPE_CHECKING:
    from api.registry.consents import Consent

commands = typer.Typer(help="Add, list and revoke an artist's consents.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The artist's name or id.")]
Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="Last day; no end otherwise.")
]


@commands.command("add")
def add(
    name: Name,
    scope: Annotated[list[str], typer.Option(help="singing, speech or training; give it once for each.")],
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First day; today otherwise."),
    ] = None,
    until: Day = None,
    territory: Annotated[
        list[str] | None, typer.Option(help="Country code such as DE, once for each; the world otherwise.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="Reference to the contract.")] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The signed paper; its hash is kept."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put on file what the artist allows; it is never changed, only revoked."""
    with failures(), registry() as (store, _settings):
        from api.registry.consents import WORLD, Terms
        from core import clock

        digest = None if evidence is None else hashlib.sha256(evidence.read_bytes()).hexdigest()
        start = clock.now() if first is None else first
        terms = Terms(
            tuple(scope),
            start.date(),
            None if until is None else until.date(),
            tuple(territory or (WORLD,)),
            licence,
            digest,
        )
        made = told(store.artists.consents(name).add(terms))
    _show(made, as_json=as_json)


@commands.command("list")
def list_consents(name: Name, as_json: AsJson = False) -> None:
    """List every consent of an artist, ended ones too."""
    with failures(), registry() as (store, _settings):
        found = [told(consent) for consent in store.artists.consents(name).all()]
    for consent in found:
        _show(consent, as_json=as_json)
    if not found and not as_json:
        answers().print(f"{name} has given no consent", markup=False)


@commands.command("revoke")
def revoke(
    name: Name,
    consent_id: Annotated[str, typer.Argument(metavar="CONSENT", help="Its id; see `artist consent list`.")],
    reason: Annotated[str, typer.Option(help="Why, in one sentence.")],
    as_json: AsJson = False,
) -> None:
    """End a consent at once and for good; audits say `revoked` from then on."""
    with failures(), registry() as (store, _settings):
        ended = told(store.artists.consents(name).revoke(consent_id, reason))
    _show(ended, as_json=as_json)


def told(consent: "Consent") -> dict[str, Any]:
    """A consent as `emit` prints it."""
    from core import clock

    terms = consent.terms
    return {
        "id": consent.id,
        "scope": list(terms.scopes),
        "from": terms.valid_from.isoformat(),
        "until": terms.valid_until and terms.valid_until.isoformat(),
        "territory": list(terms.territories),
        "licence": terms.licence,
        "evidence_sha256": terms.evidence_sha256,
        "created_at": consent.created_at,
        "revoked_at": consent.revoked_at,
        "revoked_reason": consent.revoked_reason,
        "state": consent.state(clock.now().date()),
        "flags": list(consent.flags()),
    }


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        emit(found)
        return
    scope, territory = ", ".join(found["scope"]), " ".join(found["territory"])
    term = f"{found['from']} to {found['until'] or 'no end'}"
    why = f": {found['revoked_reason']}" if found["revoked_reason"] else ""
    answers().print(f"{found['id']}  {found['state']}{why}  {scope}, {term}, {territory}", markup=False)
    for flag in found["flags"]:
        answers().print(f"  it {flag}", markup=False)

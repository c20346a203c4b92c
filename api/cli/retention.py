"""`trackmark retention`: how long what is kept, and what is due."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import AsJson, answers, emit, failures, registry
from core.counted import counted

if TYPE_CHECKING:
    from api.retention.rules import Rule

commands = typer.Typer(
    help="How long audio, reports, voice prints and tagged files are kept, and what is due.",
    no_args_is_help=True,
)
Tenant = Annotated[str, typer.Option(help="Whose.")]
Count = Annotated[int | None, typer.Option(min=0, max=36_500, help="Days; 0 for ever.", show_default=False)]


@commands.command("show")
def show(tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """Show for how many days a tenant keeps what."""
    with failures(), registry() as (store, _settings):
        from api.retention import rules

        _tell(rules.of(store.engine, tenant), as_json=as_json)


@commands.command("set")
def put(
    audio_days: Count = None,
    reports_days: Count = None,
    voices_days: Count = None,
    tagged_days: Count = None,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Set how long a tenant keeps what; what is not named stays as it is."""
    with failures(), registry() as (store, _settings):
        from api.actor import HERE
        from api.retention import rules

        named = {"audio": audio_days, "reports": reports_days, "voices": voices_days, "tagged": tagged_days}
        changed = {name: count or None for name, count in named.items() if count is not None}
        days = rules.Days(**{**vars(rules.of(store.engine, tenant).days), **changed})
        _tell(rules.put(store.engine, tenant, days, HERE), as_json=as_json)


@commands.command("sweep")
def sweep(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is due.")] = False,
    as_json: AsJson = False,
) -> None:
    """End what is due, of all tenants, but for what a legal hold keeps. The service does so by itself."""
    with failures(), registry() as (store, settings):
        from api.jobs.files import JobFiles
        from api.jobs.retention import Retention
        from core import clock

        keeping, now = Retention(store.engine, JobFiles.of(settings)), clock.now()
        ended = keeping.due(now) if dry_run else keeping.sweep(now)
        for one in ended:
            if as_json:
                emit({**vars(one), "ended": not dry_run})
            else:
                answers().print(f"{one.tenant}  {one.what}  {one.object}", markup=False)
        if not ended and not as_json:
            answers().print("nothing is due", markup=False)


def _tell(rule: "Rule", *, as_json: bool) -> None:
    days = {f"{name}_days": count for name, count in vars(rule.days).items()}
    if as_json:
        emit({"tenant": rule.tenant, **days, "changed_at": rule.changed_at, "who": rule.who})
        return
    for name, count in vars(rule.days).items():
        answers().print(f"{name}: {'for ever' if count is None else counted(count, 'day')}", markup=False)

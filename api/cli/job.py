"""`trackmark job`: audits and taggings of the service, whoever works on them."""

from typing import Annotated, Any

import typer

from api.cli.console import AsJson, answers, emit, failures, registry

commands = typer.Typer(help="List, show, cancel and retry the service's jobs.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(help="The job's id.")]
Tenant = Annotated[str, typer.Option(help="Whose jobs.")]


@commands.command("list")
def list_jobs(
    state: Annotated[str | None, typer.Option(help="Only jobs in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 50,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first."""
    with failures(), registry() as (store, _settings):
        from api.jobs.books import Jobs

        for job in Jobs(store.engine).newest(tenant=tenant, state=state, limit=limit):
            _tell(job, as_json=as_json)


@commands.command("show")
def show(job_id: JobId, tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """Show a job: its state, who has it, and why it failed."""
    with failures(), registry() as (store, _settings):
        from api.jobs.books import Jobs

        _tell(Jobs(store.engine).any_kind(job_id, tenant=tenant), as_json=as_json)


@commands.command("cancel")
def cancel(job_id: JobId, tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """Cancel a job that waits, or ask who works on it to stop at the next step."""
    with failures(), registry() as (store, _settings):
        from api.jobs.books import Jobs

        jobs = Jobs(store.engine)
        kind = jobs.any_kind(job_id, tenant=tenant).kind
        _tell(jobs.cancel(job_id, tenant=tenant, kind=kind), as_json=as_json)


@commands.command("retry")
def retry(job_id: JobId, tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """Queue a job again that ended without a result, while its audio is kept."""
    with failures(), registry() as (store, settings):
        from api.jobs.books import Jobs
        from api.jobs.files import JobFiles

        jobs = Jobs(store.engine)
        kind = jobs.any_kind(job_id, tenant=tenant).kind
        kept = JobFiles.of(settings).has_upload
        _tell(jobs.retry(job_id, tenant=tenant, kind=kind, has_audio=kept), as_json=as_json)


def _tell(job: Any, *, as_json: bool) -> None:
    told = {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "stage": job.stage,
        "attempts": job.attempts,
        "file": job.file_name,
        "worker": job.worker,
        "created_at": job.created_at,
        "problem": None if job.error is None else job.error["detail"],
    }
    if as_json:
        emit(told)
        return
    words = [job.id, job.kind, job.state, job.file_name]
    words += [f"at {job.worker}"] if job.worker else []
    words += [str(told["problem"])] if told["problem"] else []
    answers().print("  ".join(words), markup=False)

"""The `trackmark` command.

Exit codes: 0 done and in order, 1 a verification or policy failed, 2 bad usage or a name that is not
known, 3 unreadable input; 130 stopped by Ctrl-C, 141 nobody reads the answers any more (`reader`). With
`--json` every command prints one JSON object per input file, one per line, and nothing else, on standard
output; progress and messages go to standard error.

Nothing heavy is imported here or in the command modules: each command imports what it needs when
it runs, so that `trackmark --help` answers at once.
"""

import inspect
from typing import Annotated

import typer

from api.cli import (
    adapter,
    apikey,
    artist,
    audit,
    audit_trail,
    backup,
    calibrate,
    catalogue,
    compare,
    compliance,
    db,
    demo,
    doctor,
    generate,
    job,
    key,
    log,
    man,
    members,
    originality,
    record,
    report,
    retention,
    scan,
    serve,
    tag,
    usage,
    verify,
    watch,
    watermark,
    witness,
)

main = typer.Typer(
    name="trackmark",
    cls=usage.Commands,
    help="Tell whose a track is, and whether its sound bears traces of a machine.",
    epilog="Exit codes: 0 done and in order; 1 a verification or policy failed; 2 wrong usage "
    "or an unknown name; 3 input that cannot be read; 130 stopped by Ctrl-C; 141 nobody reads the answers "
    "any more. State lies in $TRACKMARK_HOME.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=usage.dress(),
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(asked: bool) -> None:
    if asked:
        import importlib.metadata

        typer.echo(f"trackmark {importlib.metadata.version('trackmark')}")
        raise typer.Exit


@main.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Tell the version.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None: ...


def _dress(commands: typer.Typer) -> None:
    """Have every command read as `usage.Command` does, and let the terminal break the lines of its help.

    Those of the source are of another width.
    """
    for command in commands.registered_commands:
        command.cls = usage.Command
        text = inspect.cleandoc(getattr(command.callback, "__doc__", None) or "")
        command.help = "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))
    for group in commands.registered_groups:
        if group.typer_instance is not None:
            _dress(group.typer_instance)


main.command("tag")(tag.tag)
main.command("generate")(generate.generate)
main.command("watch")(watch.watch)
main.command("verify")(verify.verify)
main.command("audit")(audit.audit)
main.command("compare")(compare.compare)
main.command("originality")(originality.originality)
main.command("calibrate")(calibrate.calibrate)
main.command("keygen")(watermark.keygen)
main.command("scan")(scan.scan)
main.command("serve")(serve.serve)
main.command("worker")(serve.worker)
main.command("witness")(witness.witness)
main.command("backup")(backup.backup)
main.command("restore")(backup.restore)
main.command("demo")(demo.demo)
main.command("doctor")(doctor.doctor)
main.command("compliance")(compliance.compliance)
main.command("man")(man.man)
main.command("verify-report")(report.verify_report)
main.command("report")(report.show)
main.add_typer(adapter.commands, name="adapter")
main.add_typer(watermark.commands, name="watermark")
main.add_typer(job.commands, name="job")
main.add_typer(log.commands, name="log")
main.add_typer(audit_trail.commands, name="audit-trail")
main.add_typer(key.commands, name="key")
main.add_typer(apikey.commands, name="apikey")
main.add_typer(members.commands, name="members")
main.add_typer(db.commands, name="db")
main.add_typer(artist.commands, name="artist")
main.add_typer(record.commands, name="record")
main.add_typer(retention.commands, name="retention")
main.add_typer(catalogue.commands, name="catalogue")
_dress(main)

"""`trackmark compliance`: what this release does for each rule, dated, with measured numbers."""

import importlib.metadata
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.text import Text

from api.cli.console import FAILED, USAGE, AsJson, answers, emit, fail, messages
from api.cli.lines import Facts
from core import clock


def compliance(
    jurisdiction: Annotated[
        str | None, typer.Option(help="rules of this one only: EU, US, US-CA, CN, ...")
    ] = None,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="the day of the report; today otherwise"),
    ] = None,
    strict: Annotated[bool, typer.Option(help="fail where a rule was not checked for too long")] = False,
    as_json: AsJson = False,
) -> None:
    """Print a dated report: the rules, what Trackmark does for each and what not, and what was measured."""
    from api.law.compliance import report
    from api.law.law import shipped
    from core.errors import InvalidInput

    day = clock.now().date() if on is None else on.date()
    release = importlib.metadata.version("trackmark")
    try:
        told = report(shipped(), day, release=release, jurisdiction=jurisdiction)
    except InvalidInput as error:
        fail(str(error), USAGE)
    if as_json:
        emit(told)
    else:
        _print(told)
    for warning in told["warnings"]:
        messages().print(f"[yellow]warning[/] {escape(warning)}")
    if strict and told["warnings"]:
        raise typer.Exit(FAILED)


def _print(told: dict[str, Any]) -> None:
    out = answers()
    out.print(f"[bold]Compliance report of {told['date']}[/], Trackmark {told['release']}")
    out.print(Text(told["not_legal_advice"]))
    for rule in told["rules"]:
        out.print()
        out.print(
            f"[bold]{escape(rule['jurisdiction'])}[/] {escape(rule['title'])}, {escape(rule['article'])}"
        )
        lines = [("standing", rule["standing"]), ("note", rule["note"]), ("binds", rule["who"])]
        lines += [("asks for", rule["asks"])]
        lines += [("does", text) for text in rule["does"]] + [("lacks", text) for text in rule["lacks"]]
        lines += [("measured", _number(one)) for one in rule["measured"]]
        lines += [("shown by", ", ".join(rule["shown_by"]))]
        how = {"text": "its text", "digest": "what others write about it"}[rule["read"]]
        lines += [("source", rule["source"]), ("checked", f"{rule['last_checked']}, against {how}")]
        facts = Facts()
        for name, text in lines:
            if text is not None:
                facts.add(f"  {name}", text)
        out.print(facts)


def _number(one: dict[str, str]) -> str:
    return (
        f"{one['says']}: {one['text']} (card {one['card']} {one['version']}, weights of {one['trained_at']})"
    )

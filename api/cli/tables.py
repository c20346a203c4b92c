"""Findings as tables for people. Names from files and records are escaped: they are attacker text."""

from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from api.audit.numbers import score_text
from api.report import words
from api.report.numbers import length_text, p_value_text, time_text
from api.report.words import comparison as said

_ACTIONS = {"accept": "bold green", "review": "bold yellow", "reject": "bold red"}
_OUTCOMES = {
    "ok": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "absent": ("–", "dim"),
    "not_checked": ("?", "yellow"),
}


def audit_table(found: dict[str, Any]) -> RenderableType:
    """One audit, as printed by `trackmark audit`."""
    table = _plain_table()
    table.add_row("ownership", escape(found["ownership"]["text"]))
    record = found["ownership"]["record"]
    if record and record.get("verified"):
        table.add_row("record", escape(words.claim(record)))
    checks = found["checks"]
    table.add_row("watermark", escape(words.watermark_line(found["watermark"], checks["watermark"])))
    table.add_row("fingerprint", escape(words.fingerprint_line(found["fingerprint"], checks["fingerprint"])))
    table.add_row("credentials", escape(words.credentials_line(found["credentials"], checks["credentials"])))
    table.add_row("AI music", escape(words.music_line(found["ai"])))
    if found["ai"]["score"] is not None:
        table.add_row("", escape(words.music(found["ai"]).text))
    for text in words.exhibits(found["ai"]):
        table.add_row("", escape(f"· {text}"))
    table.add_row("voice", escape(words.voice_line(found["voice"])))
    if found["originality"] is not None:
        _near(table, found["originality"])
    for warning in found["warnings"]:
        table.add_row("[yellow]warning[/]", escape(warning))
    decision = found["decision"]
    table.add_row("decision", f"[{_ACTIONS[decision['action']]}]{decision['action']}[/]")
    for rule in decision["rules"]:
        table.add_row("", escape(f"· {rule['text']} ({rule['rule']})"))
    if found["report"]:
        table.add_row("report", escape(found["report"]))
    return Group(
        _title(found["file"], f"{length_text(found['duration_s'])}, audited in {found['elapsed_s']:.1f} s"),
        table,
        Text(),
    )


def verify_table(found: dict[str, Any]) -> RenderableType:
    """One verification, as printed by `trackmark verify`."""
    table = _plain_table()
    for step in found["steps"]:
        sign, style = _OUTCOMES[step["outcome"]]
        table.add_row(f"[{style}]{sign}[/] {step['step']}", escape(step["text"]))
    for warning in found["warnings"]:
        table.add_row("[yellow]! note[/]", escape(warning))
    verdict = (
        "[bold green]verified[/]" if found["verified"] else f"[bold red]not verified[/] ({found['status']})"
    )
    table.add_row("result", f"{verdict}: {escape(found['text'])}")
    table.add_row("that means", escape(found["explanation"]))
    return Group(_title(found["file"], ""), table, Text())


def comparison_table(found: dict[str, Any]) -> RenderableType:
    """One comparison, as printed by `trackmark compare`."""
    told, table = said.heard(found), _plain_table()
    table.add_row("result", f"[bold]{escape(told.answer)}[/]")
    table.add_row("", escape(told.text))
    for name, value in told.facts:
        table.add_row("", escape(f"{name}: {value}"))
    for number, one in enumerate(found["alignment"]["stretches"], 1):
        table.add_row(f"stretch {number}", escape(said.stretch(one)))
    for role, name in (("original", "original"), ("suspect", "suspected copy")):
        side = found[role]
        table.add_row(name, escape(side["ownership"]["text"]))
        table.add_row(
            "", escape(f"watermark: {words.watermark_line(side['watermark'], side['checks']['watermark'])}")
        )
    suspect, original = (found[role]["file"] for role in ("suspect", "original"))
    return Group(_title(suspect, f"beside {original}, compared in {found['elapsed_s']:.1f} s"), table, Text())


def detection_table(found: dict[str, Any]) -> RenderableType:
    """One detection, as printed by `trackmark watermark detect`."""
    table = _plain_table()
    line = found["reason"] if "reason" in found else words.watermark_line(found, "done")
    table.add_row("watermark", escape(line))
    for mark in found["messages"]:
        how = "asked for and heard" if mark["by_name"] else "read"
        where = f"{mark['start_s']:.0f} s to {mark['end_s']:.0f} s"
        table.add_row("", f"{mark['message']} {how} from {where}, p-value {p_value_text(mark['p_value'])}")
    for segment in found["segments"]:
        table.add_row("", f"{segment['start_s']:.1f} s to {segment['end_s']:.1f} s: {segment['score']:.2f}")
    return Group(_title(found["file"], length_text(found["duration_s"])), table, Text())


def summary_table(rows: list[dict[str, Any]], title: str) -> Table:
    """Several audits side by side: the table at the end of the demo."""
    table = Table(title=title, title_style="bold", title_justify="left")
    for name in ("copy", "watermark", "record", "fingerprint", "credentials", "AI score", "decision"):
        table.add_column(name)
    for found in rows:
        mark, ai, best = found["watermark"], found["ai"], found["fingerprint"]
        action = found["decision"]["action"]
        table.add_row(
            escape(found["file"].rsplit("/", 1)[-1]),
            f"read (p {mark['p_value']:.0e})" if mark["present"] else "none",
            words.OWNERSHIP[found["ownership"]["status"]][0].lower(),
            f"{best[0]['score']:.2f} at {time_text(best[0]['offset_s'])}" if best else "none",
            words.credentials(found["credentials"]).answer.lower(),
            words.music(ai).answer.lower() + ("" if ai["score"] is None else f", {score_text(ai['score'])}"),
            f"[{_ACTIONS[action]}]{action}[/]",
        )
    return table


def _near(table: Table, found: dict[str, Any]) -> None:
    told = words.near(found)
    table.add_row("most like", escape(f"{told.answer}. {told.text}"))
    for name, text in told.facts:
        table.add_row("", escape(f"· {name}: {text}"))


def _plain_table() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _title(name: str, fact: str) -> Text:
    return Text.assemble((name, "bold"), f"  {fact}")

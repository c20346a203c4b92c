"""Findings as tables for people. Names from files and records are escaped: they are attacker text."""

from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from api.report import words
from api.report.steps import claim_text
from api.report.words import score_text, time_text

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
        table.add_row("record", escape(claim_text(record)))
    table.add_row("watermark", escape(watermark_text(found["watermark"], found["checks"]["watermark"])))
    table.add_row("credentials", credentials_text(found["credentials"]))
    table.add_row("AI music", escape(ai_text(found["ai"])))
    for item in found["ai"]["evidence"]:
        table.add_row("", escape(f"· {item['text']}"))
    table.add_row("voice", escape(words.voice_line(found["voice"])))
    for warning in found["warnings"]:
        table.add_row("[yellow]warning[/]", escape(warning))
    decision = found["decision"]
    table.add_row("decision", f"[{_ACTIONS[decision['action']]}]{decision['action']}[/]")
    for rule in decision["rules"]:
        table.add_row("", escape(f"· {rule['text']} ({rule['rule']})"))
    if found["report"]:
        table.add_row("report", escape(found["report"]))
    return Group(
        _title(found["file"], f"{found['duration_s']:.1f} s, audited in {found['elapsed_s']:.1f} s"),
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


def detection_table(found: dict[str, Any]) -> RenderableType:
    """One detection, as printed by `trackmark watermark detect`."""
    table = _plain_table()
    table.add_row("watermark", escape(watermark_text(found, "done")))
    for segment in found["segments"]:
        table.add_row("", f"{segment['start_s']:.1f} s to {segment['end_s']:.1f} s: {segment['score']:.2f}")
    return Group(_title(found["file"], f"{found['duration_s']:.1f} s"), table, Text())


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
            credentials_text(found["credentials"], short=True),
            words.music(ai).answer.lower() + ("" if ai["score"] is None else f", {score_text(ai['score'])}"),
            f"[{_ACTIONS[action]}]{action}[/]",
        )
    return table


def watermark_text(mark: dict[str, Any], outcome: str) -> str:
    """A detection in one line."""
    if outcome != "done":
        return f"not judged ({outcome})"
    if not mark["present"]:
        return "none of ours" + ("" if mark["p_value"] is None else f" (p-value {mark['p_value']:.2g})")
    extra = "" if mark["speed"] == 1.0 else f", speed {mark['speed']:.3f}"
    extra += "" if not mark["pitch_semitones"] else f", pitch {mark['pitch_semitones']:+.2f} semitones"
    return f"message {mark['message']} (p-value {mark['p_value']:.2g}{extra})"


def credentials_text(found: dict[str, Any], *, short: bool = False) -> str:
    """Content credentials in one line: signature, binding and trust are three separate facts."""
    if not found["present"]:
        return "none"
    if short:
        return "valid" if found["valid"] else "not valid"
    facts = (
        "signature valid" if found["signature_valid"] else "signature not valid",
        "content bound" if found["content_bound"] else "content changed after signing",
        "signer trusted" if found["trusted"] else "signer not known here",
    )
    return escape(", ".join(facts) + f"; signed by {found['signer']}")


def ai_text(ai: dict[str, Any]) -> str:
    """The music finding in a line or two."""
    families = ", ".join(f"{g['family']} {g['share']:.0%}" for g in ai["generator"][:3])
    resembles = f"; resembles {families}" if families and ai["verdict"] == "synthetic" else ""
    return words.music_line(ai) + resembles + ("" if ai["score"] is None else f". {words.music(ai).text}")


def _plain_table() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _title(name: str, fact: str) -> Text:
    return Text.assemble((name, "bold"), f"  {fact}")

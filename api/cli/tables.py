"""Findings as tables for people. Names from files and records are attacker text."""

from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from api.audit.numbers import score_text
from api.cli.lines import Facts, Prose
from api.report import words
from api.report.numbers import length_text, p_value_text, time_text
from api.report.words import comparison as said
from core.counted import whole

_ACTIONS = {"accept": "bold green", "review": "bold yellow", "reject": "bold red"}
_OUTCOMES = {
    "ok": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "absent": ("–", "dim"),
    "not_checked": ("?", "yellow"),
}


def audit_table(found: dict[str, Any]) -> RenderableType:
    """One audit, as printed by `trackmark audit`."""
    table = Facts()
    table.add("ownership", found["ownership"]["text"])
    record = found["ownership"]["record"]
    if record and record.get("verified"):
        table.add("record", words.claim(record))
    checks, (unanswered, warnings) = found["checks"], _remarks(found)
    for name, line in (
        ("watermark", words.watermark_line(found["watermark"], checks["watermark"])),
        ("fingerprint", words.fingerprint_line(found["fingerprint"], checks["fingerprint"])),
        ("credentials", words.credentials_line(found["credentials"], checks["credentials"])),
    ):
        table.add(name, f"not judged ({unanswered[name]})" if name in unanswered else line)
    table.add("AI music", words.music_line(found["ai"]))
    if found["ai"]["score"] is not None:
        table.add("", words.music(found["ai"]).text)
    for text in words.exhibits(found["ai"]):
        table.add("", f"· {text}")
    table.add("voice", words.voice_line(found["voice"]))
    if found["originality"] is not None:
        _near(table, found["originality"])
    for warning in warnings:
        table.add("[yellow]warning[/]", warning)
    decision = found["decision"]
    table.add("decision", decision["action"], _ACTIONS[decision["action"]])
    for rule in decision["rules"]:
        table.add("", f"· {rule['text']} ({rule['rule']})")
    if found["report"]:
        table.add("report", found["report"])
    return Group(
        _title(found["file"], f"{length_text(found['duration_s'])}, audited in {found['elapsed_s']:.1f} s"),
        table,
        Text(),
    )


def verify_table(found: dict[str, Any]) -> RenderableType:
    """One verification, as printed by `trackmark verify`."""
    table = Facts()
    for step in found["steps"]:
        sign, style = _OUTCOMES[step["outcome"]]
        table.add(f"[{style}]{sign}[/] {step['step']}", step["text"])
    for warning in found["warnings"]:
        table.add("[yellow]! note[/]", warning)
    verdict = (
        ("verified", "bold green") if found["verified"] else (f"not verified ({found['status']})", "bold red")
    )
    table.add("result", Text.assemble(verdict, f": {found['text']}"))
    table.add("that means", found["explanation"])
    return Group(_title(found["file"], ""), table, Text())


def comparison_table(found: dict[str, Any]) -> RenderableType:
    """One comparison, as printed by `trackmark compare`."""
    told, table = said.heard(found), Facts()
    table.add("result", told.answer, "bold")
    table.add("", told.text)
    for name, value in told.facts:
        table.add("", f"{name}: {value}")
    for number, one in enumerate(found["alignment"]["stretches"], 1):
        table.add(f"stretch {number}", said.stretch(one))
    for role, name in (("original", "original"), ("suspect", "suspected copy")):
        side = found[role]
        table.add(name, side["ownership"]["text"])
        table.add("", f"watermark: {words.watermark_line(side['watermark'], side['checks']['watermark'])}")
    suspect, original = (found[role]["file"] for role in ("suspect", "original"))
    return Group(_title(suspect, f"beside {original}, compared in {found['elapsed_s']:.1f} s"), table, Text())


def detection_table(found: dict[str, Any]) -> RenderableType:
    """One detection, as printed by `trackmark watermark detect`."""
    table = Facts()
    line = found["reason"] if "reason" in found else words.watermark_line(found, "done")
    table.add("watermark", line)
    for mark in found["messages"]:
        how = "asked for and heard" if mark["by_name"] else "read"
        where = f"{whole(mark['start_s'])} s to {whole(mark['end_s'])} s"
        table.add("", f"{mark['message']} {how} from {where}, p-value {p_value_text(mark['p_value'])}")
    for segment in found["segments"]:
        table.add("", f"{segment['start_s']:.1f} s to {segment['end_s']:.1f} s: {segment['score']:.2f}")
    return Group(_title(found["file"], length_text(found["duration_s"])), table, Text())


def summary_table(rows: list[dict[str, Any]], title: str) -> RenderableType:
    """Several audits one below the other: the end of the demo."""
    table = Facts()
    for found in rows:
        mark, ai, best = found["watermark"], found["ai"], found["fingerprint"]
        action = found["decision"]["action"]
        table.add(escape(found["file"].rsplit("/", 1)[-1]), action, _ACTIONS[action])
        table.add("", "ownership: " + words.OWNERSHIP[found["ownership"]["status"]][0].lower())
        read = f"read (p {p_value_text(mark['p_value'])})" if mark["present"] else "none read"
        heard = f"{best[0]['score']:.2f} at {time_text(best[0]['offset_s'])}" if best else "none"
        table.add("", f"watermark {read}, fingerprint {heard}")
        score = "" if ai["score"] is None else f", score {score_text(ai['score'])}"
        carried = words.credentials(found["credentials"]).answer.lower()
        table.add("", f"credentials {carried}, AI music: {words.music(ai).answer.lower()}{score}")
    return Group(Text(title, style="bold"), table)


def _remarks(found: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Why checks gave no answer, by name, for the line of each; and the warnings about anything else."""
    unanswered, others = {}, []
    for warning in found["warnings"]:
        name, colon, why = warning.partition(": ")
        if colon and found["checks"].get(name) in ("inconclusive", "failed"):
            unanswered[name] = why
        else:
            others.append(warning)
    return unanswered, others


def _near(table: Facts, found: dict[str, Any]) -> None:
    told = words.near(found)
    table.add("most like", f"{told.answer}. {told.text}")
    for name, text in told.facts:
        table.add("", f"· {name}: {text}")


def _title(name: str, fact: str) -> Prose:
    return Prose(Text.assemble((name, "bold"), f"  {fact}" if fact else ""))

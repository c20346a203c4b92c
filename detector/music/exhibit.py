"""The exhibit as a picture: one self-contained SVG of the comb that a finding rests on, and of where.

Above, the lines of the comb, each at its frequency and by its height over its surroundings; below, the score
of every stretch of the recording. Drawn from the finding alone, so that picture and data cannot disagree.
"""

from collections.abc import Sequence
from html import escape

from core.clip import Segment
from detector.music.finding import Evidence, MusicFinding

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT = 56, 16
TOP_HZ = 16000.0
TOP_DB = 24.0
LINES_TOP, LINES_BOTTOM = 40, 190
BARS_TOP, BARS_BOTTOM = 240, 296
STRIPES = ("#0b6e4f", "#c9a227", "#b3261e")


def picture(finding: MusicFinding) -> str:
    """An SVG document for a measured finding; one that says why for another."""
    title = finding.evidence[0].text if finding.evidence else finding.reason or "nothing measured"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="11"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    comb = next((e for e in finding.evidence if e.kind in ("comb", "lines")), None)
    parts += _lines(comb) if comb else [_text(LEFT, 100, "no comb stands out")]
    parts += _bars(finding.segments)
    parts.append(_text(LEFT, HEIGHT - 4, f"calibration: {finding.calibration}", fill="#666"))
    return "\n".join([*parts, "</svg>\n"])


def _lines(comb: Evidence) -> list[str]:
    data = comb.data
    spacing = f"{data['spacing_hz']:.3f} Hz" if "spacing_hz" in data else str(data.get("grid", ""))
    names = ", ".join(str(n) for n in data.get("families", ())[:2])
    parts = [
        _text(LEFT, 18, f"{data.get('signal', 'lines')}: {spacing}, z = {data['z']}"),
        _text(LEFT, 32, names, fill="#444"),
        _rule(LINES_BOTTOM),
    ]
    for khz in range(0, 17, 2):
        parts.append(_text(_x(1000.0 * khz) - 4, LINES_BOTTOM + 14, str(khz), fill="#666"))
    parts.append(_text(_x(15_000.0) - 9, LINES_BOTTOM + 14, "kHz", fill="#666"))
    parts += [_text(8, _y(db) + 4, f"{db} dB", fill="#666") for db in (0, 12, 24)]
    for line in data["lines"]:
        x, y = _x(float(line["hz"])), _y(float(line["height_db"]))
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{LINES_BOTTOM}" y2="{y:.1f}" stroke="#b3261e" '
            f'stroke-width="2"><title>{line["hz"]} Hz, {line["height_db"]} dB</title></line>'
        )
    return parts


def _bars(segments: Sequence[Segment]) -> list[str]:
    if not segments:
        return []
    length = segments[-1].end_s
    parts = [_text(LEFT, BARS_TOP - 8, "score of each stretch"), _rule(BARS_BOTTOM)]
    for s in segments:
        x = LEFT + (WIDTH - LEFT - RIGHT) * s.start_s / length
        width = (WIDTH - LEFT - RIGHT) * (s.end_s - s.start_s) / length
        height = (BARS_BOTTOM - BARS_TOP) * s.score
        colour = STRIPES[0 if s.score < 0.2 else 1 if s.score < 0.8 else 2]
        parts.append(
            f'<rect x="{x:.1f}" y="{BARS_BOTTOM - height:.1f}" width="{max(0.5, width - 1):.1f}" '
            f'height="{height:.1f}" fill="{colour}"><title>{s.start_s:.1f}-{s.end_s:.1f} s: {s.score:.2f}'
            "</title></rect>"
        )
    return parts


def _x(hz: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * min(hz, TOP_HZ) / TOP_HZ


def _y(db: float) -> float:
    return LINES_BOTTOM - (LINES_BOTTOM - LINES_TOP) * max(0.0, min(db, TOP_DB)) / TOP_DB


def _rule(y: float) -> str:
    return f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#999"/>'


def _text(x: float, y: float, text: str, fill: str = "#111") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="{fill}">{escape(text)}</text>'

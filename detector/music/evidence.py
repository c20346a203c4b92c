"""Exhibits: the comb that was found, the decoders that would leave it, and how steadily it runs."""

from typing import Any

import numpy as np
from scipy import fft

from detector.decoders import ARCHITECTURES, SPACINGS_HZ
from detector.music.attribution import explained, posterior
from detector.music.comb import Open, Scores, contrasts, even_contrast
from detector.music.features import Combs
from detector.music.finding import Evidence, Family
from detector.music.settings import Setting
from detector.music.spectra import ANALYSIS_RATE, LAG_RATE, SIGNALS, Array
from detector.music.tiers import BIN_HZ, GRIDS, HIGHEST_HZ, line_heights, prominence

CLEAR_Z = 8.0
"""Below this no comb is exhibited: a few human recordings in a hundred reach it by chance."""
CLEAR_GRID = 3.5
"""Likewise for the grids of `tiers.py`."""
SPEEDS = (0.94, 1.06)
LINES_SHOWN = 12
LISTED_SHARE = 0.05
"""Architectures with less of the posterior are not named."""


def exhibits(combs: Combs) -> tuple[tuple[Family, ...], tuple[Evidence, ...], float]:
    """Describe the combs of a recording.

    Args:
        combs: measured over the whole recording.

    Returns:
        Families, most likely first, evidence, strongest first, and the playing speed assumed (1 where the
        comb needs no change of speed).
    """
    at_found = [even_contrast(row, combs.found.spacing_hz) for row in combs.rows]
    signal = int(np.argmax([max(z.max(), o) for z, o in zip(combs.scores, at_found, strict=True)]))
    table, found = combs.scores[signal], Open(at_found[signal], combs.found.spacing_hz)
    band = Evidence(
        "band",
        f"usable content up to {combs.band_hz / 1000:.1f} kHz",
        {"band_hz": round(combs.band_hz, 1)},
    )
    coarse = _grid(combs)
    if max(float(table.max()), found.z) < CLEAR_Z:
        setting = max(combs.settings, key=lambda tried: tried.z)
        if setting.z < CLEAR_Z:
            return (), (*coarse, band), 1.0
        families, exhibit = _broken(combs, setting)
        return families, (*exhibit, *coarse, band), setting.ratio
    speed, scores = 1.0, combs.scores
    if found.z > float(table.max()) + 4.0:
        speed, scores = _speed(combs, found.spacing_hz)
    best = int(scores[signal].argmax())
    known = float(scores[signal, best]) >= min(CLEAR_Z, 0.6 * found.z)
    spacing_hz = SPACINGS_HZ[best] * speed if known else found.spacing_hz
    z = float(scores[signal, best]) if known else found.z
    families = _families(scores) if known else (Family(f"unknown decoder ({spacing_hz:.2f} Hz)", 1.0),)
    evidence = [_comb(combs, signal, spacing_hz, z, families), *coarse, band]
    if known and speed != 1.0:
        text = f"the comb fits playback at {speed:.4f} times the original speed"
        evidence.insert(1, Evidence("speed", text, {"speed": round(speed, 5)}))
    return families, tuple(evidence), speed


def _broken(combs: Combs, setting: Setting) -> tuple[tuple[Family, ...], tuple[Evidence, ...]]:
    """A known clock that keeps step for a while only, or at another pitch: families, and the two exhibits."""
    within = [row.within(setting.span_s) for row in combs.rows]
    scores = np.stack([contrasts(row, setting.ratio) for row in within])
    families = _families(scores)
    spacing_hz = setting.spacing_hz * setting.ratio
    signal = int(np.argmax([even_contrast(row, spacing_hz) for row in within]))
    found = _comb(combs, signal, spacing_hz, setting.z, families)
    text = (
        f"the comb fits a known decoder at {setting.ratio:.4f} times its pitch, in step for "
        f"{setting.span_s:g} s at a time: tempo, pitch or speed was changed"
    )
    data = {"speed": round(setting.ratio, 5), "in_step_s": setting.span_s, "z": round(setting.z, 2)}
    return families, (found, Evidence("speed", text, data))


def _grid(combs: Combs) -> tuple[Evidence, ...]:
    """The last layers' lines, where they stand out."""
    best = int(combs.grids.argmax())
    z = float(combs.grids[best])
    if z < CLEAR_GRID:
        return ()
    name, places = list(GRIDS.items())[best]
    heights, rise = line_heights(combs.spectrum), prominence(combs.spectrum)
    lines = [
        {"hz": hz, "height_db": round(float(rise[round(hz / BIN_HZ)]), 2)}
        for hz in places
        if hz <= HIGHEST_HZ and heights[round(hz / BIN_HZ)] > 0
    ]
    text = f"steady lines at {name}, as a decoder's last layers leave them, score {z:.1f}"
    data: dict[str, Any] = {"grid": name, "z": round(z, 2), "lines": lines, "families": [], "ambiguous": True}
    return (Evidence("lines", text, data),)


def _comb(combs: Combs, signal: int, spacing_hz: float, z: float, families: tuple[Family, ...]) -> Evidence:
    lines = _lines(combs.rows[signal].values, spacing_hz, combs.band_hz if signal == 0 else 15500.0)
    where = "lines" if signal == 0 else "power"
    names = [f.name for f in families]
    relation = "ambiguous between" if len(names) > 1 else "fits"
    text = (
        f"a comb with a spacing of {spacing_hz:.3f} Hz in the {where}, {z:.1f} standard deviations above "
        f"what unrelated spacings give; {relation} {', '.join(names[:3])}"
    )
    data: dict[str, Any] = {
        "signal": SIGNALS[signal],
        "spacing_hz": round(spacing_hz, 4),
        "z": round(z, 2),
        "lines": lines,
        "families": names,
        "ambiguous": len(names) > 1,
    }
    return Evidence("comb", text, data)


def _lines(correlation: Array, spacing_hz: float, band_hz: float) -> list[dict[str, float]]:
    """The strongest lines of a comb: frequency in Hz, height in dB over the median around it."""
    taper = np.cos(np.linspace(0, np.pi / 2, correlation.size)) ** 2
    power = np.abs(fft.rfft(correlation * taper, 1 << 19).real)
    bin_hz = LAG_RATE / (1 << 19)
    around = round(40.0 / bin_hz)
    shown = []
    top = min(band_hz, ANALYSIS_RATE / 2 - 100.0)
    for k in range(max(1, int(np.ceil(300.0 / spacing_hz))), int(top / spacing_hz) + 1):
        at = round(k * spacing_hz / bin_hz)
        median = float(np.median(power[at - around : at + around : 4])) + 1e-9
        height = 10 * np.log10(float(power[at - 1 : at + 2].max()) / median + 1e-9)
        shown.append({"hz": round(k * spacing_hz, 3), "height_db": round(float(height), 2)})
    strongest = sorted(shown, key=lambda line: -line["height_db"])[:LINES_SHOWN]
    return sorted(strongest, key=lambda line: line["hz"])


def _families(scores: Scores) -> tuple[Family, ...]:
    weights = posterior(scores)
    order = np.argsort(-weights, kind="stable")
    named = [i for i in order if weights[i] >= LISTED_SHARE]
    return tuple(Family(ARCHITECTURES[i].name, float(weights[i])) for i in named)


def _speed(combs: Combs, spacing_hz: float) -> tuple[float, Scores]:
    """The playing speed at which the table explains the found comb best, and the scores there."""
    best_speed, best_scores, best_total = 1.0, combs.scores, float(explained(combs.scores).max())
    for known in SPACINGS_HZ:
        for multiple in (1, 2, 3, 4):
            speed = multiple * spacing_hz / known
            if SPEEDS[0] <= speed <= SPEEDS[1]:
                scores = np.stack([contrasts(row, speed) for row in combs.rows])
                total = float(explained(scores).max())
                if total > best_total:
                    best_speed, best_scores, best_total = speed, scores, total
    return best_speed, best_scores

"""The listening test: pairs as loud as each other, and a page that asks and counts."""

import json
from dataclasses import replace
from pathlib import Path

import torch
from playwright.sync_api import expect

from core.decode import decode
from lab.listening.kit import write_kit
from tests import browsers, fakes
from tests.signals import music


def kit(folder: Path, count: int) -> Path:
    plain = fakes.clip(sample_rate=44_100)
    clips = [(f"<b>song {n}</b>", replace(plain, wav=music(4, 44_100, seed=n))) for n in range(count)]
    assert write_kit(clips, folder / "kit", seconds=2.5, seed=1) == count
    return folder / "kit"


def difference_db(folder: Path, number: int) -> float:
    plain, marked = (decode(folder / f"{number:02}{letter}.flac").wav for letter in "ab")
    assert abs(float(plain.square().mean() / marked.square().mean()) - 1.0) < 1e-3, "one is louder"
    return float(10 * torch.log10((marked - plain).square().mean() / plain.square().mean()))


def test_pairs_are_equally_loud_and_anchors_plain_to_hear(tmp_path: Path) -> None:
    made = kit(tmp_path, 6)
    released = [difference_db(made, number) for number in range(5)]
    assert all(-60 < level < -25 for level in released)
    assert difference_db(made, 5) > max(released) + 15


def test_a_listener_hears_all_three_answers_and_keeps_the_answers(tmp_path: Path) -> None:
    made = kit(tmp_path, 6)
    with browsers.chromium() as browser:
        page = browser.new_page()
        page.goto((made / "index.html").as_uri())
        for number in range(6):
            expect(page.locator("#count")).to_have_text(f"{number + 1} of 6")
            expect(page.get_by_role("button", name="X is A")).to_be_disabled()
            for key in "123":
                page.keyboard.press(key)
            drawn = page.evaluate("x")
            page.keyboard.press(drawn if number != 3 else "ab".replace(drawn, ""))
            if number == 1:
                page.reload()  # what was answered is kept
        expect(page.locator("#result")).to_contain_text("4 of 5 right")
        expect(page.locator("#result")).to_contain_text("18.8 %")
        expect(page.locator("#rows tr").first).to_contain_text("<b>song 0</b>")
        with page.expect_download() as saving:
            page.get_by_role("button", name="Save the answers").click()
        saving.value.save_as(tmp_path / "answers.json")
    told = json.loads((tmp_path / "answers.json").read_text())
    assert (told["trials"], told["right"], told["anchors_right"], told["p_value"]) == (5, 4, 1, 6 / 32)

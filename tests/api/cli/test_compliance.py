"""`trackmark compliance`."""

from api.law.law import shipped
from tests.api.cli.conftest import Trackmark


def test_the_report_is_dated_and_tells_measured_numbers(trackmark: Trackmark) -> None:
    told = trackmark("compliance", "--on", "2026-12-01")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("Compliance report of 2026-12-01, Trackmark ")
    assert "not legal advice" in told.out
    for rule in shipped().rules:
        assert rule.title in told.out
    assert "0 of 20000 (card watermark-channel" in told.out


def test_old_rules_warn_and_fail_where_asked(trackmark: Trackmark) -> None:
    late = trackmark("compliance", "--on", "2028-01-01", "--jurisdiction", "CN", "--json")
    assert late.code == 0
    (found,) = late.lines
    assert [one["id"] for one in found["rules"]] == ["cn-gb-45438"]
    assert len(found["warnings"]) == 1 and "check it again" in late.err
    assert trackmark("compliance", "--on", "2028-01-01", "--strict", "--json").code == 1
    assert trackmark("compliance", "--on", "2026-12-01", "--strict", "--json").code == 0


def test_wrong_usage_is_told(trackmark: Trackmark) -> None:
    for arguments in (("--jurisdiction", "Atlantis"), ("--on", "yesterday")):
        assert trackmark("compliance", *arguments).code == 2

"""`trackmark members`: the first admin is invited on the server's own machine."""

from pathlib import Path

from tests.api.cli.conftest import Trackmark


def test_people_are_invited_changed_and_removed(home: Path, trackmark: Trackmark) -> None:
    assert trackmark("members", "list").out == ""
    (ada,) = trackmark("members", "invite", "ada@label.example", "--role", "admin", "--json").lines
    assert (ada["state"], ada["tenant"], ada["invited_by"]) == (
        "invited",
        "default",
        "somebody at this machine",
    )
    again = trackmark("members", "invite", "Ada@label.example", "--role", "label")
    assert again.code == 1 and "invited already" in again.err
    assert (
        trackmark("members", "change-role", ada["id"], "--role", "auditor", "--json").lines[0]["role"]
        == "auditor"
    )
    (gone,) = trackmark("members", "suspend", ada["id"], "--reason", "has left", "--json").lines
    assert (gone["state"], gone["suspended_reason"]) == ("suspended", "has left")
    assert "suspended  auditor  ada@label.example" in trackmark("members", "list", "--tenant", "default").out
    assert trackmark("members", "list", "--tenant", "label-b").out == ""
    (back,) = trackmark("members", "resume", ada["id"], "--json").lines
    assert back["state"] == "invited"
    assert trackmark("audit-trail", "export", "-o", home / "trail").code == 0
    trail = (home / "trail").read_text()
    assert "member.suspended" in trail and "somebody at this machine" in trail
    assert trackmark("members", "remove", ada["id"]).code == 0
    assert trackmark("members", "remove", ada["id"]).code == 2
    assert trackmark("members", "list", "--json").lines == []


def test_what_cannot_be_is_refused(trackmark: Trackmark) -> None:
    for wrong in (["ada", "--role", "label"], ["a@b.example", "--role", "owner"], ["a@b.example"]):
        assert trackmark("members", "invite", *wrong).code == 2
    nobody = trackmark("members", "invite", "a@b.example", "--role", "label", "--tenant", "nobody")
    assert nobody.code == 2 and "no tenant nobody" in nobody.err
    assert trackmark("members", "change-role", "0" * 16, "--role", "owner").code == 2
    assert trackmark("members", "suspend", "0" * 16, "--reason", "x").code == 2

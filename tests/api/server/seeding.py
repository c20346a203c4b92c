"""A page of every kind, with something on it."""

from typing import Any

import httpx
from fastapi.testclient import TestClient

from api.notices.forms import FORMS
from api.server.routes.policies import EXAMPLE as POLICY
from tests.api.compare import pairs
from tests.api.server.browsing import CLONE, finished
from tests.api.serving import GOOD


def seeded(client: httpx.Client | TestClient) -> dict[str, str]:
    """Enter something of every kind; returns the addresses of pages that show it, by what they are."""
    sent = {"title": "Night Drive", "owner": "A Label"}
    track = client.post("/v1/tracks", files={"file": ("a.wav", GOOD)}, data=sent).headers["location"]
    record = finished(client, track)["result"]["record_id"]
    said = {"issuer": "A Singer", "reason": "the vocals are mine"}
    client.post(f"/v1/records/{record}/disputes", json=said).raise_for_status()
    name = {"name": "Ada"}
    voice, later = {"files": ("v.wav", GOOD)}, {"Prefer": "respond-async"}
    enrolled = client.post("/v1/artists", files=voice, data=name, headers=later).headers["location"]
    finished(client, enrolled)
    terms = {"scope": ["singing"], "from": "2020-01-01", "until": "2036-01-01"}
    client.post("/v1/artists/Ada/consents", json=terms).raise_for_status()
    case = client.post("/v1/cases", json={"subject": "Night Drive", "reason": "a call"}).json()
    decided = {"decision": "reject", "reason": "no contract was shown"}
    client.post(f"/v1/cases/{case['id']}:decide", json=decided).raise_for_status()
    words = {one.name: "as the form has it" for one in FORMS["dmca"].counter if one.kind == "text"}
    stated = {one.name: True for one in FORMS["dmca"].counter if one.kind == "statement"}
    notice = _countered(client, {**words, **stated})
    hook = {"url": "https://label.example/hook", "events": ["case.step"]}
    hooked = client.post("/v1/webhooks", json=hook).json()["id"]
    client.post(f"/v1/cases/{case['id']}:comment", json={"text": "told"}).raise_for_status()
    kept = {"retain": "true"}
    audit = client.post("/v1/audits", files={"file": ("song.wav", GOOD)}, data=kept).headers["location"]
    finished(client, audit)
    clone = client.post("/v1/audits", files={"file": ("copy of Ada.wav", CLONE)}).headers["location"]
    finished(client, clone)
    unread = client.post("/v1/audits", files={"file": ("torn.wav", pairs.BAD)}).headers["location"]
    finished(client, unread)
    pair = {"original": ("song.wav", pairs.SONG), "suspect": ("copy.wav", pairs.COPY)}
    compared = client.post("/v1/comparisons", files=pair, data=kept).headers["location"]
    finished(client, compared)
    policy = client.post("/v1/policies", json={"text": POLICY}).json()["id"]
    begun = client.post("/v1/exports", json={"what": "cases", "format": "csv"})
    export = finished(client, begun.headers["location"])["id"]
    held = client.post("/v1/holds", json={"kind": "case", "id": case["id"], "reason": "a suit"}).json()["id"]
    entered = {"tenant": "label-a", "name": "Label A"}
    client.post("/v1/tenants", json=entered).raise_for_status()
    audit_id = audit.rsplit("/", 1)[1]
    return {
        "start": "/",
        "audits": "/audits",
        "audit": f"/audits/{audit_id}",
        "audit of a clone": clone.removeprefix("/v1"),
        "audit that failed": unread.removeprefix("/v1"),
        "comparisons": "/comparisons",
        "comparison": compared.removeprefix("/v1"),
        "records": "/records",
        "record": f"/records/{record}",
        "artists": "/artists",
        "enrolled": enrolled.removeprefix("/v1"),
        "cases": "/cases",
        "case": f"/cases/{case['id']}",
        "notices": "/notices",
        "notice": f"/notices/{notice}",
        "notice form": "/notices/new?form=no-fakes",
        "settings": "/settings",
        "policies": "/policies",
        "policy": f"/policies/{policy}",
        "policy editor": "/policies/new",
        "policy difference": f"/policies/difference?before=default&after={policy}",
        "policy activation": f"/policies/{policy}/activate",
        "keys": "/keys",
        "members": "/members",
        "webhooks": "/webhooks",
        "webhook": f"/webhooks/{hooked}",
        "webhook deletion": f"/webhooks/{hooked}/delete",
        "retention": "/retention",
        "retention change": "/retention/change?audio_days=30",
        "holds": "/holds",
        "hold": f"/holds/{held}",
        "exports": "/exports",
        "export": f"/exports/{export}",
        "tenants": "/tenants",
        "tenant": "/tenants/label-a",
        "log": "/log",
        "entry": "/log/0",
        "verify": "/verify",
        "reference": "/docs",
        "problem": "/records/0000000000000000",
    }


def _countered(client: httpx.Client | TestClient, counter: dict[str, Any]) -> str:
    """A notice that was answered by a counter-notice, so that days are due."""
    said = {one.name: True if one.kind == "statement" else "as it was sent" for one in FORMS["dmca"].notice}
    notice = client.post("/v1/notices", json={"form": "dmca", "elements": said}).json()["id"]
    for step, body in (("remove", {"reason": "taken down"}), ("counter", {"elements": counter})):
        client.post(f"/v1/notices/{notice}:{step}", json=body).raise_for_status()
    return str(notice)

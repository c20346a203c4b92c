// Has the server check a report; compares the audio here, so that it never leaves this device.
import { _, utc } from "/static/words.js";
const form = document.getElementById("verify");
const list = document.getElementById("checks");
const MOST = 1024 * 1024;

function tell(tone, said) {
  const item = document.createElement("li");
  item.className = tone;
  item.textContent = `${{ good: "✓", bad: "✗", neutral: "·" }[tone]} ${said}`;
  list.append(item);
}

const hex = (data) => Array.from(new Uint8Array(data), (byte) => byte.toString(16).padStart(2, "0")).join("");
const untrue = {
  "signature-invalid": _("This report was changed after it was signed, or another registry signed it: do not rely on it."),
  "proof-invalid": _("The record inside this report is not shown to be in the log: do not rely on it."),
  "unreadable-report": _("This is not a signed report."),
  "invalid-request": _("This is not a signed report."),
};

const decisions = {
  accept: _("It decided: accept."),
  review: _("It decided: review."),
  reject: _("It decided: reject."),
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  list.replaceChildren();
  const report = document.getElementById("report").files[0];
  const audio = document.getElementById("audio").files[0];
  if (report.size > MOST) {
    tell("bad", _("This is not a signed report: it is too large."));
    return;
  }
  let answer;
  try {
    answer = await fetch("/v1/verify", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: await report.arrayBuffer(),
    });
  } catch {
    tell("bad", _("The server cannot be reached."));
    return;
  }
  const said = await answer.json();
  if (!answer.ok) {
    tell("bad", untrue[said.code] || said.detail || said.title);
    return;
  }
  tell("good", _("This registry signed it on %(moment)s, with key %(key)s, and it is unchanged.", { moment: utc(said.created_at), key: said.keyid.slice(0, 16) }));
  tell("neutral", _("It is about “%(file)s”, SHA-256 %(digest)s.", { file: said.audited_file.name, digest: said.audited_file.sha256 }));
  if (said.record_id) tell("good", _("The record %(record)s inside it is signed, and its proof leads to the log.", { record: said.record_id }));
  tell("neutral", decisions[said.decision.action] || said.decision.action);
  for (const rule of said.decision.rules) tell("neutral", rule.text);
  if (!audio) return;
  const digest = hex(await crypto.subtle.digest("SHA-256", await audio.arrayBuffer()));
  if (digest === said.audited_file.sha256) tell("good", _("The audio that you chose is that file, byte for byte."));
  else tell("bad", _("The audio that you chose is another file, or was changed since."));
});

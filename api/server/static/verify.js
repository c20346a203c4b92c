// Has the server check a report; compares the audio here, so that it never leaves this device.
import { _, busy, utc } from "/static/words.js";
const form = document.getElementById("verify");
const list = document.getElementById("checks");
const asked = document.getElementById("claimed");
const claims = document.getElementById("claims");
const MOST = 1024 * 1024;
const MOST_FILES = 20;

function tell(tone, said, where = list) {
  const item = document.createElement("li");
  item.className = tone;
  item.textContent = `${{ good: "✓", bad: "✗", neutral: "·" }[tone]} ${said}`;
  where.append(item);
}

const clock = (seconds) => {
  const whole = Math.floor(seconds + 0.5); // as the page itself tells moments
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};
const hex = (data) => Array.from(new Uint8Array(data), (byte) => byte.toString(16).padStart(2, "0")).join("");
const untrue = {
  "signature-invalid": _("This report was changed after it was signed, or another registry signed it: do not rely on it."),
  "proof-invalid": _("The record inside this report is not shown to be in the log: do not rely on it."),
  "unreadable-report": _("This is not a signed report."),
  "invalid-request": _("This is not a signed report."),
};

const names = {
  original: _("Original"),
  suspect: _("Suspected copy"),
};
const same = {
  file: _("The audio that you chose is that file, byte for byte."),
  original: _("One of the files that you chose is the original, byte for byte."),
  suspect: _("One of the files that you chose is the suspected copy, byte for byte."),
};
const MOST_STRETCHES = 20;

const decisions = {
  accept: _("It decided: accept."),
  review: _("It decided: review."),
  reject: _("It decided: reject."),
};

// What a comparison found, and what does not follow from it.
function aligned(found) {
  if (found.outcome !== "done") tell("neutral", _("The two files could not be compared; nothing follows from that."));
  else if (!found.stretches.length) tell("neutral", _("No stretch of one was found in the other; that does not show that they are different works."));
  for (const one of found.stretches.slice(0, MOST_STRETCHES)) {
    const values = { from: clock(one.start_s), to: clock(one.end_s), there: clock(one.original_start_s), end: clock(one.original_end_s) };
    tell("neutral", _("%(from)s to %(to)s of the suspected copy is the same recording as %(there)s to %(end)s of the original.", values));
  }
  if (found.stretches.length > MOST_STRETCHES) tell("neutral", _("Further stretches stand in the report: %(count)s.", { count: found.stretches.length - MOST_STRETCHES }));
}

// The SHA-256 of a file, or null where this browser cannot make it: a file that is gone, or too large for its
// memory, or a page that came over an unencrypted connection.
async function digestOf(file) {
  try {
    return hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  } catch {
    return null;
  }
}

async function check() {
  list.replaceChildren();
  const report = document.getElementById("report").files[0];
  const audio = document.getElementById("audio").files;
  if (report.size > MOST) {
    tell("bad", _("This is not a signed report: it is too large."));
    return;
  }
  const answer = await ask("/v1/verify", report, list);
  if (answer === null) return;
  const said = answer.said;
  if (!answer.ok) {
    tell("bad", untrue[said.code] || said.detail || said.title);
    return;
  }
  const comparison = said.kind === "comparison";
  tell("neutral", comparison ? _("This is the report of a comparison of two files.") : _("This is the report of an audit of one file."));
  tell("good", _("This registry signed it on %(moment)s, with key %(key)s, and it is unchanged.", { moment: utc(said.created_at), key: said.keyid.slice(0, 16) }));
  const files = comparison ? said.compared_files : { file: said.audited_file };
  for (const [role, file] of Object.entries(files)) {
    const values = { role: names[role], file: file.name, digest: file.sha256 };
    tell("neutral", comparison ? _("%(role)s: “%(file)s”, SHA-256 %(digest)s.", values) : _("It is about “%(file)s”, SHA-256 %(digest)s.", values));
  }
  const records = comparison ? Object.values(said.record_ids) : [said.record_id];
  for (const record of new Set(records)) if (record) tell("good", _("The record %(record)s inside it is signed, and its proof leads to the log.", { record }));
  for (const [role, claim] of Object.entries(said.claims)) {
    const values = { role: names[role], record: claim.record_id, title: claim.title, owners: claim.owners.join(", ") };
    tell("neutral", comparison
      ? _("%(role)s: record %(record)s claims “%(title)s” for %(owners)s.", values)
      : _("Record %(record)s claims “%(title)s” for %(owners)s.", values));
  }
  if (Object.keys(said.claims).length) tell("neutral", _("A record proves who claimed the recording, and when; not that the claim is true."));
  if (comparison) aligned(said.alignment);
  else {
    tell("neutral", decisions[said.decision.action] || said.decision.action);
    for (const rule of said.decision.rules) tell("neutral", rule.text);
  }
  for (const file of audio) {
    const digest = await digestOf(file);
    if (digest === null) {
      tell("bad", _("The audio “%(file)s” could not be compared here: whether it is that file stays open.", { file: file.name }));
      continue;
    }
    const held = Object.keys(files).filter((role) => files[role].sha256 === digest);
    for (const role of held) tell("good", same[role]);
    if (!held.length) tell("bad", _("The audio “%(file)s” that you chose is another file, or was changed since.", { file: file.name }));
  }
}

const standings = {
  disputed: _("This claim is disputed."),
  revoked: _("This record was withdrawn for good, by an owner or by its issuer."),
};

// Sends JSON and gives the answer, or tells why there is none.
async function ask(address, body, where) {
  let answer;
  try {
    answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  } catch {
    tell("bad", _("The file cannot be read, or the server cannot be reached. Nothing was checked."), where);
    return null;
  }
  try {
    return { ok: answer.ok, said: await answer.json() };
  } catch {
    tell("bad", _("The server gave no usable answer. Nothing was checked."), where);
    return null;
  }
}

// Who claims one file in public; only its digest is sent. False where asking on is of no use.
async function lookUp(file) {
  if (!file.size) {
    tell("bad", _("“%(file)s” is empty (0 bytes): nothing was looked up.", { file: file.name }), claims);
    return true;
  }
  const digest = await digestOf(file);
  if (digest === null) {
    tell("bad", _("The SHA-256 of “%(file)s” could not be computed here; who claims it stays open.", { file: file.name }), claims);
    return true;
  }
  tell("neutral", _("“%(file)s”, SHA-256 %(digest)s.", { file: file.name, digest }), claims);
  const answer = await ask("/v1/verify/claims", JSON.stringify({ sha256: digest }), claims);
  if (answer === null) return false;
  const said = answer.said;
  if (!answer.ok) {
    const unsound = ["signature-invalid", "proof-invalid"].includes(said.code);
    tell("bad", unsound ? _("What this registry holds about the file does not verify: rely on none of it.") : said.detail || said.title, claims);
    return unsound;
  }
  for (const one of said.claims) {
    const values = { record: one.record_id, title: one.title, owners: one.owners.join(", "), moment: utc(one.logged_at), entry: one.leaf_index };
    const revised = { ...values, revision: one.revision, newest: one.revision_index };
    tell("good", one.revision > 1
      ? _("Record %(record)s claims “%(title)s” for %(owners)s: signed, as its revision %(revision)s and entry %(newest)s of the log. The record itself is entry %(entry)s, since %(moment)s; it said something else then.", revised)
      : _("Record %(record)s claims “%(title)s” for %(owners)s: signed, and entry %(entry)s of the log since %(moment)s.", values), claims);
    if (standings[one.status]) tell("bad", standings[one.status], claims);
  }
  if (said.more) tell("neutral", _("More records claim it than are told here."), claims);
  if (!said.claims.length) tell("neutral", _("No public record names this very file. Somebody may claim it all the same: records are private unless their owner says otherwise, and a copy in another format is not found."), claims);
  return true;
}

async function lookUpAll() {
  claims.replaceChildren();
  const chosen = [...document.getElementById("file").files];
  for (const file of chosen.slice(0, MOST_FILES)) if (!(await lookUp(file))) return;
  if (chosen.length > MOST_FILES) tell("bad", _("Only the first %(count)s files were looked up.", { count: MOST_FILES }), claims);
}

// One answer at a time: two would write into one list.
function onSubmit(form, answer) {
  const button = form.querySelector("button[type=submit]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy(button)) return;
    busy(button, true);
    await answer();
    busy(button, false);
  });
}
onSubmit(form, check);
onSubmit(asked, lookUpAll);

// Many files, progress while sending, and drag and drop. Without this script the form works as a plain form.
import { begun, forget, unfinished } from "/static/batch.js";
import { _, busy, fault } from "/static/words.js";
import { send, size } from "/static/sending.js";

const form = document.getElementById("upload");
const file = document.getElementById("file");
const drop = document.getElementById("drop");
const error = document.getElementById("error");
const title = document.getElementById("title");
const hint = document.getElementById("chosen");
const left = document.getElementById("left");
const button = form.querySelector("button[type=submit]");
const sending = document.getElementById("sending");
const bar = document.getElementById("sent");
const text = document.getElementById("sent-text");
const counts = document.getElementById("sent-counts");
const signIn = document.getElementById("sent-sign-in");
const rows = document.getElementById("sent-files");
file.multiple = true;

function chosen() {
  const files = Array.from(file.files);
  if (!files.length) return;
  const all = size(files.reduce((sum, one) => sum + one.size, 0));
  title.textContent = files.length === 1 ? files[0].name : _("%(count)s files", { count: files.length });
  hint.textContent = _("%(size)s, ready", { size: all });
}

function fail(answer) {
  fault(error, answer);
  error.hidden = false;
  busy(button, false);
  sending.hidden = true;
}

// One line for each file; those that were refused come first, so that no thousand others hide them.
function row(one, answer) {
  const item = document.createElement("li");
  const name = document.createElement("bdi");
  name.textContent = one.name;
  if (answer.id) {
    const link = document.createElement("a");
    link.href = `/audits/${encodeURIComponent(answer.id)}`;
    link.append(name);
    item.append(link);
    rows.append(item);
  } else {
    item.className = "bad";
    const why = document.createElement("span");
    fault(why, answer);
    item.append(name, ": ", why);
    rows.insertBefore(item, rows.querySelector("li:not(.bad)"));
  }
}

function count() {
  const refused = rows.querySelectorAll(".bad").length;
  const values = { sent: rows.children.length - refused, refused };
  counts.textContent = refused ? _("%(sent)s sent, %(refused)s refused", values) : _("%(sent)s sent", values);
}

file.addEventListener("change", chosen);
for (const kind of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) {
      file.files = event.dataTransfer.files;
      chosen();
    }
  });
}

const SURE_S = 3;

// How long the rest takes at the pace so far; nothing before a pace is known.
function timeLeft(share, sinceMs) {
  const spent = (performance.now() - sinceMs) / 1000;
  if (spent < SURE_S || share <= 0 || share >= 1) return "";
  const rest = Math.ceil((spent * (1 - share)) / share);
  if (rest < 60) return _("about %(seconds)s s left", { seconds: rest });
  return _("about %(minutes)s min left", { minutes: Math.ceil(rest / 60) });
}

// Whoever leaves while files are sent is asked first.
function stay(event) {
  event.preventDefault();
}

// Sends files in turn. A batch that is not done stays remembered.
async function sendAll(files, wishes) {
  const bytes = files.reduce((sum, one) => sum + one.size, 0) || 1;
  const many = files.length > 1;
  const batch = many ? begun(files, new URLSearchParams(wishes).toString()) : [{ file: files[0] }];
  const travels = batch.reduce((sum, one) => sum + (one.id ? 0 : one.file.size), 0) || 1;
  const since = performance.now();
  let before = 0;
  let travelled = 0;
  for (const [place, one] of batch.entries()) {
    const which = many ? [_("%(place)s of %(count)s", { place: place + 1, count: files.length }), `: ${one.file.name}`].join("") : "";
    const told = (said) => {
      text.textContent = [which, said].filter(Boolean).join(", ");
    };
    const tell = (share) => {
      bar.value = Math.floor((100 * (before + share * one.file.size)) / bytes);
      const now = share < 1 ? `${Math.round(100 * share)} %` : _("reading the file");
      told([now, timeLeft((travelled + share * one.file.size) / travels, since)].filter(Boolean).join(", "));
    };
    const say = (said, ended) => {
      told(said);
      signIn.hidden = !ended;
    };
    let answer = one;
    if (!one.id) {
      tell(0);
      one.note?.();
      const asked = new FormData();
      for (const [name, value] of wishes) asked.set(name, value);
      answer = await send("/v1/audits", asked, [["file", one.file]], () => "upload_id", tell, say, one.key);
    }
    if (answer.forbidden || (!many && answer.problem)) {
      fail(answer);
      return;
    }
    if (!many) {
      window.removeEventListener("beforeunload", stay);
      window.location.assign(`/audits/${encodeURIComponent(answer.id)}`);
      return;
    }
    if (answer.id) one.note(answer.id);
    before += one.file.size;
    if (answer !== one) travelled += one.file.size;
    row(one.file, answer);
    count();
  }
  forget();
  bar.value = 100;
  text.textContent = _("done; each name that was sent leads to its audit");
  busy(button, false);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy(button)) return;
  const wishes = Array.from(new FormData(form)).filter(([name, value]) => name !== "file" && value);
  error.hidden = true;
  left.hidden = true;
  busy(button, true);
  sending.hidden = false;
  hint.textContent = "";
  rows.replaceChildren();
  counts.textContent = "";
  window.addEventListener("beforeunload", stay);
  await sendAll(Array.from(file.files), wishes);
  window.removeEventListener("beforeunload", stay);
});

const before = unfinished();
if (before) {
  left.querySelector("span").textContent = _("When this page was left, %(sent)s of %(count)s files had been sent. Choose the same files again: those are not sent twice.", before);
  left.querySelector("button").addEventListener("click", () => {
    forget();
    left.hidden = true;
  });
  left.hidden = false;
}

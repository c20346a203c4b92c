// Many files, progress while sending, and drag and drop. Without this script the form works as a plain form.
import { _ } from "/static/words.js";
import { send, size } from "/static/sending.js";

const form = document.getElementById("upload");
const file = document.getElementById("file");
const drop = document.getElementById("drop");
const error = document.getElementById("error");
const title = document.getElementById("title");
const hint = document.getElementById("chosen");
const button = form.querySelector("button[type=submit]");
const sending = document.getElementById("sending");
const bar = document.getElementById("sent");
const text = document.getElementById("sent-text");
const rows = document.getElementById("sent-files");
file.multiple = true;

function chosen() {
  const files = Array.from(file.files);
  if (!files.length) return;
  const all = size(files.reduce((sum, one) => sum + one.size, 0));
  title.textContent = files.length === 1 ? files[0].name : _("%(count)s files", { count: files.length });
  hint.textContent = _("%(size)s, ready", { size: all });
}

function fail(said) {
  error.textContent = said;
  error.hidden = false;
  button.disabled = false;
  sending.hidden = true;
}

function row(one, answer) {
  const item = document.createElement("li");
  const name = document.createElement("bdi");
  name.textContent = one.name;
  if (answer.id) {
    const link = document.createElement("a");
    link.href = `/audits/${encodeURIComponent(answer.id)}`;
    link.append(name);
    item.append(link);
  } else {
    item.className = "bad";
    item.append(name, `: ${answer.problem}`);
  }
  rows.append(item);
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

// Whoever leaves while files are sent is asked first.
function stay(event) {
  event.preventDefault();
}

async function sendAll() {
  const files = Array.from(file.files);
  error.hidden = true;
  button.disabled = true;
  sending.hidden = false;
  rows.replaceChildren();
  for (const [place, one] of files.entries()) {
    const which = files.length === 1 ? "" : [_("%(place)s of %(count)s", { place: place + 1, count: files.length }), `: ${one.name}, `].join("");
    const wishes = new FormData(form);
    wishes.delete("file");
    if (!wishes.get("artist")) wishes.delete("artist");
    const tell = (share) => {
      bar.value = Math.round(100 * share);
      text.textContent = which + (share < 1 ? `${bar.value} %` : _("reading the file"));
    };
    const say = (said) => {
      text.textContent = which + said;
    };
    const answer = await send("/v1/audits", wishes, [["file", one]], () => "upload_id", tell, say);
    if (answer.ended) {
      fail([answer.problem, _("Sign in again; what was sent before is kept.")].join(" "));
      const link = document.createElement("a");
      link.href = "/";
      link.textContent = [" ", _("Sign in")].join("");
      error.append(link);
      return;
    }
    if (files.length === 1) {
      window.removeEventListener("beforeunload", stay);
      if (answer.id) window.location.assign(`/audits/${encodeURIComponent(answer.id)}`);
      else fail(answer.problem);
      return;
    }
    row(one, answer);
  }
  text.textContent = _("all sent; each name leads to its audit");
  button.disabled = false;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  window.addEventListener("beforeunload", stay);
  await sendAll();
  window.removeEventListener("beforeunload", stay);
});

// Many files, progress while sending, and drag and drop. Without this script the form works as a plain form.
"use strict";
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

function size(bytes) {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} kB`;
  return `${(bytes / (1024 * 1024)).toFixed(1)} MB`;
}

function chosen() {
  const files = Array.from(file.files);
  if (!files.length) return;
  const all = size(files.reduce((sum, one) => sum + one.size, 0));
  title.textContent = files.length === 1 ? files[0].name : `${files.length} files`;
  hint.textContent = `${all}, ready`;
}

function fail(said) {
  error.textContent = said;
  error.hidden = false;
  button.disabled = false;
  sending.hidden = true;
}

// Sends one file; gives {id} or {problem}.
function send(one, tell) {
  const body = new FormData(form);
  body.delete("file");
  if (!body.get("artist")) body.delete("artist");
  body.append("file", one);
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (step) => {
    if (step.lengthComputable) tell(Math.round((100 * step.loaded) / step.total));
  });
  return new Promise((done) => {
    request.addEventListener("load", () => {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        answer = { detail: "The server gave no usable answer." };
      }
      if (request.status === 202) done({ id: answer.id });
      else if (request.status === 401) done({ ended: true, problem: "Your session has ended." });
      else done({ problem: answer.detail || answer.title, wait: Number(request.getResponseHeader("Retry-After")) });
    });
    request.addEventListener("error", () => done({ problem: "The server cannot be reached." }));
    request.open("POST", "/v1/audits");
    request.send(body);
  });
}

const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

// A server that asks for patience gets it; anything else is told.
async function sent(one, tell) {
  for (;;) {
    const answer = await send(one, tell);
    if (!(answer.wait > 0)) return answer;
    text.textContent = `${one.name}: the server asks to wait ${answer.wait} s`;
    await pause(answer.wait);
  }
}

function row(one, answer) {
  const item = document.createElement("li");
  if (answer.id) {
    const link = document.createElement("a");
    link.href = `/audits/${encodeURIComponent(answer.id)}`;
    link.textContent = one.name;
    item.append(link);
  } else {
    item.className = "bad";
    item.textContent = `${one.name}: ${answer.problem}`;
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

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const files = Array.from(file.files);
  error.hidden = true;
  button.disabled = true;
  sending.hidden = false;
  rows.replaceChildren();
  for (const [place, one] of files.entries()) {
    const which = files.length === 1 ? "" : `${place + 1} of ${files.length}: ${one.name}, `;
    const answer = await sent(one, (percent) => {
      bar.value = percent;
      text.textContent = which + (percent < 100 ? `${percent} %` : "reading the file");
    });
    if (answer.ended) {
      fail(`${answer.problem} Sign in again; what was sent before is kept.`);
      const link = document.createElement("a");
      link.href = "/";
      link.textContent = " Sign in";
      error.append(link);
      return;
    }
    if (files.length === 1) {
      if (answer.id) window.location.assign(`/audits/${encodeURIComponent(answer.id)}`);
      else fail(answer.problem);
      return;
    }
    row(one, answer);
  }
  text.textContent = "all sent; each name leads to its audit";
  button.disabled = false;
});

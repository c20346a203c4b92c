// Progress while sending, and drag and drop. Without this script the form works as a plain form.
"use strict";
const form = document.getElementById("upload");
const file = document.getElementById("file");
const drop = document.getElementById("drop");
const error = document.getElementById("error");
const hint = document.getElementById("chosen");
const button = form.querySelector("button[type=submit]");

function chosen() {
  if (file.files.length) hint.textContent = file.files[0].name;
}

function fail(text) {
  error.textContent = text;
  error.hidden = false;
  button.disabled = false;
  document.getElementById("sending").hidden = true;
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

form.addEventListener("submit", (event) => {
  event.preventDefault();
  error.hidden = true;
  button.disabled = true;
  const sending = document.getElementById("sending");
  const bar = document.getElementById("sent");
  const text = document.getElementById("sent-text");
  sending.hidden = false;
  const body = new FormData(form);
  if (!body.get("artist")) body.delete("artist");
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (step) => {
    const percent = step.lengthComputable ? Math.round((100 * step.loaded) / step.total) : 0;
    bar.value = percent;
    text.textContent = percent < 100 ? `${percent} %` : "done, reading the file";
  });
  request.addEventListener("load", () => {
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      answer = { detail: "The server gave no usable answer." };
    }
    if (request.status === 202) window.location.assign(`/audits/${encodeURIComponent(answer.id)}`);
    else fail(answer.detail || answer.title);
  });
  request.addEventListener("error", () => fail("The server cannot be reached."));
  request.open("POST", "/v1/audits");
  request.send(body);
});

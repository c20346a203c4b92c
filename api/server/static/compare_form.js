// Progress while both files are sent. Without this script the form works as a plain form.
import { _, busy, fault } from "/static/words.js";
import { send } from "/static/sending.js";

const form = document.getElementById("compare");
const error = document.getElementById("error");
const button = form.querySelector("button[type=submit]");
const sending = document.getElementById("sending");
const bar = document.getElementById("sent");
const text = document.getElementById("sent-text");
const signIn = document.getElementById("sent-sign-in");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy(button)) return;
  const files = ["original", "suspect"].map((role) => [role, document.getElementById(role).files[0]]);
  const wishes = new FormData(form);
  for (const [role] of files) wishes.delete(role);
  error.hidden = true;
  busy(button, true);
  sending.hidden = false;
  const tell = (share) => {
    bar.value = Math.round(100 * share);
    text.textContent = share < 1 ? `${bar.value} %` : _("reading the files");
  };
  const say = (said, ended) => {
    text.textContent = said;
    signIn.hidden = !ended;
  };
  const answer = await send("/v1/comparisons", wishes, files, (role) => `${role}_upload_id`, tell, say);
  if (answer.id) {
    window.location.assign(`/comparisons/${encodeURIComponent(answer.id)}`);
    return;
  }
  fault(error, answer);
  error.hidden = false;
  busy(button, false);
  sending.hidden = true;
});

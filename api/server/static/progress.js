// Follows a running audit or comparison and shows its findings when it is done.
import { _ } from "/static/words.js";

const running = document.getElementById("running");
const stage = document.getElementById("stage");
const bar = document.getElementById("progress");
const names = {
  decode: _("Reading the audio"),
  watermark: _("Looking for the watermark"),
  credentials: _("Reading content credentials"),
  fingerprint: _("Comparing with registered tracks"),
  music: _("Listening for traces of generators"),
  voice: _("Comparing the voice"),
  originality: _("Comparing melody, rhythm, timbre and structure"),
  decide: _("Putting the findings together"),
  align: _("Aligning the two recordings"),
  done: _("Writing the report"),
};

function say(text) {
  if (stage.textContent !== text) stage.textContent = text;
}

async function follow() {
  try {
    const answer = await fetch(running.dataset.job, { headers: { Accept: "application/json" } });
    if (answer.status === 401 || answer.status === 404) {
      window.location.reload(); // the page itself asks for the key again, or says that the audit is gone
      return;
    }
    if (answer.ok) {
      const job = await answer.json();
      if (job.state !== "queued" && job.state !== "running") {
        window.location.reload();
        return;
      }
      bar.value = Math.round(100 * job.progress);
      say(job.state === "queued" ? _("Waiting for its turn") : names[job.stage] || job.stage || _("Starting"));
    }
  } catch {
    say(_("The server does not answer; trying again"));
  }
  setTimeout(follow, 1000);
}

say(names[stage.textContent] || stage.textContent);
follow();

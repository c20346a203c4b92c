// Waveform, play, and one cursor over all lanes. Without this script the browser's own player is there.
import { _ } from "/static/words.js";
import WaveSurfer from "/static/vendor/wavesurfer.esm.js";

const player = document.getElementById("player");
const sound = document.getElementById("sound");
const play = document.getElementById("play");
const clock = document.getElementById("clock");
const lanes = document.getElementById("lanes");
const cursor = document.getElementById("cursor");
const duration = Number(player.dataset.duration);
const style = getComputedStyle(document.documentElement);
let stopAt = null;

function minutes(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

// Where the axis lies inside the lanes, in pixels: the waveform's box is its measure.
function axis() {
  const outer = lanes.getBoundingClientRect();
  const inner = document.getElementById("wave").getBoundingClientRect();
  return { left: inner.left - outer.left, width: inner.width };
}

function show(seconds) {
  const { left, width } = axis();
  cursor.hidden = false;
  cursor.style.left = `${left + (width * Math.min(seconds, duration)) / duration}px`;
  clock.textContent = `${minutes(seconds)} / ${minutes(duration)}`;
}

// A pause before the sound has begun rejects the promise; nothing is wrong then.
function begin() {
  sound.play().catch(() => {});
}

function hear(from, to) {
  show(from);
  if (!sound) return;
  sound.currentTime = from;
  stopAt = to;
  begin();
}

async function start() {
  const answer = await fetch(player.dataset.outline);
  if (!answer.ok) return;
  const outline = await answer.json();
  const wave = WaveSurfer.create({
    container: "#wave",
    height: 72,
    waveColor: style.getPropertyValue("--quiet").trim(),
    progressColor: style.getPropertyValue("--brand").trim(),
    cursorWidth: 0,
    peaks: [outline.high, outline.low],
    duration,
    media: sound || undefined,
    cspNonce: player.dataset.nonce,
  });
  wave.on("interaction", (seconds) => {
    stopAt = null;
    show(seconds);
  });
}

if (sound) {
  sound.hidden = true;
  play.closest(".controls").hidden = false;
  play.addEventListener("click", () => {
    stopAt = null;
    if (sound.paused) begin();
    else sound.pause();
  });
  for (const kind of ["play", "pause", "ended"]) {
    sound.addEventListener(kind, () => {
      play.textContent = sound.paused ? _("Play") : _("Pause");
    });
  }
  sound.addEventListener("timeupdate", () => {
    show(sound.currentTime);
    if (stopAt !== null && sound.currentTime >= stopAt) {
      stopAt = null;
      sound.pause();
    }
  });
}

document.addEventListener("click", (event) => {
  const stretch = event.target.closest("[data-from]");
  if (stretch) hear(Number(stretch.dataset.from), Number(stretch.dataset.to));
});
start();

// Waveform, play, and one cursor over all lanes. Without this script the browser's own player is there.
import { _ } from "/static/words.js";
import WaveSurfer from "/static/vendor/wavesurfer.esm.js";

const player = document.getElementById("player");
const sound = document.getElementById("sound");
const play = document.getElementById("play");
const clock = document.getElementById("clock");
const lanes = document.getElementById("lanes");
const cursor = document.getElementById("cursor");
const seek = document.getElementById("seek");
const here = document.getElementById("here");
const duration = Number(player.dataset.duration);
const style = getComputedStyle(document.documentElement);
let stopAt = null;

function minutes(seconds) {
  const whole = Math.floor(seconds + 0.5); // as the page itself tells moments
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
  const said = told(seconds).join(" · ");
  seek.value = seconds;
  seek.setAttribute("aria-valuetext", [minutes(seconds), said].filter(Boolean).join("; "));
  here.textContent = said;
  here.hidden = !said;
}

// What every lane shows at a moment: what a pointer is told by hovering over it.
function told(seconds) {
  const bars = Array.from(lanes.querySelectorAll("rect[data-from]"));
  const under = bars.filter((one) => Number(one.dataset.from) <= seconds && seconds < Number(one.dataset.to));
  return under.map((one) => {
    const lane = one.closest(".lane").querySelector("h3").firstChild.textContent.trim();
    return `${lane}: ${one.textContent.trim()}`;
  });
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

// The waveform is for pointers; this is the same for keys and voices.
seek.step = Math.max(duration / 1000, 0.01);
seek.closest(".controls").hidden = false;
seek.addEventListener("input", () => {
  stopAt = null;
  if (sound) sound.currentTime = Number(seek.value);
  show(Number(seek.value));
});

if (sound) {
  sound.hidden = true;
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

// One cursor over both lanes, a stretch to hear, and the other file at the same place. Without this script
// the browser's own players are there.
const lanes = document.getElementById("lanes");
const cursor = document.getElementById("cursor");
const controls = document.getElementById("pair-controls");
const undo = document.getElementById("undo");
const players = new Map(Array.from(document.querySelectorAll("audio"), (one) => [one.dataset.role, one]));
const [start, end, offset, speed] = ["start", "end", "offset", "speed"].map((name) => Number(lanes.dataset[name]));
let hearing = null; // the stretch that plays: its button, and where it stops

const other = (role) => (role === "original" ? "suspect" : "original");

// A pause before the sound has begun rejects the promise; nothing is wrong then.
function begin(sound) {
  sound.play().catch(() => {});
}

function show(role, seconds) {
  const place = role === "original" ? seconds : offset + speed * seconds;
  const outer = lanes.getBoundingClientRect();
  const inner = lanes.querySelector(".wave svg").getBoundingClientRect();
  cursor.hidden = false;
  cursor.style.left = `${inner.left - outer.left + (inner.width * (place - start)) / (end - start)}px`;
}

function choose(number) {
  for (const one of document.querySelectorAll("[data-number]")) {
    one.classList.toggle("chosen", one.dataset.number === number);
  }
}

function hear(button, at) {
  const { role, number, from, to } = button.dataset;
  const sound = players.get(role);
  choose(number);
  hearing = { button, to: Number(to) };
  players.get(other(role))?.pause();
  sound.currentTime = at ?? Number(from);
  show(role, sound.currentTime);
  begin(sound);
}

function buttonOf(role, number) {
  return document.querySelector(`button.hear[data-role="${role}"][data-number="${number}"]`);
}

document.addEventListener("click", (event) => {
  const one = event.target.closest("[data-number][data-role]");
  const button = one && (one.matches("button") ? one : buttonOf(one.dataset.role, one.dataset.number));
  if (button) hear(button);
});

for (const [role, sound] of players) {
  sound.addEventListener("play", () => players.get(other(role))?.pause());
  sound.addEventListener("timeupdate", () => {
    if (sound.paused) return;
    show(role, sound.currentTime);
    if (hearing?.button.dataset.role === role && sound.currentTime >= hearing.to) {
      hearing = null;
      sound.pause();
    }
  });
}

if (controls) {
  controls.hidden = false;
  document.getElementById("switch").addEventListener("click", () => {
    const button = hearing?.button ?? document.querySelector("button.hear");
    const role = button.dataset.role;
    const into = Math.max(0, players.get(role).currentTime - Number(button.dataset.from));
    const ratio = Number(button.dataset.speed);
    const there = buttonOf(other(role), button.dataset.number);
    const at = Number(there.dataset.from) + (role === "original" ? into / ratio : into * ratio);
    hear(there, Math.min(at, Number(there.dataset.to)));
  });
  undo?.addEventListener("change", () => {
    const copy = players.get("suspect");
    copy.preservesPitch = "keepsPitch" in controls.dataset;
    copy.playbackRate = undo.checked ? 1 / speed : 1;
  });
}

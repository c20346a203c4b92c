// Chooses all lines of a list at once, and says how many are chosen. Without this script each is chosen alone.
import { _ } from "/static/words.js";

const all = document.getElementById("choose-all");
const count = document.getElementById("chosen-count");
const boxes = Array.from(document.querySelectorAll("input[name^='one-']"));

function told() {
  const chosen = boxes.filter((one) => one.checked).length;
  count.textContent = chosen ? _("%(count)s chosen", { count: chosen }) : "";
  all.checked = chosen === boxes.length;
  all.indeterminate = chosen > 0 && chosen < boxes.length;
}

all.addEventListener("change", () => {
  for (const one of boxes) one.checked = all.checked;
  told();
});
for (const one of boxes) one.addEventListener("change", told);

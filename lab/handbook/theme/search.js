// Search in the browser, in an index that lies beside the pages: no server, no network.
const form = document.querySelector("form[role=search]");
const field = form.querySelector("input"), told = form.querySelector("p"), list = form.querySelector("ol");
const MOST = 20;

function load() {
  if (window.searchIndex || document.querySelector("script[data-index]")) return;
  const script = document.createElement("script");
  script.src = form.dataset.index;
  script.dataset.index = "";
  script.addEventListener("load", search);
  script.addEventListener("error", () => { told.textContent = "The index could not be loaded."; });
  document.head.append(script);
}

const words = (text) => text.toLowerCase().split(/[^\p{L}\p{N}_]+/u).filter(Boolean);

// Every word must begin a word of the entry; in the title it counts ten times as much as in the text.
function score(entry, wanted) {
  entry.inTitle ??= words(entry.title);
  entry.inText ??= words(entry.text);
  let sum = 0;
  for (const word of wanted) {
    const title = entry.inTitle.some((one) => one.startsWith(word));
    const text = entry.inText.filter((one) => one.startsWith(word)).length;
    if (!title && !text) return 0;
    sum += (title ? 10 : 0) + Math.min(text, 5);
  }
  return sum;
}

function around(text, word) {
  const at = Math.max(0, text.toLowerCase().indexOf(word) - 60);
  return (at ? "… " : "") + text.slice(at, at + 160).trim();
}

function show(entry, wanted) {
  const item = document.createElement("li"), link = document.createElement("a"), text = document.createElement("span");
  link.href = `${form.dataset.base}/${entry.location}`;
  link.textContent = entry.title;
  text.textContent = around(entry.text, wanted[0]);
  item.append(link, text);
  return item;
}

function search() {
  const wanted = words(field.value);
  list.replaceChildren();
  told.textContent = "";
  if (!wanted.length || !window.searchIndex) return;
  const found = window.searchIndex.map((entry) => [score(entry, wanted), entry]).filter(([sum]) => sum);
  found.sort(([one], [other]) => other - one);
  told.textContent = found.length ? `${found.length} found` : "Nothing found. Try fewer or shorter words.";
  list.append(...found.slice(0, MOST).map(([, entry]) => show(entry, wanted)));
}

form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
field.addEventListener("focus", load);
field.addEventListener("input", () => { load(); search(); });
field.addEventListener("keydown", (event) => { if (event.key === "Escape") { field.value = ""; search(); } });

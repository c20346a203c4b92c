// What the scripts say, in the language of the page: English stands in the scripts, the page brings the rest.
const brought = document.getElementById("script-words");
const known = brought ? JSON.parse(brought.textContent) : {};
const language = document.documentElement.lang;

// A message with its values, which it names as %(name)s.
export function _(message, values = {}) {
  return (known[message] ?? message).replace(/%\((\w+)\)s|%%/g, (_all, name) => (name ? values[name] : "%"));
}

// A moment in UTC, to the second: in English in the order of ISO 8601, which no country's can be taken for.
export function utc(moment) {
  if (language === "en") return `${new Date(moment).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const shown = { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" };
  return `${new Date(moment).toLocaleString(language, shown)} UTC`;
}

// A number with the signs of the language.
export function number(value, digits = 0) {
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false });
}

// Whether a form is being sent. Its button stays where the keyboard is: one that is disabled loses the focus.
export function busy(button, now) {
  if (now === undefined) return button.getAttribute("aria-disabled") === "true";
  button.setAttribute("aria-disabled", now);
  return now;
}

// What went wrong, in the language of the page; of what the server says in English only, its title is not.
export function fault(element, answer) {
  element.textContent = answer.problem;
  if (!answer.foreign) return;
  const words = document.createElement("span");
  words.lang = "en";
  words.textContent = answer.problem;
  element.replaceChildren(...(answer.title ? [`${answer.title}: `] : []), words);
}

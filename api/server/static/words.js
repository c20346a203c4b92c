// What the scripts say, in the language of the page: English stands in the scripts, the page brings the rest.
const brought = document.getElementById("script-words");
const known = brought ? JSON.parse(brought.textContent) : {};
const language = document.documentElement.lang;

// A message with its values, which it names as %(name)s.
export function _(message, values = {}) {
  return (known[message] ?? message).replace(/%\((\w+)\)s|%%/g, (_all, name) => (name ? values[name] : "%"));
}

// A number with the signs of the language.
export function number(value, digits = 0) {
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false });
}

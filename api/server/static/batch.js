// What was sent of many files, kept by the browser until all of them are: whoever closes the page, and chooses
// the same files again, sends the rest of them only.
import { newKey } from "/static/sending.js";

const PLACE = "trackmark batch";

function kept() {
  try {
    return JSON.parse(localStorage.getItem(PLACE));
  } catch {
    return null;
  }
}

// A browser that keeps nothing, or no more, sends all the same.
function keep(batch) {
  try {
    localStorage.setItem(PLACE, JSON.stringify(batch));
  } catch {
    localStorage.removeItem(PLACE);
  }
}

// Names of files that tell them apart, also those that are called the same.
function namesOf(files) {
  const seen = new Map();
  return files.map((file) => {
    const name = `${file.name} ${file.size} ${file.lastModified}`;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return `${name} ${seen.get(name)}`;
  });
}

// How many files were sent of how many before the page was left; null where nothing was left undone.
export function unfinished() {
  const batch = kept();
  if (!batch) return null;
  return { sent: Object.values(batch.files).filter((one) => one.id).length, count: batch.count };
}

export function forget() {
  localStorage.removeItem(PLACE);
}

// The files of a batch with what is known of each: [{file, id, key}], {id} of what was made of it before.
//   files: that were chosen
//   wishes: what is to be done with them, as text
// A file that was on its way, with the same wishes, keeps the {key} of its request: it is done once.
export function begun(files, wishes) {
  const before = kept()?.files ?? {};
  const names = namesOf(files);
  const batch = { count: files.length, files: {} };
  for (const name of names) if (before[name]) batch.files[name] = before[name];
  keep(batch);
  return files.map((file, at) => {
    const known = batch.files[names[at]];
    const key = known?.wishes === wishes ? known.key : newKey();
    const note = (id) => {
      batch.files[names[at]] = { key, wishes, id };
      keep(batch);
    };
    return { file, id: known?.id, key, note };
  });
}

// Sends files and forms; waits for a server that asks for patience, for a connection that was lost and for a
// session that has ended, and goes on where it stopped: large files go in pieces (tus 1.0.0), which a reload of
// the page survives, too.
import { _, number } from "/static/words.js";

const PIECE = 8 * 1024 * 1024;
const LONGEST_WAIT_S = 30;
const TUS = { "Tus-Resumable": "1.0.0" };
const LOST = _("No connection. Nothing is lost: this goes on when the server can be reached.");
const ENDED = _("Your session has ended. Nothing is lost: this goes on when you have signed in again, in another tab.");
const GONE = _("Your browser cannot read it: it was moved or changed since you chose it, or it is a folder.");
const RETURNS = ["online", "focus"];

export function size(bytes) {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} kB`;
  return `${number(bytes / (1024 * 1024), 1)} MB`;
}

// A pause that ends early when the browser is online again, or its user is back from another tab.
function pause(seconds) {
  return new Promise((done) => {
    const timer = setTimeout(ready, 1000 * seconds);
    function ready() {
      clearTimeout(timer);
      for (const kind of RETURNS) window.removeEventListener(kind, ready);
      done();
    }
    for (const kind of RETURNS) window.addEventListener(kind, ready);
  });
}

// Whoever had signed in when the page came, and whether somebody else may have since.
const here = document.body.dataset.who;
let doubted = true;

// Null where whoever is signed in now is the same; the answer that a request gets instead otherwise.
async function stranger() {
  if (!doubted) return null;
  const answer = await request("GET", "/v1/whoami", {});
  if (answer?.status !== 200) return { answer };
  const { tenant, key_id: key, name } = JSON.parse(answer.responseText);
  if (`${tenant} ${key || name}` !== here) {
    const detail = _("Somebody else is signed in now, and nothing is sent in their name. Reload the page to send as them.");
    return { answer: { status: 403, responseText: JSON.stringify({ detail, ours: true }), getResponseHeader: () => null } };
  }
  doubted = false;
  return null;
}

// One request by whoever opened the page; null where no answer came.
async function once(method, address, headers, body, tell) {
  const refused = await stranger();
  if (refused) return refused.answer;
  const answer = await request(method, address, headers, body, tell);
  if (answer?.status === 401) doubted = true;
  return answer;
}

function request(method, address, headers, body, tell) {
  const sent = new XMLHttpRequest();
  if (tell) sent.upload.addEventListener("progress", (step) => tell(step.loaded, step.total));
  return new Promise((done) => {
    sent.addEventListener("load", () => done(sent));
    sent.addEventListener("error", () => done(null));
    sent.open(method, address);
    for (const [name, value] of Object.entries(headers)) sent.setRequestHeader(name, value);
    sent.send(body);
  });
}

// Whether the browser can read a file still: not one that was moved or changed, and no folder.
async function readable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

// Repeats a request until it is answered by more than a wish for patience; null where a file of it is gone.
async function patiently(ask, say, files = []) {
  for (let wait = 1; ; wait = Math.min(2 * wait, LONGEST_WAIT_S)) {
    const answer = await ask();
    const asked = answer && Number(answer.getResponseHeader("Retry-After"));
    if (answer && ![401, 423, 429, 503].includes(answer.status)) return answer;
    if (!answer && !(await Promise.all(files.map(readable))).every(Boolean)) return null;
    if (answer?.status === 401) say(ENDED, true);
    else say(answer ? _("The server asks to wait %(seconds)s s.", { seconds: asked || wait }) : LOST);
    await pause(asked || wait);
    say("");
  }
}

// Why something was not taken; what nothing of the same sender will be is told apart.
function problem(answer) {
  if (!answer) return { problem: GONE };
  try {
    const told = JSON.parse(answer.responseText);
    const { title, detail } = told.said ?? {}; // what the server says in the language of the page
    const said = detail || told.detail || told.title;
    return { problem: said, title, foreign: !told.ours && !detail, forbidden: answer.status === 403 };
  } catch {
    return { problem: _("The server gave no usable answer."), forbidden: answer.status === 403 };
  }
}

function remembered(file) {
  return `trackmark upload ${file.name} ${file.size} ${file.lastModified}`;
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

async function begun(file, say) {
  const headers = { ...TUS, "Upload-Length": file.size, "Upload-Metadata": `filename ${base64(file.name)}` };
  const answer = await patiently(() => once("POST", "/v1/uploads", headers), say);
  if (answer.status !== 201) return problem(answer);
  const address = answer.getResponseHeader("Location");
  localStorage.setItem(remembered(file), address);
  return { address, offset: 0 };
}

// Where an upload goes on: that of this file which was begun before, or a new one.
async function place(file, say) {
  const address = localStorage.getItem(remembered(file));
  if (!address) return begun(file, say);
  const answer = await patiently(() => once("HEAD", address, TUS), say);
  if (answer.status === 200) return { address, offset: Number(answer.getResponseHeader("Upload-Offset")) };
  if (answer.status === 403) return problem(answer);
  localStorage.removeItem(remembered(file));
  return begun(file, say);
}

// Sends a file in pieces; gives {id} or {problem}.
async function inPieces(file, tell, say) {
  let at = await place(file, say);
  while (at.address && at.offset < file.size) {
    const { address, offset } = at;
    const headers = { ...TUS, "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
    const body = file.slice(offset, offset + PIECE);
    const answer = await once("PATCH", address, headers, body, (sent) => tell((offset + sent) / file.size));
    if (answer?.status === 204) at = { address, offset: Number(answer.getResponseHeader("Upload-Offset")) };
    else if (answer && answer.status < 500 && ![401, 409, 423, 429].includes(answer.status)) return problem(answer);
    else if (!answer && !(await readable(file))) return problem(null);
    else {
      if (answer?.status !== 401) {
        say(answer ? _("The server asks for patience.") : LOST);
        await pause(Number(answer?.getResponseHeader("Retry-After")) || 1);
      }
      at = await place(file, say);
    }
  }
  return at.address ? { id: at.address.split("/").pop() } : at;
}

// A name for a request that may be sent again, which the server does once.
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");
}

// Sends a form with its files.
//   address: of the API
//   form: FormData without the files
//   files: [[field, file]]; a large one is sent before and named in `FIELD_upload_id`, by `named`
//   tell: called with the share that was sent
//   say: called with what is waited for, "" where nothing is, and whether that is to sign in
//   key: the request's name; the same request under the same name is done once
// Gives {id} of what was made, or {problem} and whether whoever is signed in is {forbidden} to do this at all.
export async function send(address, form, files, named, tell, say, key = newKey()) {
  doubted = true; // somebody may have signed in as another, in another tab, without a word to this page
  const all = files.reduce((sum, [, file]) => sum + file.size, 0) || 1;
  const uploaded = [];
  let before = 0;
  for (const [field, file] of files) {
    if (file.size > PIECE) {
      const start = before;
      const sent = await inPieces(file, (share) => tell((start + share * file.size) / all), say);
      if (!sent.id) return sent;
      form.set(named(field), sent.id);
      uploaded.push([file, sent.id]);
      before += file.size;
    } else {
      form.set(field, file);
    }
  }
  const rest = all - before;
  const headers = { "Idempotency-Key": key };
  const step = (sent, total) => tell((before + (rest * sent) / total) / all);
  const small = files.map(([, file]) => file).filter((file) => file.size <= PIECE);
  const answer = await patiently(() => once("POST", address, headers, form, step), say, small);
  if (answer?.status !== 202) return problem(answer);
  for (const [file, id] of uploaded) {
    localStorage.removeItem(remembered(file));
    once("DELETE", `/v1/uploads/${id}`, {});
  }
  return { id: JSON.parse(answer.responseText).id };
}

// Checks a checkpoint's signature, and an entry's place under it, by the browser's own cryptography.
// Formats: C2SP signed-note and tlog-checkpoint; the tree is that of RFC 6962.
import { _ } from "/static/words.js";

const box = document.getElementById("check");
const list = document.getElementById("checks");
const given = document.getElementById("vkey");
const text = new TextEncoder();

const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => Array.from(part)));
const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));

async function keyOf(vkey) {
  const [name, id, ...rest] = vkey.trim().split("+"); // the key itself is base64 and may hold more of them
  const material = rest.join("+");
  const typed = bytes(material);
  if (typed[0] !== 1 || typed.length !== 33) throw new Error(_("this is no key of a log"));
  const digest = await sha256(join(text.encode(`${name}\n`), typed));
  if (hex(digest.slice(0, 4)) !== id) throw new Error(_("the key's hash does not belong to it"));
  const raw = typed.slice(1);
  const key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  return { name, id, key };
}

// The text of a note up to its signatures, and whether the key signed it.
async function opened(note, trusted) {
  const end = note.indexOf("\n\n");
  const signed = note.slice(0, end + 1);
  for (const line of note.slice(end + 2).split("\n")) {
    const match = line.match(/^\u2014 (\S+) (\S+)$/);
    if (!match || match[1] !== trusted.name) continue;
    const signature = bytes(match[2]);
    if (hex(signature.slice(0, 4)) !== trusted.id) continue;
    if (await crypto.subtle.verify("Ed25519", trusted.key, signature.slice(4), text.encode(signed))) {
      const [origin, size, root] = signed.split("\n");
      return { origin, size: Number(size), root: hex(bytes(root)) };
    }
  }
  throw new Error(_("no signature of this key holds: do not rely on what the server shows"));
}

// The root that a leaf and its siblings lead to (RFC 6962, section 2.1.1), walking up from the leaf.
async function rootOf(leaf, index, size, path) {
  let [hash, place, last, used] = [leaf, index, size - 1, 0];
  const node = (left, right) => sha256(join([1], left, right));
  while (last > 0) {
    if (place % 2 === 1) hash = await node(path[used++], hash);
    else if (place < last) hash = await node(hash, path[used++]);
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  if (used !== path.length) throw new Error(_("the proof has hashes to spare"));
  return hex(hash);
}

function tell(good, said) {
  const item = document.createElement("li");
  item.className = good ? "good" : "bad";
  item.textContent = `${good ? "✓" : "✗"} ${said}`;
  list.append(item);
}

async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(_("the server did not give what is to be checked"));
  return answer;
}

async function check() {
  list.replaceChildren();
  try {
    const trusted = await keyOf(given.value);
    const index = box.dataset.index;
    if (index === undefined) {
      const note = await (await fetched("/v1/log/checkpoint")).text();
      const seen = await opened(note, trusted);
      tell(true, _("The key signed this checkpoint: root %(root)s… over as many entries: %(size)s.", { size: seen.size, root: seen.root.slice(0, 16) }));
      return;
    }
    const proof = await (await fetched(`/v1/log/proofs/inclusion?index=${index}`)).json();
    const entry = new Uint8Array(await (await fetched(`/v1/log/entries/${index}`)).arrayBuffer());
    const seen = await opened(proof.checkpoint, trusted);
    tell(true, _("The key signed a checkpoint; entries under it: %(size)s.", { size: seen.size }));
    if (proof.size !== seen.size) throw new Error(_("the proof is for another size than the checkpoint's"));
    const leaf = await sha256(join([0], entry));
    const root = await rootOf(leaf, Number(index), seen.size, proof.hashes.map(bytes));
    if (root !== seen.root) throw new Error(_("the proof leads to another root: this entry is not shown to be in the log"));
    tell(true, _("This entry leads to the root that the checkpoint signs: it is in the log. Hashes on the way: %(count)s.", { count: proof.hashes.length }));
  } catch (error) {
    const unknown = error.name === "NotSupportedError" || !crypto.subtle;
    tell(false, unknown ? _("This browser cannot check Ed25519 signatures; use trackmark verify.") : error.message);
  }
}

given.addEventListener("change", check);
check();

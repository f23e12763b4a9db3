/** The state of the page in its address: values are text there, and `get` converts them to the type of the fallback. */

/** @param {string} [text] "view=latent&run=r1" */
export function createStore(text = "") {
  let entries = new Map(new URLSearchParams(text));
  const listeners = new Map();

  /**
   * The value of a key, in the type of the fallback.
   * @param {string} key
   * @param {any} [fallback]
   * @returns {any}
   */
  function get(key, fallback = null) {
    const raw = entries.get(key);
    if (raw === undefined) return fallback;
    if (typeof fallback === "number") return Number.isFinite(Number(raw)) && raw !== "" ? Number(raw) : fallback;
    if (typeof fallback === "boolean") return raw === "1" || raw === "true";
    if (Array.isArray(fallback)) return raw === "" ? [] : raw.split(",").map(decoded);
    return raw;
  }

  /** Sets a key; null or undefined removes it. */
  function set(key, value) {
    const raw = value === null || value === undefined ? null
      : typeof value === "boolean" ? (value ? "1" : "0") : ArrayBuffer.isView(value) || Array.isArray(value) ? Array.from(/** @type {ArrayLike<any>} */ (value)).map(encodeURIComponent).join(",") : String(value);
    if (raw === null ? !entries.has(key) : entries.get(key) === raw) return;
    if (raw === null) entries.delete(key);
    else entries.set(key, raw);
    notify(key);
  }

  function notify(key) {
    for (const f of [...(listeners.get(key) || []), ...(listeners.get("*") || [])]) f(get(key), key);
  }

  /**
   * Calls `f` on changes of a key; the key "*" matches all.
   * @returns {() => void}
   */
  function on(key, f) {
    if (!listeners.has(key)) listeners.set(key, new Set());
    listeners.get(key).add(f);
    return () => listeners.get(key).delete(f);
  }

  /** Loads another address and notifies the listeners of the changed keys. */
  function load(other) {
    const before = entries;
    entries = new Map(new URLSearchParams(other));
    for (const key of new Set([...before.keys(), ...entries.keys()])) if (before.get(key) !== entries.get(key)) notify(key);
  }

  return { get, set, on, load, toString: () => [...entries].map(([k, v]) => `${k}=${encodeURIComponent(v).replace(/%2C/g, ",")}`).join("&") };
}

/** Decodes an item of a list. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // typed by hand
  }
}

/** Writes the store to the hash of the address, and reads it when the user edits the hash or goes back. */
export function syncHash(store) {
  let timer = 0;
  // Browsers refuse an address that changes hundreds of times a minute, as it would under a moving pointer.
  const write = () => {
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState(null, "", `#${store}`), 250);
  };
  store.on("*", write);
  addEventListener("hashchange", () => { if (location.hash.slice(1) !== String(store)) store.load(location.hash.slice(1)); });
}

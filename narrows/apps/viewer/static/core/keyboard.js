/** Keyboard shortcuts of the page, off inside text fields, with descriptions for the help dialog. */

const bindings = new Set();

/**
 * @param {string} key as in KeyboardEvent.key, with "Shift+" before named keys ("Shift+ArrowLeft")
 * @param {(event: KeyboardEvent) => any} f returns false if it has nothing to do
 * @param {string} [description] for the list of keys; none: not listed
 * @param {Element} [within] only while this element is on the page
 * @returns {() => void} removes the shortcut
 */
export function onKey(key, f, description, within) {
  const binding = { key, f, description, within };
  bindings.add(binding);
  return () => bindings.delete(binding);
}

/** [key, description] of every key that works now. */
export function keyList() {
  const seen = new Map();
  for (const { key, description, within } of bindings) {
    if (description && (!within || within.isConnected)) seen.set(key, description);
  }
  return [...seen];
}

const MOVES = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);

/** Whether the focused element uses the key itself. */
function needsKey(target, key) {
  if (!(target instanceof Element)) return false;
  const tag = target.tagName;
  if (tag === "TEXTAREA" || tag === "SELECT" || (target instanceof HTMLElement && target.isContentEditable)) return true;
  if (tag === "INPUT") {
    const type = target.getAttribute("type") || "text";
    if (type === "range") return MOVES.has(key);
    if (type === "checkbox" || type === "radio" || type === "file") return key === " " || MOVES.has(key);
    return true;
  }
  if (["BUTTON", "SUMMARY", "A"].includes(tag)) return key === " " || key === "Enter";
  return target.getAttribute("role") === "slider" && MOVES.has(key);
}

/**
 * Starts listening; `root` is the document, or a widget's element.
 * @returns {() => void}
 */
export function listenForKeys(root) {
  const listen = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (needsKey(event.target, event.key) || document.querySelector("dialog[open]")) return;
    const name = event.shiftKey && event.key.length > 1 ? `Shift+${event.key}` : event.key;
    for (const { key, f, within } of [...bindings].reverse()) {
      if (key !== name || (within && (!within.isConnected || !(root instanceof Document || root.contains(within))))) continue;
      // A shortcut that has nothing to do leaves the key to the browser.
      if (f(event) !== false) event.preventDefault();
      return;
    }
  };
  root.addEventListener("keydown", listen);
  return () => root.removeEventListener("keydown", listen);
}

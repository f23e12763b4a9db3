/** The list of keys, and in a few lines what the page is. */

import { clear, h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { keyList } from "../../core/keyboard.js";

const NAMES = { 1: "1 – 5", " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", "Shift+ArrowLeft": "Shift ←", "Shift+ArrowRight": "Shift →" };

/**
 * @param {HTMLElement} page
 * @returns {() => void} opens the dialog
 */
export function mountHelp(page) {
  const list = h("dl", { class: "key-list" });
  const dialog = h("dialog", { class: "sheet", "aria-label": "Keys and help" },
    h("div", { class: "row spread" }, h("h2", {}, "Keys"),
      h("button", { type: "button", class: "button quiet square", "aria-label": "Close", on: { click: () => dialog.close() } }, icon("close"))),
    list,
    h("p", { class: "note" }, "On the map the arrows move the probe; on a line in a chart they move the line. Shift goes ten times as far. Keys rest while you type."),
    h("h3", {}, "What this is"),
    h("p", { class: "note" }, "An autoencoder squeezes each row through a few numbers, its code, and learns to give the row back from them. What survives is what mattered. ",
      "Everything on the page is computed by the model that is being trained, on this machine; nothing leaves it. The address holds what you see: copy it, or go back in the browser."));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  page.append(dialog);
  return () => {
    clear(list, keyList().map(([key, words]) => h("div", {}, h("dt", {}, h("kbd", {}, NAMES[key] || key)), h("dd", {}, words))));
    dialog.showModal();
  };
}

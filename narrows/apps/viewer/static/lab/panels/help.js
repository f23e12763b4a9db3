/** The help dialog: keyboard shortcuts and a short introduction. */

import { clear, h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { keyList } from "../../core/keyboard.js";
import { whatIsAnAutoencoder } from "../../views/shared/text.js";

const NAMES = { 1: "1 – 5", " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", "Shift+ArrowLeft": "Shift ←", "Shift+ArrowRight": "Shift →" };

/**
 * @param {HTMLElement} page
 * @param {{onTour: () => void, onPresets: () => void}} how
 * @returns {() => void} opens the dialog
 */
export function mountHelp(page, { onTour, onPresets }) {
  const list = h("dl", { class: "key-list" });
  const dialog = h("dialog", { class: "sheet", "aria-label": "Keys and help" },
    h("div", { class: "row spread" }, h("h2", {}, "Keys"),
      h("button", { type: "button", class: "button quiet square", "aria-label": "Close", on: { click: () => dialog.close() } }, icon("close"))),
    list,
    h("p", { class: "note" }, "The arrow keys move the probe on the map and the line in a chart; with Shift, ten times as far. Shortcuts are off while you type."),
    h("div", { class: "row" }, h("button", { type: "button", class: "button small", dataset: { action: "tour" }, on: { click: startTour } }, icon("play"), "Guided tour"), h("span", { class: "note" }, "five steps, about two minutes")),
    h("div", { class: "row" }, h("button", { type: "button", class: "button small", dataset: { action: "presets" }, on: { click: () => { dialog.close(); onPresets(); } } }, icon("list"), "Presets"), h("span", { class: "note" }, "experiments, each with a note on the result to expect")),
    h("h3", {}, "About this page"),
    h("p", { class: "note" }, whatIsAnAutoencoder("row"), " ",
      "Everything is computed by the model on the machine of the lab; no data leave it. The address of the page holds the current state: copy it to return, or use the back button. “Copy link” makes one that opens the same state on another machine."));
  /** Closes the dialog before it starts, so that the focus returns to the button of the help first. */
  function startTour() {
    dialog.close();
    onTour();
  }

  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  page.append(dialog);
  return () => {
    clear(list, keyList().map(([key, words]) => h("div", {}, h("dt", {}, h("kbd", {}, NAMES[key] || key)), h("dd", {}, words))));
    dialog.showModal();
  };
}

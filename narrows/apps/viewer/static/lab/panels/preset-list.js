/** The list of presets, each a link. */

import { h } from "../../core/dom.js";
import { PRESETS, presetAddress } from "../presets.js";

/** @param {() => void} close called when one is chosen */
export function presetLinks(close) {
  return h("ul", { class: "preset-list" }, PRESETS.map((preset) => h("li", {}, h("a", { class: "card", href: presetAddress(preset), dataset: { preset: preset.name }, on: { click: close } },
    h("b", {}, preset.title), h("span", { class: "note" }, preset.question)))));
}

/** @param {() => void} close */
export function mountPresets(close) {
  const el = h("div", { class: "stack" }, h("p", { class: "note" }, "Experiments on the digits. Each opens its runs, or trains them in a few seconds, and describes the result to expect. The links can be shared."), presetLinks(close));
  return { el, update() {} };
}

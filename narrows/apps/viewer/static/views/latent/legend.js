/** The classes as buttons with their counts: pressed ones are shown, pointing at one sets it apart. */

import { classColour, PALETTE } from "../../core/colour.js";
import { clear, h } from "../../core/dom.js";
import { count } from "../../core/format.js";

const ALL_SHOWN_BELOW = 40;

/** @param {{onHidden: (hidden: Set<number>) => void, onIsolate: (cls: number|null) => void}} how */
export function mountLegend({ onHidden, onIsolate }) {
  const el = h("div", { class: "legend row", role: "group", "aria-label": "Classes on the map" });
  let hidden = new Set();

  function set(classes, counts, slots, hiddenNow) {
    hidden = new Set(hiddenNow);
    if (!classes.length) return clear(el);
    const chips = classes.map((name, i) => {
      if (i >= ALL_SHOWN_BELOW) return null;
      const chip = h("button", { type: "button", class: "chip", dataset: { class: i }, "aria-pressed": String(!hidden.has(i)), on: {
        click: () => toggle(i),
        pointerenter: (event) => { if (event.pointerType === "mouse" && !hidden.has(i)) onIsolate(i); },
        pointerleave: () => onIsolate(null),
        focus: () => { if (chip.matches(":focus-visible") && !hidden.has(i)) onIsolate(i); },
        blur: () => onIsolate(null),
      } }, h("span", { class: "swatch", style: { "--swatch": slots[i] < 0 ? classColour(-1) : PALETTE[slots[i]] } }), String(name), h("span", { class: "count" }, count(counts[i])));
      return chip;
    });
    clear(el, chips, classes.length > ALL_SHOWN_BELOW ? h("span", { class: "note" }, `and ${classes.length - ALL_SHOWN_BELOW} more classes`) : null,
      classes.length > 2 ? h("button", { type: "button", class: "button quiet small", dataset: { action: "all-classes" }, on: { click: () => setHidden(hidden.size ? new Set() : new Set(classes.keys())) } }, hidden.size ? "Show all" : "Hide all") : null);
  }

  function toggle(i) {
    const next = new Set(hidden);
    if (!next.delete(i)) next.add(i);
    onIsolate(null);
    setHidden(next);
  }

  function setHidden(next) {
    hidden = next;
    for (const chip of el.querySelectorAll("[data-class]")) chip.setAttribute("aria-pressed", String(!hidden.has(Number(chip.dataset.class))));
    const all = el.querySelector("[data-action]");
    if (all) all.textContent = hidden.size ? "Show all" : "Hide all";
    onHidden(hidden);
  }

  return { el, set };
}

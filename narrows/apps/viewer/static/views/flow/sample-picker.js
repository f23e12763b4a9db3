/** A strip of samples to pick from: thumbnails, previous and next, one class at a time. */

import { clear, h } from "../../core/dom.js";
import { drawPicture, rowOf } from "../../core/picture.js";

/** @param {{onPick: (position: number) => void, onClass: (name: string) => void}} calls */
export function samplePicker({ onPick, onClass }) {
  const strip = h("div", { class: "sample-strip", role: "group", "aria-label": "Samples" });
  const classes = h("select", { "aria-label": "Class of the samples", on: { change: () => onClass(classes.value) } });
  const classField = h("label", { class: "field" }, h("span", {}, "Class"), classes);
  const el = h("div", { class: "row sample-picker" },
    h("button", { type: "button", class: "button quiet", "aria-label": "Previous sample", on: { click: () => step(-1) } }, "‹"),
    strip,
    h("button", { type: "button", class: "button quiet", "aria-label": "Next sample", on: { click: () => step(1) } }, "›"),
    classField);
  /** @type {number[]} */
  let positions = [];
  /** @type {Array<string|null>} */
  let labels = [];
  let buttons = [];
  /** @type {number|null} */
  let present = null;

  /** @param {{positions: ArrayLike<number>, labels: Array|null, seen?: boolean[], originals: object, run: Run, names: string[]|null, chosen: string}} rows */
  function fill(rows) {
    positions = Array.from(rows.positions);
    labels = rows.labels || positions.map(() => null);
    classField.hidden = !rows.names;
    if (rows.names) clear(classes, h("option", { value: "" }, "all"), rows.names.map((name) => h("option", { value: name }, name)));
    classes.value = rows.chosen || "";
    buttons = positions.map((position, i) => h("button", {
      type: "button", class: "sample", dataset: { position }, "aria-pressed": "false",
      "aria-label": `Sample ${position}${labels[i] === null ? "" : `, class ${labels[i]}`}${rows.seen?.[i] ? ", seen in training" : ""}`, title: [labels[i] === null ? "" : `class ${labels[i]}`, rows.seen?.[i] ? "seen in training" : ""].filter(Boolean).join(", "),
      on: { click: () => onPick(position) },
    }, h("canvas", { class: "thumb" }), rows.seen?.[i] ? h("span", { class: "seen-mark", "aria-hidden": "true" }, "trained") : null));
    clear(strip, buttons);
    buttons.forEach((button, i) => drawPicture(button.firstChild, rowOf(rows.originals, i), rows.run));
    choose(present);
  }

  function choose(position) {
    present = position;
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(positions[i] === position)));
    const button = buttons[positions.indexOf(position)];
    // Not scrollIntoView: that would move the page too.
    if (button) strip.scrollLeft = button.offsetLeft - (strip.clientWidth - button.offsetWidth) / 2;
  }

  function step(by) {
    if (!positions.length) return;
    const here = present === null ? -1 : positions.indexOf(present);
    const n = positions.length;
    onPick(positions[here < 0 ? 0 : (here + by + n) % n]);
  }

  return { el, fill, choose, step, labelOf: (position) => labels[positions.indexOf(position)] ?? null, first: () => positions[0] ?? null };
}

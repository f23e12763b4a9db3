/** Linear interpolation from code A to code B, decoded in eight steps, with an animation. */

import { clear, h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { drawPicture, rowOf } from "../../core/picture.js";
import { cellTable, numbered } from "../shared/cell-table.js";

const STEPS = 8;
const WALK = 2400;

/**
 * @param {MountedLab} lab
 * @param {Run} run
 * @param {{onStep: (z: Float32Array) => void, onPin: (which: string) => void, onClear: () => void}} how
 */
export function mountInterpolation(lab, run, { onStep, onPin, onClear }) {
  const strip = h("ol", { class: "path-strip", "aria-label": "Interpolation from A to B in eight decoded steps" });
  const play = h("button", { type: "button", class: "button small", dataset: { action: "walk" }, disabled: true, on: { click: () => (frameId ? pause() : startAnimation()) } }, icon("play"), "Play A → B");
  const clearButton = h("button", { type: "button", class: "button quiet small", dataset: { action: "clear-path" }, disabled: true, on: { click: onClear } }, "Clear");
  const hint = h("p", { class: "note" }, "Click the map and press a, click elsewhere and press b. Pins can be dragged.");
  const table = cellTable("Decoded values from A to B");
  const el = h("div", { class: "stack tight path" },
    h("div", { class: "row spread" }, h("h3", {}, "Interpolation from A to B"),
      h("div", { class: "row" }, ["a", "b"].map((which) => h("button", { type: "button", class: "button small", dataset: { pin: which }, title: `Pin ${which.toUpperCase()} where the probe is ( ${which} )`, on: { click: () => onPin(which) } }, `Pin ${which.toUpperCase()}`)), play, clearButton)), hint, strip, table.el);
  /** @type {[Float32Array, Float32Array]|null} */
  let ends = null;
  let frameId = 0;
  let request = 0;

  /**
   * @param {Float32Array|null} a
   * @param {Float32Array|null} b codes
   */
  async function set(a, b) {
    pause();
    ends = a && b ? [a, b] : null;
    play.disabled = !ends;
    clearButton.disabled = !a && !b;
    hint.hidden = Boolean(ends);
    if (!ends) { request++; el.dataset.steps = 0; table.show(null, []); return clear(strip); }
    return refresh();
  }

  async function refresh() {
    if (!ends) return;
    const current = ++request;
    try {
      const { about, arrays, epoch } = await lab.query("path", { run: run.id, a: Array.from(ends[0]), b: Array.from(ends[1]), steps: STEPS });
      if (current !== request) return;
      while (strip.children.length > STEPS) strip.lastChild.remove();
      for (let i = 0; i < STEPS; i++) {
        if (!strip.children[i]) strip.append(h("li", {}, h("button", { type: "button", class: "path-step", "aria-label": `Step ${i + 1} of ${STEPS}`, on: { click: () => onStep(between(i / (STEPS - 1))) } }, h("canvas", { "aria-hidden": "true" }))));
        drawPicture(strip.children[i].querySelector("canvas"), rowOf(arrays.way, i), run);
      }
      table.show(about.cells, numbered(STEPS, (i) => ({ 1: "A", [STEPS]: "B" })[i] ?? String(i)));
      el.dataset.steps = STEPS;
      el.dataset.epoch = epoch;
    } catch (error) {
      if (!error.dropped) lab.emit?.("error", error);
    }
  }

  const between = (t) => {
    const [a, b] = ends || [[], []];
    return Float32Array.from(a, (v, j) => v + t * (b[j] - v));
  };

  function startAnimation() {
    const begun = performance.now();
    clear(play, icon("pause"), "Pause");
    el.dataset.walking = "true";
    const frame = () => {
      const t = Math.min(1, (performance.now() - begun) / WALK);
      // With reduced motion only the eight steps are shown.
      onStep(between(lab.reduced ? Math.floor(t * (STEPS - 1)) / (STEPS - 1) : t));
      frameId = t < 1 ? requestAnimationFrame(frame) : 0;
      if (!frameId) pause();
    };
    frameId = requestAnimationFrame(frame);
  }

  function pause() {
    cancelAnimationFrame(frameId);
    frameId = 0;
    delete el.dataset.walking;
    clear(play, icon("play"), "Play A → B");
  }

  return { el, set, refresh, destroy: pause };
}

/** The layers of a network small and in a row: how one input's activations look on the way. */

import { clear, h } from "../../core/dom.js";
import { drawPicture } from "../../core/picture.js";
import { paintLayer } from "../shared/layer-painting.js";
import { countOf } from "../shared/text.js";

const WAY = 560; // ms from the first stage to the last
const PULSE = 450; // ms that a stage is marked after the signal has reached it

/** @param {{reduced: boolean}} o */
export function layerStrip({ reduced }) {
  const el = h("ol", { class: "layer-strip" });
  /** @type {Array<{el: HTMLElement, frame: HTMLElement, draw: (data: Activations) => void}>} */
  let stages = [];
  let timers = [];
  let signature = "";

  function build(data) {
    const last = data.layers.length - 1;
    stages = data.layers.map((layer, i) => (i === 0 ? end("noisy", (now) => now.input) : i === last ? end("denoised", (now) => now.output) : inner(layer, i)));
    clear(el, stages.map((stage) => stage.el));
  }

  function end(words, valuesOf) {
    const canvas = h("canvas", { role: "img", "aria-label": words });
    const frame = h("div", { class: "stage-frame" }, canvas);
    return { el: h("li", { class: "is-end" }, frame, h("span", {}, words)), frame, draw: (data) => drawPicture(canvas, valuesOf(data), data.run) };
  }

  function inner(layer, i) {
    const isCode = layer.part === "code";
    const frame = h("div", { class: "stage-frame" });
    const draw = (data) => {
      const picture = paintLayer(boxOf(data.layers[i]), data.layers[i].values);
      picture.className = "layer-picture";
      picture.setAttribute("role", "img");
      picture.setAttribute("aria-label", `${layer.title}, ${countOf(layer.units, "unit")}`);
      clear(frame, picture);
    };
    return { el: h("li", { class: isCode ? "is-code" : "" }, frame, h("span", {}, isCode ? `code ${layer.units}` : String(layer.units))), frame, draw };
  }

  function reach(i, data) {
    stages[i].draw(data);
    el.dataset.reached = String(i);
    if (!reduced) stages[i].frame.animate({ outlineColor: ["var(--accent)", "transparent"] }, { duration: PULSE });
  }

  function stop() {
    timers.forEach(clearTimeout);
    timers = [];
  }

  return {
    el, stop,
    /**
     * Shows the activations of an input.
     * @param {Activations} data
     * @param {boolean} isRunning whether the signal runs from stage to stage; else all change at once
     */
    show(data, isRunning) {
      stop();
      const isNew = signature !== data.signature;
      if (isNew) { signature = data.signature; build(data); }
      if (isNew || !isRunning || reduced) stages.forEach((_, i) => reach(i, data));
      else timers = stages.map((_, i) => setTimeout(() => reach(i, data), (WAY * i) / stages.length));
    },
  };
}

/**
 * A nearly square field of cells, or of feature maps.
 * @returns {PaintedBox}
 */
function boxOf(layer) {
  const [n, high, wide] = layer.arrayShape;
  if (layer.arrayShape.length === 3 && high * wide > 1) {
    const columns = Math.ceil(Math.sqrt(n));
    return { kind: "maps", columns, lines: Math.ceil(n / columns), high, wide, vertical: false };
  }
  const cells = layer.values.length;
  const columns = cells <= 4 ? 1 : Math.ceil(Math.sqrt(cells / 2));
  return { kind: "cells", columns, lines: Math.ceil(cells / columns), high: 1, wide: 1, vertical: false };
}

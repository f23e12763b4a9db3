/** A slider for each number of a wide code; the map then shows the slice that runs through them. */

import { clear, fixed, h, icon, slider } from "../core/dom.js";

const MOST = 64;

/** @param {Object} space of code-space.js @param {{onCode: (z: Float32Array) => void, onReset: () => void}} how */
export function mountCodeSliders(space, { onCode, onReset }) {
  let z = Float32Array.from(space.mean);
  const shown = Math.min(MOST, space.k);
  const sliders = Array.from({ length: shown }, (_, j) => {
    const span = space.high[j] - space.low[j] || 1;
    return slider({ label: `z${j + 1}`, min: space.low[j] - 0.25 * span, max: space.high[j] + 0.25 * span, step: span / 100, value: z[j], show: (v) => fixed(v, 2), attrs: { "data-unit": j },
      onInput: (v) => { z = Float32Array.from(z); z[j] = v; onCode(z); } });
  });
  const el = h("div", { class: "stack tight code-sliders" },
    h("div", { class: "row spread" }, h("h3", {}, `The ${space.k} numbers of the code`),
      h("button", { type: "button", class: "button small", dataset: { action: "mean" }, on: { click: onReset } }, icon("reset"), "Back to the mean")),
    h("div", { class: "slider-grid" }, sliders.map((one) => one.el)),
    space.k > MOST ? h("p", { class: "note" }, `The first ${MOST} of ${space.k} are here.`) : null);

  return {
    el,
    /** Follows the probe. */
    set(code) {
      z = Float32Array.from(code);
      sliders.forEach((one, j) => { if (document.activeElement !== one.input || Math.abs(Number(one.input.value) - z[j]) > 1e-6) one.set(z[j]); });
    },
  };
}

/** New rows drawn from the prior, for a variational run. */
export function mountSamples(lab, run, drawRow) {
  const grid = h("div", { class: "sample-grid", role: "img", "aria-label": "Sixteen rows the model made up" });
  let seed = 0;
  const el = h("div", { class: "stack tight samples", dataset: { samples: "0" } },
    h("div", { class: "row spread" }, h("h3", {}, "Rows it makes up"), h("button", { type: "button", class: "button small", dataset: { action: "sample" }, on: { click: () => { seed++; draw(); } } }, icon("dice"), "Draw others")), grid);

  async function draw() {
    try {
      const { arrays } = await lab.ask("sample", { run: run.id, n: 16, seed });
      const n = arrays.sample.shape[0];
      while (grid.children.length < n) grid.append(h("canvas", { "aria-hidden": "true" }));
      [...grid.children].forEach((canvas, i) => drawRow(canvas, arrays.sample, i));
      el.dataset.samples = n;
      el.dataset.seed = seed;
    } catch (error) {
      if (!error.dropped) clear(grid, h("p", { class: "note" }, error.message));
    }
  }

  draw();
  return { el, draw };
}

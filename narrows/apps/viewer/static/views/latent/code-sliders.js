/** A slider for each number of a code wider than two; the map then shows the plane through that code. */

import { slider } from "../../core/controls.js";
import { h } from "../../core/dom.js";
import { fixed } from "../../core/format.js";
import { icon } from "../../core/icons.js";

const MOST = 64;

/**
 * @param {ReturnType<typeof import("./code-space.js").codeSpace>} space
 * @param {{onCode: (z: Float32Array) => void, onReset: () => void}} how
 */
export function mountCodeSliders(space, { onCode, onReset }) {
  let z = Float32Array.from(space.mean);
  const shown = Math.min(MOST, space.k);
  const sliders = Array.from({ length: shown }, (_, j) => {
    const span = space.high[j] - space.low[j] || 1;
    return slider({ label: `z${j + 1}`, min: space.low[j] - 0.25 * span, max: space.high[j] + 0.25 * span, step: span / 100, value: z[j], format: (v) => fixed(v, 2), attrs: { "data-unit": j },
      onInput: (v) => { z = Float32Array.from(z); z[j] = v; onCode(z); } });
  });
  const el = h("div", { class: "stack tight code-sliders" },
    h("div", { class: "row spread" }, h("h3", {}, `The ${space.k} numbers of the code`),
      h("button", { type: "button", class: "button small", dataset: { action: "mean" }, on: { click: onReset } }, icon("reset"), "Back to the mean")),
    h("div", { class: "slider-grid" }, sliders.map((one) => one.el)),
    space.k > MOST ? h("p", { class: "note" }, `The first ${MOST} of ${space.k} numbers are shown.`) : null);

  return {
    el,
    /** Follows the probe. */
    set(code) {
      z = Float32Array.from(code);
      sliders.forEach((one, j) => { if (document.activeElement !== one.input || Math.abs(Number(one.input.value) - z[j]) > 1e-6) one.set(z[j]); });
    },
  };
}

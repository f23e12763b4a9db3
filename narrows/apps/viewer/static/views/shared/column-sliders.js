/** Sliders to edit a table's row, one for each encoded value. */

import { slider } from "../../core/controls.js";
import { clear, h } from "../../core/dom.js";
import { number } from "../../core/format.js";

const SHOWN = 6;

/**
 * @param {{run: Run & {n_floats: number}, rows: Shaped<Float32Array>, units: {centre: number[], spread: number[]}|null, onChange: (values: Float32Array, column: number) => void}} options `units`: number of the user = centre + spread × float
 */
export function columnSliders({ run, rows, units, onChange }) {
  const n = run.n_floats;
  const ranges = Array.from({ length: n }, (_, i) => rangeOf(rows, i, n));
  let values = new Float32Array(n);
  const sliders = ranges.map(([low, high], i) => slider({
    label: run.names ? run.names[i] : `value ${i + 1}`, min: low, max: high, step: (high - low) / 200, value: 0, format: (v) => inUnits(v, i),
    attrs: { "data-column": i },
    onInput: (v) => { values[i] = v; onChange(values, i); },
  }));
  const el = h("div", { class: "column-sliders", role: "group", "aria-label": "Values of the row" });
  const more = sliders.slice(SHOWN).map((s) => s.el);
  clear(el, sliders.slice(0, SHOWN).map((s) => s.el),
    more.length ? h("details", {}, h("summary", {}, `${more.length} more columns`), h("div", { class: "column-sliders" }, more)) : null,
    units ? null : h("p", { class: "note" }, "Standardised: 0 is the column mean, 1 is one standard deviation."));

  function inUnits(v, i) {
    const known = units && units.spread[i] !== null && units.spread[i] !== undefined;
    return number(known ? units.centre[i] + units.spread[i] * v : v, 3);
  }

  return {
    el,
    set(next) {
      values = Float32Array.from(next);
      sliders.forEach((s, i) => s.set(values[i]));
    },
  };
}

function rangeOf(rows, i, n) {
  let [low, high] = [Infinity, -Infinity];
  for (let at = i; at < rows.length; at += n) {
    if (rows[at] < low) low = rows[at];
    if (rows[at] > high) high = rows[at];
  }
  const room = (high - low) * 0.1 || 1;
  const flag = low === 0 && high === 1;
  return flag ? [0, 1] : [low - room, high + room];
}

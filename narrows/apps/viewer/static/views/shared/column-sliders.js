/** Controls to edit a table's row: sliders for numbers in the user's units, a list for a category, a box for a missing cell. */

import { slider } from "../../core/controls.js";
import { clear, h } from "../../core/dom.js";
import { inUnits, splitName, unitsOf } from "../../core/float-units.js";
import { number } from "../../core/format.js";

const SHOWN = 6;

/** @typedef {{el: HTMLElement, set: (values: Float32Array) => void}} Control */

/**
 * @param {{run: Run & {n_floats: number}, rows: Shaped<Float32Array>, scales: Array<FloatScale|null>|null, onChange: (values: Float32Array, column: number) => void}} options `scales`: what the floats mean in the user's units
 */
export function columnSliders({ run, rows, scales, onChange }) {
  const n = run.n_floats;
  let values = new Float32Array(n);
  const change = (places, f) => { for (const i of places) { values[i] = f(i); onChange(values, i); } };
  const names = run.names || Array.from({ length: n }, (_, i) => `value ${i + 1}`);
  const controls = groupsOf(names, scales).map((places) => (scales?.[places[0]]?.binary ? yesBox(places[0]) : scales?.[places[0]]?.cycles || places.length === 1 ? valueSlider(places) : levelList(places)));
  const el = h("div", { class: "column-sliders", role: "group", "aria-label": "Values of the row" });
  const more = controls.slice(SHOWN).map((one) => one.el);
  clear(el, controls.slice(0, SHOWN).map((one) => one.el),
    more.length ? h("details", {}, h("summary", {}, `${more.length} more columns`), h("div", { class: "column-sliders" }, more)) : null,
    scales ? null : h("p", { class: "note" }, "Standardised: 0 is the column mean, 1 is one standard deviation."));

  /** A slider for a number or a date; that of a date sets its cycles too. @param {number[]} places @returns {Control} */
  function valueSlider([i, ...waves]) {
    const scale = scales?.[i] ?? null;
    const [low, high] = scale?.floats && !scale.linear ? [scale.floats[0], scale.floats.at(-1) ?? 1] : rangeOf(rows, i, n);
    const words = (v) => (scale?.floats ? inUnits(v, scale) : number(v, 3));
    const onInput = (v) => {
      change([i], () => v);
      waves.forEach((place, k) => {
        const angle = (2 * Math.PI * unitsOf(v, scale)) / (scale?.cycles?.[k >> 1] ?? 1);
        change([place], () => (k % 2 ? Math.cos(angle) : Math.sin(angle)));
      });
      fill(i);
    };
    const one = slider({ label: names[i], min: low, max: high, step: (high - low) / 200, value: low, format: words, attrs: { "data-column": i }, onInput });
    return { el: one.el, set: (next) => one.set(next[i]) };
  }

  /** A cell that is given a value is no longer missing, nor the column's common value. @param {number} i */
  function fill(i) {
    const column = scales?.[i]?.column;
    const flags = (scales ?? []).flatMap((one, k) => (one?.binary && one.column === column && values[k] > 0.5 ? [k] : []));
    if (!flags.length) return;
    change(flags, () => 0);
    controls.forEach((one) => one.set(values));
  }

  /** The levels of a category, of which one float is 1. @param {number[]} places @returns {Control} */
  function levelList(places) {
    const [column] = splitName(names[places[0]]);
    const list = h("select", { "data-column": places[0], "aria-label": column, on: { change: () => change(places, (i) => Number(i === Number(list.value))) } },
      places.map((i) => h("option", { value: i }, splitName(names[i])[1])));
    return { el: h("label", { class: "slider" }, h("span", { class: "slider-name" }, column), list),
      set: (next) => { list.value = String(places.reduce((best, i) => (next[i] > next[best] ? i : best), places[0])); } };
  }

  /** @param {number} i @returns {Control} */
  function yesBox(i) {
    const box = h("input", { type: "checkbox", "data-column": i, on: { change: () => change([i], () => Number(box.checked)) } });
    return { el: h("label", { class: "check" }, box, names[i]), set: (next) => { box.checked = next[i] > 0.5; } };
  }

  return {
    el,
    set(next) {
      values = Float32Array.from(next);
      controls.forEach((one) => one.set(values));
    },
  };
}

/** The floats that are set together: the levels of one category, those of a date, or a single float. @returns {number[][]} */
function groupsOf(names, scales) {
  /** @type {number[][]} */
  const groups = [];
  names.forEach((name, i) => {
    const [column, level] = splitName(name);
    const last = groups.at(-1);
    const isWave = last && last.length <= 2 * (scales?.[last[0]]?.cycles?.length ?? 0);
    const isLevel = level && last && splitName(names[last[0]])[1] && splitName(names[last[0]])[0] === column;
    if (last && (isWave || isLevel)) last.push(i);
    else groups.push([i]);
  });
  return groups;
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

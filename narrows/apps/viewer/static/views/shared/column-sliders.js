/** Controls to edit a table's row: sliders for numbers in the user's units, a list for a category, a box for a missing cell. */

import { slider } from "../../core/controls.js";
import { clear, h } from "../../core/dom.js";
import { number } from "../../core/format.js";

const SHOWN = 6;
const MISSING = " is missing";

/** @typedef {{el: HTMLElement, set: (values: Float32Array) => void}} Control */

/**
 * @param {{run: Run & {n_floats: number}, rows: Shaped<Float32Array>, units: {centre: number[], spread: number[]}|null, onChange: (values: Float32Array, column: number) => void}} options `units`: number of the user = centre + spread × float
 */
export function columnSliders({ run, rows, units, onChange }) {
  const n = run.n_floats;
  let values = new Float32Array(n);
  const change = (places, f) => { for (const i of places) { values[i] = f(i); onChange(values, i); } };
  const names = run.names || Array.from({ length: n }, (_, i) => `value ${i + 1}`);
  const controls = groupsOf(names).map((places) => (places.length > 1 ? levelList(places) : names[places[0]].endsWith(MISSING) ? missingBox(places[0]) : valueSlider(places[0])));
  const el = h("div", { class: "column-sliders", role: "group", "aria-label": "Values of the row" });
  const more = controls.slice(SHOWN).map((one) => one.el);
  clear(el, controls.slice(0, SHOWN).map((one) => one.el),
    more.length ? h("details", {}, h("summary", {}, `${more.length} more columns`), h("div", { class: "column-sliders" }, more)) : null,
    units ? null : h("p", { class: "note" }, "Standardised: 0 is the column mean, 1 is one standard deviation."));

  /** @param {number} i @returns {Control} */
  function valueSlider(i) {
    const [low, high] = rangeOf(rows, i, n);
    const one = slider({ label: names[i], min: low, max: high, step: (high - low) / 200, value: 0, format: (v) => inUnits(v, i), attrs: { "data-column": i }, onInput: (v) => { change([i], () => v); fill(i); } });
    return { el: one.el, set: (next) => one.set(next[i]) };
  }

  /** A cell that is given a value is no longer missing. @param {number} i */
  function fill(i) {
    const mask = run.masks?.[i] ?? -1;
    if (mask < 0 || values[mask] < 0.5) return;
    change([mask], () => 0);
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
  function missingBox(i) {
    const box = h("input", { type: "checkbox", "data-column": i, on: { change: () => change([i], () => Number(box.checked)) } });
    return { el: h("label", { class: "check" }, box, names[i]), set: (next) => { box.checked = next[i] > 0.5; } };
  }

  function inUnits(v, i) {
    const known = units && units.spread[i] !== null && units.spread[i] !== undefined;
    return number(known ? units.centre[i] + units.spread[i] * v : v, 3);
  }

  return {
    el,
    set(next) {
      values = Float32Array.from(next);
      controls.forEach((one) => one.set(values));
    },
  };
}

/** "island = Dream" -> ["island", "Dream"]; other names have no second part. */
function splitName(name) {
  const at = name.lastIndexOf(" = ");
  return at < 0 ? [name, ""] : [name.slice(0, at), name.slice(at + 3)];
}

/** The floats that are set together: the levels of one category, or a single float. @returns {number[][]} */
function groupsOf(names) {
  /** @type {number[][]} */
  const groups = [];
  names.forEach((name, i) => {
    const [column, level] = splitName(name);
    const last = groups.at(-1);
    if (level && last && splitName(names[last[0]])[1] && splitName(names[last[0]])[0] === column) last.push(i);
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

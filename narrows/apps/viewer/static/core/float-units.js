/** What the floats of a table's row mean in the user's units; see narrows/apps/viewer/float_scales.py. */

import { number } from "./format.js";

const DAY = 86400;

/** The scales of each run, by its id: they come with answers, and pictures name values by them. @type {Map<string, Array<FloatScale|null>>} */
const scalesOfRun = new Map();

/** Keeps the scales of a run. */
export function keepScales(run, scales) {
  scalesOfRun.set(run, scales);
}

/** "island = Dream" -> ["island", "Dream"]; other names have no second part. */
export function splitName(name) {
  const at = name.lastIndexOf(" = ");
  return at < 0 ? [name, ""] : [name.slice(0, at), name.slice(at + 3)];
}

/** The number of the user that a float stands for; of a date, seconds since 1970. @param {number} v @param {FloatScale|null} scale */
export function unitsOf(v, scale) {
  const { floats, values } = scale ?? {};
  if (!floats || !values) return v;
  const at = floats.findIndex((edge) => edge > v);
  const i = Math.max(1, at < 0 ? floats.length - 1 : at);
  const share = (v - floats[i - 1]) / (floats[i] - floats[i - 1]);
  return values[i - 1] + (scale?.linear ? share : Math.max(0, Math.min(1, share))) * (values[i] - values[i - 1]);
}

/** A float as text: a number with four digits, or a date. @param {number} v @param {FloatScale} scale */
export function inUnits(v, scale) {
  const value = unitsOf(v, scale);
  if (!scale.cycles) return number(value, 4);
  const step = scale.step ?? 1;
  const date = new Date(1000 * Math.round(value / step) * step);
  return date.toISOString().slice(0, step >= DAY ? 10 : 16).replace("T", " ");
}

const percent = (v) => `${Math.round(100 * v)} %`.replace("-", "−");

/** Whether a float is the share of a level, of true, or of a missing cell. */
const isShare = (run, i, scale) => Boolean(scale?.binary || (run.names && splitName(run.names[i])[1]));

/**
 * Value i of a row of a table in the user's units; encoded where these are not known.
 * @param {number} v
 * @param {number} i
 * @param {Pictured} run
 */
export function valueText(v, i, run) {
  const scale = scalesOfRun.get(run.id ?? "")?.[i] ?? null;
  if (isShare(run, i, scale)) return percent(v);
  return scale?.floats ? inUnits(v, scale) : number(v, 3);
}

/**
 * A difference of two values i in the user's units; encoded where it depends on the values themselves.
 * @param {number} v
 * @param {number} i
 * @param {Pictured} run
 */
export function differenceText(v, i, run) {
  const scale = scalesOfRun.get(run.id ?? "")?.[i] ?? null;
  const sign = v > 0 ? "+" : "";
  if (isShare(run, i, scale)) return `${sign}${percent(v)}`;
  return scale?.linear ? `${sign}${number(unitsOf(v, scale) - unitsOf(0, scale), 4)}` : `${sign}${number(v, 3)} (encoded)`;
}

/** Counts and names as a person reads them. */

import { count } from "../core/dom.js";

/** "1 row", "1,797 rows". */
export function counted(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** "4", "4 and 9", "1, 4 and 9". */
export function listed(names) {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}

/** Decibels; infinite where nothing differs, which JSON says as null. */
export function decibels(value) {
  return value === null || value === undefined ? "∞ dB" : `${value.toFixed(1).replace("-", "−")} dB`;
}

/** "a 3", "an 8", "this row": a sample as a noun. */
export function noun(label, run) {
  if (label === null || label === undefined) return run.shape ? "this image" : "this row";
  return `this ${label}`;
}

/** "squared error": a run's error without what it is summed over. */
export function errorName(run) {
  return (run.unit || "error").replace(/ \(.*/, "").replace(/ per (row|image)$/, "");
}

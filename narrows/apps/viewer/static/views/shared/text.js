/** Counts and names as a person reads them. */

import { count } from "../../core/format.js";

/** "1 row", "1,797 rows". */
export function countOf(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** "4", "4 and 9", "1, 4 and 9". */
export function joinNames(names) {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}

/** Decibels; infinite where nothing differs, which JSON says as null. */
export function decibels(value) {
  return value === null || value === undefined ? "∞\u00a0dB" : `${value.toFixed(1).replace("-", "−")}\u00a0dB`;
}

/** "this 3", "this image of class red", "this row": a sample as a noun. */
export function rowNoun(label, run) {
  const kind = run.shape ? "image" : "row";
  if (label === null || label === undefined || label === "") return `this ${kind}`;
  return run.shape && /^\d$/.test(label) ? `this ${label}` : `this ${kind} of class ${label}`;
}

/** "squared error", "nats": the name of a run's error, without its unit of summation. */
export function errorName(run) {
  return (run.unit || "error").replace(/ \(.*/, "").replace(/ per (row|image)$/, "");
}

/** "squared error", "loss in nats": the error as a noun. */
export function errorNoun(run) {
  const name = errorName(run);
  return name === "nats" ? "loss in nats" : name;
}

/** "a squared error of 3.2", "an absolute error of 1", "a loss of 8.23 nats". */
export function errorPhrase(run, value) {
  const name = errorName(run);
  if (name === "nats") return `a loss of ${value} ${value === "1" ? "nat" : "nats"}`;
  return `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name} of ${value}`;
}

/** The names of two compared runs: their variants, or their numbers if the variants are equal. */
export function comparedNames(run, other) {
  return run.variant === other.variant ? [`run ${run.number}`, `run ${other.number}`] : [run.variant, other.variant];
}

/** Counts and names as a person reads them. */

import { count, number } from "../../core/format.js";

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
  return run.error?.name ?? "error";
}

/** "squared error", "loss in nats": the error as a noun. */
export function errorNoun(run) {
  const name = errorName(run);
  return name === "nats" ? "loss in nats" : name;
}

/** One line for a reader who meets autoencoders for the first time. */
export const whatIsAnAutoencoder = (noun) => `An autoencoder is a network that learns to squeeze each ${noun} into a few numbers, its code, and to rebuild the ${noun} from them.`;

/** "image" or "row": one sample of a run. */
export const sampleNoun = (run) => (run.shape ? "image" : "row");

/**
 * "Squared error 1.51 (0 is perfect; always answering the average image would give 4.7)."
 * @param {Run} run
 * @param {number|null} error
 * @param {number|null} average the error of the average row; null where the loss has no such scale
 */
export function errorSentence(run, error, average) {
  const name = errorNoun(run);
  const scale = average === null ? "" : run.shape ? ` (0 is perfect; always answering the average image would give ${number(average, 3)})`
    : ` (0 is perfect; ${number(average, 3)} is no better than guessing each column's average)`;
  return `${name[0].toUpperCase()}${name.slice(1)} ${number(error, 3)}${scale}.`;
}

/** The unit of a loss as an axis names it: "error per row (7 = no better than guessing each column's average)"; with " + penalty" before the bracket. */
export function lossAxis(run) {
  const penalty = run.penalties.length ? " + penalty" : "";
  if (!run.error) return `${run.unit || "loss"}${penalty}`;
  const { name, sum, uninformed } = run.error;
  return uninformed === null ? `${name} per row${penalty} (${sum})`
    : `error per row${penalty} (${uninformed} = no better than guessing each column's average)`;
}

/** The names of two compared runs: their variants, or their numbers if the variants are equal. */
export function comparedNames(run, other) {
  return run.variant === other.variant ? [`run ${run.number}`, `run ${other.number}`] : [run.variant, other.variant];
}

/** The sentences around the map. */

import { count, fixed } from "../../core/format.js";
import { sampleNoun } from "../shared/text.js";

/**
 * @param {{run: Run, about: Record<string, any>|undefined, n: number, label: string|null, far: boolean, hasProbe: boolean}} what
 * @returns {string}
 */
export function mapSentence({ run, about, n, label, far, hasProbe }) {
  const learning = run.state === "running" || run.state === "pausing";
  if (!about) return learning && !run.epoch ? "The map appears after the first epoch…" : `Encoding the ${sampleNoun(run)}s…`;
  const classes = about.classes || [];
  if (learning) {
    const together = classes.length > 1 ? `${sampleNoun(run)}s of one class move together, although training does not use the classes` : `similar ${sampleNoun(run)}s move together`;
    return `Epoch ${run.epoch} of ${run.epochs}: ${together}.`;
  }
  if (n === 0) return `There are no ${sampleNoun(run)}s to show.`;
  const noun = sampleNoun(run);
  if (hasProbe && far) return `No ${noun} lies near this place, so the decoder guesses (it extrapolates).`;
  const place = label !== null ? ` The nearest ${noun} is of class ${label}.` : "";
  if (hasProbe) return `Point anywhere on the map: the decoder draws the ${noun} for that place.${place}`;
  return `${count(n)} ${noun}s at their codes${classes.length > 1 ? `, coloured by ${classes.length} classes that training does not use` : ""}.`;
}

/**
 * How well the code separates the classes; empty where that was not measured.
 * @param {{accuracy: number|null, chance: number|null, n: number, held_out: boolean}} about
 */
export function neighbourSentence({ accuracy, chance, n, held_out: isHeldOut }, run) {
  if (accuracy === null || chance === null) return "";
  const noun = sampleNoun(run);
  const percent = (share) => `${Math.round(100 * share)} %`;
  return `The 10 nearest codes name the right class for ${percent(accuracy)} of ${count(n)} ${noun}s${isHeldOut ? " that training did not see" : ""}; always naming the most frequent class: ${percent(chance)}.`;
}

/** The probe in words, for screen readers. */
export function probeText(z, label, far) {
  return `z ${Array.from(z).slice(0, 3).map((v) => fixed(v, 2)).join(", ")}${label !== null ? `, nearest class ${label}` : ""}${far ? ", no training data nearby" : ""}`;
}

/**
 * The caption of the map: its two axes, and which rows are drawn as pictures.
 * @param {{k: number, kept: number, n: number, noun: string, hasPictures: boolean, hasPrior: boolean}} what k: size of the code; kept: share of the variance in the plane
 */
export function mapCaption({ k, kept, n, noun, hasPictures, hasPrior }) {
  const what = k === 1 ? "The code is one number, from left to right; the height is random"
    : k === 2 ? `${count(n)} ${noun}s at the two numbers of their code` : `A projection of the ${k}-dimensional code onto a plane; it keeps ${Math.round(100 * kept)} % of the variance`;
  const prior = hasPrior ? ` The circles are the prior, one and two standard deviations wide: new ${noun}s are drawn from it.` : "";
  return hasPictures ? `${what}.${prior} Those with enough space around them are drawn as pictures; zoom in for more.` : `${what}.${prior}`;
}

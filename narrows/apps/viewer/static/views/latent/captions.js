/** The live sentence above the map. */

import { count, fixed } from "../../core/format.js";

/**
 * @param {{run: Run, about: Object|undefined, n: number, label: string|null, far: boolean, hasProbe: boolean}} what
 * @returns {string}
 */
export function latentSentence({ run, about, n, label, far, hasProbe }) {
  if (!about) return "Finding where the rows lie…";
  const classes = about.classes || [];
  const learning = run.state === "running" || run.state === "pausing";
  if (learning) {
    const together = classes.length > 1 ? "rows of one class drift together, though the network is never told the classes" : "rows that are alike drift together";
    return `Epoch ${run.epoch} of ${run.epochs}: ${together}.`;
  }
  if (n === 0) return "There is no row to show.";
  if (hasProbe && far) return "No row lies near the probe: the decoder can only guess there.";
  const place = label !== null ? `; the nearest row is of class ${label}` : "";
  if (hasProbe) return `The decoder draws what belongs to the point you hold${place}.`;
  return `${count(n)} rows lie at their codes${classes.length > 1 ? `, coloured by ${classes.length} classes the network never saw` : ""}.`;
}

/** What a screen reader hears of the probe. */
export function probeWords(z, label, far) {
  return `z ${Array.from(z).slice(0, 3).map((v) => fixed(v, 2)).join(", ")}${label !== null ? `, nearest class ${label}` : ""}${far ? ", no training data nearby" : ""}`;
}

/** Under the map: what its two directions are, and which rows are drawn as pictures. */
export function mapWords(k, kept, n, hasPictures) {
  const what = k === 1 ? "The code is one number, left to right; the height is spread at random"
    : k === 2 ? `${count(n)} rows at the two numbers of their code` : `A flat map of a code of ${k} numbers: it keeps ${Math.round(100 * kept)} % of their spread`;
  return hasPictures ? `${what}. Rows that find room are drawn as pictures; zoom in for more of them.` : `${what}.`;
}

/** The live sentence above the map. */

import { count } from "../core/dom.js";

/** @param {{run: Object, about: Object|undefined, n: number, label: number, far: boolean, hasProbe: boolean}} what @returns {string} */
export function latentSentence({ run, about, n, label, far, hasProbe }) {
  if (!about) return "Finding where the rows lie…";
  const classes = about.classes || [];
  const learning = run.state === "running" || run.state === "pausing";
  if (learning) {
    const together = classes.length > 1 ? "rows of one class drift together, though the network is never told the classes" : "rows that are alike drift together";
    return `Epoch ${run.epoch} of ${run.epochs}: ${together}.`;
  }
  if (n === 0) return "There is no row to show.";
  if (hasProbe && far) return "No row lies near the probe, so the decoder can only guess there: it has never seen such a code.";
  const place = label >= 0 ? `; the nearest row is of class ${classes[label]}` : "";
  if (hasProbe) return `Move over the map: the decoder draws what belongs to the point under the pointer${place}.`;
  return `${count(n)} rows lie at their codes${classes.length > 1 ? `, coloured by ${classes.length} classes the network never saw` : ""}.`;
}

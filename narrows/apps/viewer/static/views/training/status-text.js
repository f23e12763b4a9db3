/** The live sentence above the fixed rows. */

import { number } from "../../core/format.js";

/**
 * @param {{run: Run, shown: number|null, follows: boolean, record: Object|undefined, last: number|undefined, connected: boolean, still?: boolean}} what
 * @returns {string}
 */
export function trainingSentence({ run, shown, follows, record, last, connected, still = false }) {
  if (shown === null) return "The first pictures come after the first epoch.";
  const value = record ? record.validation ?? record.loss : null;
  const loss = Number.isFinite(value) ? ` The loss is ${number(value, 4)}${record.validation !== null ? " on rows held out" : ""}.` : "";
  if (shown === 0) return "Before the first epoch: the network has learned nothing yet, and what comes back says nothing of the rows.";
  if (!follows) return `You look at epoch ${shown}${last !== undefined && shown !== last ? ` of ${last} so far` : ""}.${loss}`;
  if (!connected) return `Last heard: epoch ${shown}.${loss}`;
  if (run.state === "running") return `Epoch ${shown} of ${run.epochs}: the rows sharpen as the loss falls.${loss}`;
  if (run.state === "pausing") return `Pausing after this epoch.${loss}`;
  if (run.state === "paused") return `Paused at epoch ${shown} of ${run.epochs}; press “.” for one epoch more.${loss}`;
  if (run.state === "diverged") return `The loss became infinite; the last pictures before that are of epoch ${shown}.`;
  if (run.state === "stopped") return `Stopped after epoch ${shown}.${loss}`;
  return `Trained for ${shown} epochs.${loss}${still ? "" : " Move along the line to see how it got there."}`;
}

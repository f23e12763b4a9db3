/** The sentence above the reconstructions. */

import { number } from "../../core/format.js";
import { sampleNoun } from "../shared/text.js";

/**
 * @param {{run: Run, shown: number|null, follows: boolean, record: EpochRecord|undefined, last: number|undefined, connected: boolean, still?: boolean}} what
 * @returns {string}
 */
export function statusText({ run, shown, follows, record, last, connected, still = false }) {
  if (shown === null) return "The first pictures appear after the first epoch.";
  const loss = lossSentence(run, record);
  if (shown === 0) return `Before the first epoch: the network has learned nothing yet, so the reconstructions do not resemble the ${sampleNoun(run)}s.`;
  if (!follows) return `Epoch ${shown}${last !== undefined && shown !== last ? ` (latest: ${last})` : ""}.${loss}`;
  if (!connected) return `Disconnected at epoch ${shown}.${loss}`;
  if (run.state === "running") return `Epoch ${shown} of ${run.epochs}: the reconstructions improve as the loss falls.${loss}`;
  if (run.state === "pausing") return `Pausing after this epoch.${loss}`;
  if (run.state === "paused") return `Paused at epoch ${shown} of ${run.epochs}; press “.” to train one more epoch.${loss}`;
  if (run.state === "diverged") return `The loss became infinite; the last pictures are from epoch ${shown}.`;
  if (run.state === "stopped") return `Stopped after epoch ${shown}.${loss}`;
  const early = run.state === "done" && run.message ? ` ${run.message}` : "";
  return `Trained for ${shown} epochs.${early}${loss}${still ? "" : " Drag along the curve to replay the training."}`;
}

/** The error, with the loss apart where penalties are a part of it. */
function lossSentence(run, record) {
  const value = record ? record.validation ?? record.loss : null;
  if (!Number.isFinite(value)) return "";
  if (record.validation === null) return ` Training loss: ${number(value, 4)}.`;
  const error = `Error on ${sampleNoun(run)}s it was not trained on`;
  const penalty = run.penalties.reduce((sum, name) => sum + (record.validation_parts?.[name] ?? 0), 0);
  return penalty ? ` ${error}: ${number(value - penalty, 4)} (validation loss, with the penalty: ${number(value, 4)}).` : ` ${error} (validation loss): ${number(value, 4)}.`;
}

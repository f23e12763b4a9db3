/** Reconstructions of the fixed rows by epoch: kept by the server, or received as snapshots. */

import { rowOf } from "../../core/picture.js";

export function createFrameStore() {
  const byEpoch = new Map();
  let epochs = [];
  const sort = () => { epochs = [...byEpoch.keys()].sort((a, b) => a - b); };

  return {
    /** @type {Int32Array|null} */
    positions: null,
    /** @type {Shaped<Values>|null} */
    original: null,
    /** @type {string[]|null} */
    labels: null,

    /** Adds the answer to `frames`; snapshots that arrived meanwhile are kept. */
    addAll({ arrays, about }) {
      this.positions = arrays.positions;
      this.original = arrays.original;
      this.labels = about.labels || null;
      for (let f = 0; f < arrays.epoch.length; f++) {
        const rebuilt = rowOf(arrays.rebuilt, f);
        byEpoch.set(arrays.epoch[f], Object.assign(rebuilt, { shape: arrays.rebuilt.shape.slice(1) }));
      }
      sort();
    },

    /** One pushed snapshot; it replaces an earlier one of its epoch: the best epoch's weights come after the last one's. */
    add(epoch, rebuilt) {
      const isNew = !byEpoch.has(epoch);
      byEpoch.set(epoch, rebuilt);
      if (!isNew) return;
      if (!epochs.length || epoch > epochs.at(-1)) epochs.push(epoch);
      else sort();
    },

    get epochs() { return epochs; },
    get n() { return this.original ? this.original.shape[0] : 0; },
    at: (epoch) => byEpoch.get(epoch),

    /** The kept epoch nearest to this one. */
    nearest(epoch) {
      let best = epochs.length ? epochs[0] : null;
      for (const one of epochs) if (Math.abs(one - epoch) < Math.abs(best - epoch)) best = one;
      return best;
    },
  };
}

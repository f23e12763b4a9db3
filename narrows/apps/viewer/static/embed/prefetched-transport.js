/** The transport of the report, and of what the static page holds: queries are answered from data in the page. */

import { gridAt } from "../core/grid-interpolation.js";
import { unpackFrame } from "../core/protocol.js";

/**
 * Unpacks the data of a report: deflated frames as base64, each after its length in 4 bytes.
 * @param {string} text
 * @returns {Promise<Frame[]>} unpacked frames, in order
 */
export async function unpackFrames(text) {
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return splitFrames(await new Response(stream).arrayBuffer());
}

/**
 * @param {ArrayBuffer} buffer frames, each after its length in 4 bytes
 * @returns {Frame[]} unpacked, in order
 */
export function splitFrames(buffer) {
  const view = new DataView(buffer);
  const frames = [];
  for (let at = 0; at < buffer.byteLength;) {
    const length = view.getUint32(at, true);
    frames.push(unpackFrame(buffer.slice(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return frames;
}

/**
 * @param {Frame[]} frames identified by view, and by `about.request` if a view has several
 * @param {"report"|"page"} place what the messages call it
 */
export function prefetchedTransport(frames, place = "report") {
  const framesOf = (view) => frames.filter((frame) => frame.view === view);
  const single = (view) => framesOf(view)[0] ?? fail(`This ${place} does not contain that.`);
  const curves = new Map(framesOf("denoise").filter((frame) => frame.about.curve).map((frame) => [frame.about.request.kind, frame.about.curve]));

  const answers = {
    rows({ positions, label }) {
      if (positions) return selectRows(single("sheet"), (position) => positions.includes(position), `This ${place} has no picture of row ${positions[0]}.`);
      if (label === undefined) return single("rows");
      const { labels } = single("rows").about;
      if (!labels) return single("rows");
      return selectRows(single("rows"), (_, i) => labels[i] === label, `This ${place} contains no sample of class ${label}.`);
    },
    activations: ({ position }) => framesOf("activations").find((frame) => frame.about.request.position === position) ?? fail(`This ${place} does not contain the activations of row ${position}.`),
    error_map: ({ position }) => framesOf("error_map").find((frame) => frame.about.request.position === position) ?? fail(`This ${place} does not contain the errors of row ${position}.`),
    denoise({ kind, level }) {
      const gap = (frame) => Math.abs(frame.about.request.level - level);
      const held = framesOf("denoise").filter((frame) => frame.about.request.kind === kind);
      if (!held.length) fail(`This ${place} does not contain this kind of noise.`);
      const best = held.reduce((one, other) => (gap(other) < gap(one) ? other : one));
      return { ...best, about: { ...best.about, curve: curves.get(kind) ?? null } };
    },
    scores({ normal }) {
      const frame = single("scores");
      const { normal: held, classes } = frame.about;
      if (!normal || !held || normal.length === held.length && normal.every((name) => held.includes(name))) return frame;
      // The errors are the same; thresholds and AUC of the first labelling no longer apply.
      const isAnomalous = classes.map((name) => Number(!normal.includes(name)));
      const anomalous = Uint8Array.from(frame.arrays.label, (cls) => (cls < 0 ? 0 : isAnomalous[cls]));
      return { ...frame, about: { ...frame.about, normal, thresholds: null, auroc: null, trained_on: null }, arrays: { ...frame.arrays, anomalous } };
    },
    sample: ({ seed }) => framesOf("sample")[seed % framesOf("sample").length] ?? fail(`This ${place} contains no synthetic rows.`),
    path({ a, b, steps }) {
      const grid = single("decoded_grid");
      const { origin, axes } = single("codes").arrays;
      const on = (z, axis) => z.reduce((sum, v, j) => sum + (v - origin[j]) * axes[axis * origin.length + j], 0);
      const way = Array.from({ length: steps }, (_, i) => {
        const z = a.map((v, j) => v + i / (steps - 1) * (b[j] - v));
        return gridAt(/** @type {any} */ (grid.arrays), on(z, 0), on(z, 1));
      });
      return { about: {}, arrays: { way: stackRows(way) }, epoch: grid.epoch };
    },
  };

  return {
    async query(view, _run, params) {
      const { about, arrays, epoch } = (answers[view] || (() => single(view)))(params);
      return { about, arrays, epoch };
    },
    decode: () => Promise.resolve(undefined),
    command: () => Promise.reject({ message: "A report cannot train; use narrows lab." }),
  };
}

function fail(message) {
  throw { message };
}

/** The rows of a frame for which `isWanted(position, i)`. */
function selectRows(frame, isWanted, words) {
  const all = Array.from(frame.arrays.position);
  const chosen = all.map((_, i) => i).filter((i) => isWanted(all[i], i));
  if (!chosen.length) fail(words);
  const arrays = {};
  for (const [name, array] of Object.entries(frame.arrays)) {
    const size = array.length / array.shape[0];
    arrays[name] = stackRows(chosen.map((i) => array.subarray(i * size, (i + 1) * size)), array.shape.slice(1));
  }
  const labels = frame.about.labels && chosen.map((i) => frame.about.labels[i]);
  return { ...frame, about: { ...frame.about, labels }, arrays };
}

/** Rows of one type as one array (n, ...). */
function stackRows(rows, shape = [rows[0].length]) {
  const whole = new rows[0].constructor(rows.length * rows[0].length);
  rows.forEach((row, i) => whole.set(row, i * row.length));
  return Object.assign(whole, { shape: [rows.length, ...shape] });
}

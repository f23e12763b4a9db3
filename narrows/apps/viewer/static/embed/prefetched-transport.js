/** The transport of the report: queries are answered from data in the page. */

import { latticeAt } from "../core/lattice.js";
import { unpackFrame } from "../core/protocol.js";

/**
 * What the report holds: deflated frames as base64, each behind its length in 4 bytes.
 * @param {string} text
 * @returns {Promise<Object[]>} unpacked frames, in order
 */
export async function unpackHeld(text) {
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  const view = new DataView(buffer);
  const frames = [];
  for (let at = 0; at < buffer.byteLength;) {
    const length = view.getUint32(at, true);
    frames.push(unpackFrame(buffer.slice(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return frames;
}

/** @param {Object[]} frames each told by its view, and where there are several of a view by `about.asked` */
export function staticTransport(frames) {
  const of = (view) => frames.filter((frame) => frame.view === view);
  const only = (view) => of(view)[0] ?? missing("This report does not contain that.");
  const curves = new Map(of("denoise").filter((frame) => frame.about.curve).map((frame) => [frame.about.asked.kind, frame.about.curve]));

  const answers = {
    rows({ positions, label }) {
      if (positions) return some(only("sheet"), (position) => positions.includes(position), `This report has no picture of row ${positions[0]}.`);
      if (label === undefined) return only("rows");
      const { labels } = only("rows").about;
      return some(only("rows"), (_, i) => labels[i] === label, `This report contains no sample of class ${label}.`);
    },
    activations: ({ position }) => of("activations").find((frame) => frame.about.asked.position === position) ?? missing(`This report does not contain the activations of row ${position}.`),
    error_map: ({ position }) => of("error_map").find((frame) => frame.about.asked.position === position) ?? missing(`This report does not contain the errors of row ${position}.`),
    denoise({ kind, level }) {
      const gap = (frame) => Math.abs(frame.about.asked.level - level);
      const held = of("denoise").filter((frame) => frame.about.asked.kind === kind);
      if (!held.length) missing("This report does not contain this kind of noise.");
      const best = held.reduce((one, other) => (gap(other) < gap(one) ? other : one));
      return { ...best, about: { ...best.about, curve: curves.get(kind) ?? null } };
    },
    scores({ normal }) {
      const frame = only("scores");
      const { normal: held, classes } = frame.about;
      if (!normal || normal.length === held.length && normal.every((name) => held.includes(name))) return frame;
      // The errors stay; which of them are anomalies is another question, and what was measured for the first one goes.
      const strange = classes.map((name) => Number(!normal.includes(name)));
      const anomalous = Uint8Array.from(frame.arrays.label, (cls) => (cls < 0 ? 0 : strange[cls]));
      return { ...frame, about: { ...frame.about, normal, thresholds: null, auroc: null, trained_on: null }, arrays: { ...frame.arrays, anomalous } };
    },
    sample: ({ seed }) => of("sample")[seed % of("sample").length] ?? missing("This report contains no generated rows."),
    path({ a, b, steps }) {
      const lattice = only("lattice");
      const { origin, axes } = only("codes").arrays;
      const on = (z, axis) => z.reduce((sum, v, j) => sum + (v - origin[j]) * axes[axis * origin.length + j], 0);
      const way = Array.from({ length: steps }, (_, i) => {
        const z = a.map((v, j) => v + i / (steps - 1) * (b[j] - v));
        return latticeAt(lattice.arrays, on(z, 0), on(z, 1));
      });
      return { about: {}, arrays: { way: joined(way) }, epoch: lattice.epoch };
    },
  };

  return {
    async ask(view, _run, params) {
      const { about, arrays, epoch } = (answers[view] || (() => only(view)))(params);
      return { about, arrays, epoch };
    },
    decode: () => Promise.resolve(undefined),
    command: () => Promise.reject({ message: "A report cannot train; use narrows lab." }),
  };
}

function missing(message) {
  throw { message };
}

/** Those rows of a frame that are wanted: `wanted(position, i)`. */
function some(frame, wanted, words) {
  const all = Array.from(frame.arrays.position);
  const chosen = all.map((_, i) => i).filter((i) => wanted(all[i], i));
  if (!chosen.length) missing(words);
  const arrays = {};
  for (const [name, array] of Object.entries(frame.arrays)) {
    const size = array.length / array.shape[0];
    arrays[name] = joined(chosen.map((i) => array.subarray(i * size, (i + 1) * size)), array.shape.slice(1));
  }
  const labels = frame.about.labels && chosen.map((i) => frame.about.labels[i]);
  return { ...frame, about: { ...frame.about, labels }, arrays };
}

/** Rows of one type as one array (n, ...). */
function joined(rows, shape = [rows[0].length]) {
  const whole = new rows[0].constructor(rows.length * rows[0].length);
  rows.forEach((row, i) => whole.set(row, i * row.length));
  return Object.assign(whole, { shape: [rows.length, ...shape] });
}

/** The transport of the static page: queries are answered from files of each run and epoch, or by its networks. */

import { gridNodes, inPageActivations, numericCells, pageValues, psnr } from "./page-answers.js";
import { prefetchedTransport, splitFrames } from "../embed/prefetched-transport.js";

const PARTS = { activations: "flow", floats: "flow", denoise: "noise", scores: "errors", detector_scores: "errors", error_map: "errors", frames: "training", history: "training" };

/**
 * @typedef {{epochs: number[], trained_epochs: number, live: boolean, rows: number, noise: Record<string, number[]>}} RunAbout
 * See `RunFiles.about` in narrows/apps/site/run_files.py.
 */

/**
 * @param {{base: string, about: Record<string, RunAbout>, runs: Run[], networks: ReturnType<typeof import("./networks.js").networkPool>, epochOf: (run: string) => number}} what epochOf: the epoch that a run is shown at
 * @returns {Transport}
 */
export function staticTransport({ base, about, runs, networks, epochOf }) {
  /** @type {Map<string, Promise<Frame[]>>} */
  const files = new Map();
  let isDecoding = false;
  /** @type {((isNext: boolean) => void)|null} */
  let waiting = null;

  /** The frames of a file of a run. */
  function part(id, name) {
    const path = `data/${id}/${name}.bin`;
    if (!files.has(path)) {
      const fetched = fetch(new URL(path, base)).then(async (response) => {
        if (!response.ok) throw { message: `${path} is missing on this page.` };
        return splitFrames(await response.arrayBuffer());
      });
      fetched.catch(() => files.delete(path));
      files.set(path, fetched);
    }
    return /** @type {Promise<Frame[]>} */ (files.get(path));
  }

  const frameOf = async (id, name, view) => (await part(id, name)).find((frame) => frame.view === view);
  const runOf = (id) => /** @type {Run} */ (runs.find((run) => run.id === id));

  /** Answers that a network of the page computes; each returns null for what the files hold. */
  const computed = {
    async codes(id, epoch, isLast) {
      if (isLast) return null;
      const [all, moved] = await Promise.all([frameOf(id, "map", "codes"), frameOf(id, `epoch-${epoch}`, "codes")]);
      return { about: { ...all?.about, ...moved?.about }, arrays: { ...all?.arrays, ...moved?.arrays }, epoch };
    },
    async code_neighbours(_id, _epoch, isLast) {
      if (isLast) return null;
      throw { dropped: true }; // it is known of the last epoch alone
    },
    async decoded_grid(id, epoch, isLast) {
      if (isLast) return null;
      const [grid, plane] = await Promise.all([frameOf(id, `epoch-${epoch}`, "decoded_grid"), frameOf(id, `epoch-${epoch}`, "codes")]);
      if (!grid || !plane) return null;
      const side = grid.arrays.x.length;
      const decoded = await decodeAll(id, epoch, gridNodes(grid, plane), side * side, [side, side]);
      return { about: grid.about, arrays: { ...grid.arrays, decoded }, epoch };
    },
    async path(id, epoch, _isLast, { a, b, steps }) {
      const codes = Float32Array.from({ length: steps * a.length }, (_, i) => {
        const [t, j] = [Math.floor(i / a.length) / (steps - 1), i % a.length];
        return a[j] * (1 - t) + b[j] * t;
      });
      return { about: {}, arrays: { way: await decodeAll(id, epoch, codes, steps, [steps]) }, epoch };
    },
    async activations(id, epoch, isLast, { position, values }) {
      const frames = await part(id, "flow");
      const known = frames.find((frame) => frame.view === "activations" && frame.about.request.position === position);
      if (!values && (isLast || !known)) return null;
      const floats = values ? await drawn(id, values) : sampleFloats(await frameOf(id, "flow", "floats"), position);
      const template = known ?? frames.find((frame) => frame.view === "activations");
      const passed = await networks.pass(id, epoch, floats);
      return inPageActivations(/** @type {Frame} */ (template), passed, floats, runOf(id), { epoch, isKnown: !values });
    },
    async cells(id, _epoch, _isLast, { observed, expected }) {
      const template = await frameOf(id, "flow", "activations");
      return { about: { cells: numericCells(template?.about, runOf(id), { ...(observed ? { observed } : {}), expected }) }, arrays: {}, epoch: about[id].epochs.at(-1) };
    },
    async denoise(id, epoch, _isLast, { positions, values }) {
      return values ? denoised(id, epoch, positions[0], values) : null;
    },
  };

  /** The reconstruction of a row that the user drew on. */
  async function denoised(id, epoch, position, values) {
    const run = runOf(id);
    const floats = await frameOf(id, "flow", "floats");
    const clean = sampleFloats(floats, position);
    const noisy = await drawn(id, values);
    const passed = await networks.pass(id, epoch, noisy);
    const before = await networks.pass(id, epoch, clean);
    const range = floats?.about.bounded ? 1 : Math.max(...clean) - Math.min(...clean) || 1;
    const [first, second] = [psnr(clean, noisy, range), psnr(clean, passed.rebuilt, range)];
    const one = (row) => pageValues(row, run, [1]);
    return { about: { psnr_noisy: first, psnr_denoised: second, psnr_noisy_rows: [first], psnr_denoised_rows: [second], curve: null, layers: null },
      arrays: { clean: one(before.input), noisy: one(passed.input), denoised: one(passed.row) }, epoch };
  }

  /** Drawn brightness or edited floats as the network takes them. */
  async function drawn(id, values) {
    const run = runOf(id);
    if (!run.shape) return Float32Array.from(values);
    const { gain, bias } = (await frameOf(id, "flow", "floats"))?.arrays ?? {};
    return Float32Array.from(values, (v, i) => {
      const brightness = Math.max(0, Math.min(1, v));
      return gain ? gain[i] * brightness + bias[i] : brightness;
    });
  }

  async function decodeAll(id, epoch, codes, n, shape) {
    return pageValues(await networks.decode(id, epoch, codes, n), runOf(id), shape);
  }

  async function decodeNow(run, z) {
    const begun = performance.now();
    const epoch = epochOf(run.id);
    const values = pageValues(await networks.decode(run.id, epoch, z, 1), run, []);
    return { values, epoch, ms: performance.now() - begun };
  }

  return {
    async query(view, id, params) {
      const epoch = epochOf(id);
      const { live, epochs } = about[id];
      const own = live ? await computed[view]?.(id, epoch, epoch === epochs.at(-1), params) : null;
      if (own) return own;
      const name = view === "rows" && !params.positions ? "flow" : PARTS[view] ?? "map";
      return prefetchedTransport(await part(id, name), "page").query(view, id, params);
    },

    /** One code is decoded at a time; of those that come meanwhile only the newest. */
    async decode(number, z) {
      const run = runs.find((one) => one.number === number);
      if (!run) return undefined;
      if (isDecoding) {
        waiting?.(false);
        const isNext = await new Promise((resolve) => { waiting = resolve; });
        if (!isNext) return undefined;
      }
      isDecoding = true;
      try {
        return await decodeNow(run, z);
      } finally {
        isDecoding = false;
        const next = waiting;
        waiting = null;
        next?.(true);
      }
    },
    command: () => Promise.reject({ message: "This page cannot train; use narrows lab." }),
  };
}

/** The encoded floats of a sample. */
function sampleFloats(frame, position) {
  const at = frame ? Array.from(frame.arrays.position).indexOf(position) : -1;
  if (at < 0) throw { message: `This page does not contain the floats of row ${position}.` };
  const size = frame.arrays.floats.length / frame.arrays.position.length;
  return frame.arrays.floats.slice(at * size, (at + 1) * size);
}

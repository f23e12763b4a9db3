/** The networks of the page: ONNX files, run by ONNX Runtime Web, which is loaded once and without threads. */

const MOST_SESSIONS = 16;

/** @typedef {{Tensor: any, InferenceSession: any, env: any}} Runtime */

/** @param {string} base address of the folder of the page */
export function networkPool(base) {
  /** @type {Promise<Runtime>|null} */
  let loading = null;
  /** @type {Map<string, Promise<any>>} */
  const sessions = new Map();
  /** @type {Promise<any>} */
  let queue = Promise.resolve();

  /** Loads the runtime; rejects where the browser cannot run it. */
  function load() {
    loading ||= (async () => {
      const runtime = await import(new URL("runtime/onnxruntime.js", base).href);
      runtime.env.wasm.numThreads = 1;
      runtime.env.wasm.wasmPaths = { wasm: new URL("runtime/onnxruntime.wasm", base).href };
      runtime.env.logLevel = "error";
      return runtime;
    })();
    return loading;
  }

  /** The session of a file; the sessions used last are kept. */
  function session(path) {
    const known = sessions.get(path);
    sessions.delete(path);
    const made = known ?? open(path);
    sessions.set(path, made);
    for (const [old, one] of sessions) {
      if (sessions.size <= MOST_SESSIONS) break;
      sessions.delete(old);
      queue = queue.then(() => one.then((it) => it.release())).catch(() => {});
    }
    return made;
  }

  async function open(path) {
    const [runtime, response] = await Promise.all([load(), fetch(new URL(path, base))]);
    if (!response.ok) throw { message: `${path} is missing on this page.` };
    return runtime.InferenceSession.create(new Uint8Array(await response.arrayBuffer()), { executionProviders: ["wasm"] });
  }

  /**
   * Runs a network on n rows, one after the other.
   * @param {string} path
   * @param {string} input
   * @param {Float32Array} values n rows
   * @param {number} n
   * @returns {Promise<Record<string, Float32Array>>} its outputs by name
   */
  async function run(path, input, values, n) {
    const [runtime, made] = await Promise.all([load(), session(path)]);
    const work = queue.then(() => made.run({ [input]: new runtime.Tensor("float32", values, [n, values.length / n]) }));
    queue = work.catch(() => {});
    return Object.fromEntries(Object.entries(await work).map(([name, tensor]) => [name, /** @type {any} */ (tensor).data]));
  }

  return {
    load,
    /**
     * Decodes n codes: brightness in [0, 1] of images, encoded rows of tables.
     * @returns {Promise<Float32Array>}
     */
    decode: async (id, epoch, codes, n) => (await run(`data/${id}/decoder-${epoch}.onnx`, "code", codes, n)).row,
    /** All that the network makes of one encoded row. */
    pass: (id, epoch, floats) => run(`data/${id}/network-${epoch}.onnx`, "floats", floats, 1),
  };
}

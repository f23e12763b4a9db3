/** A link that carries the settings of the run in view, so that another lab can find or train it. */

/** @typedef {import("./presets.js").Setup} Setup */
/** @typedef {{data: {id: string, name: string, rows: number, kind?: string}, runs: Setup[]}} SharedSetup the second run is compared with the first */

const OF_THIS_LAB = /^(run|compare|setup|preset|\w+-run|\w+-compare)$/;

/**
 * The address of what the page shows now, without the ids of this lab's runs.
 * @param {Lab} lab
 * @returns {string}
 */
export function sharedLink(lab) {
  const set = lab.dataset();
  if (!lab.run || !set) return location.href;
  const entries = new URLSearchParams(Array.from(new URLSearchParams(String(lab.store))).filter(([key]) => !OF_THIS_LAB.test(key)));
  const runs = [lab.run, lab.compare].filter((run) => run !== null).map(setupOf);
  /** @type {SharedSetup} */
  const setup = { data: { id: set.id, name: set.name, rows: set.rows, kind: set.kind }, runs };
  entries.set("view", lab.store.get("view", "flow"));
  entries.set("setup", JSON.stringify(setup));
  return `${location.origin}${location.pathname}#${entries}`;
}

/** @param {Run} run @returns {Setup} without the settings that are left to narrows */
function setupOf({ variant, settings }) {
  return { variant, settings: Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null)) };
}

/**
 * The setup in an address; null where it cannot be read.
 * @param {string} text
 * @returns {SharedSetup|null}
 */
export function readSetup(text) {
  try {
    const setup = JSON.parse(text);
    const isRun = (run) => typeof run?.variant === "string" && typeof run.settings === "object" && run.settings !== null;
    return typeof setup.data?.name === "string" && Array.isArray(setup.runs) && setup.runs.length > 0 && setup.runs.every(isRun) ? setup : null;
  } catch {
    return null;
  }
}

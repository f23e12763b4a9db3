/** The static page: the five views on finished runs, at any of their epochs, without a server. */

import { slider } from "../core/controls.js";
import { clear, existing, h } from "../core/dom.js";
import { count } from "../core/format.js";
import { createStore, syncHash } from "../core/store.js";
import { debounce } from "../core/timing.js";
import { embed } from "../embed/embed.js";
import { networkPool } from "./networks.js";
import { staticTransport } from "./static-transport.js";

/** The views that show a run at a chosen epoch; the training view has a line of its own for it. */
const WITH_EPOCH = new Set(["flow", "latent"]);

/** @type {HTMLElement} */
const page = existing(".site-page");
const base = new URL(".", location.href).href;
const store = createStore(location.hash.slice(1));
export const networks = networkPool(base);
let isBroken = false;

start().catch((error) => {
  clear(page, h("p", { class: "site-waiting note" }, "This page could not be shown. Copy the whole folder to the web server."));
  throw error;
});

async function start() {
  const response = await fetch(new URL("data/site.json", base));
  if (!response.ok) throw new Error("data/site.json");
  const { state, runs: about, opening } = await response.json();
  const view = () => store.get("view", "flow");
  const epochsOf = (id) => about[id].epochs;
  let inView = state.runs.at(-1).id;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const host = h("main", {});
  const title = h("h1", {});
  const runChoice = h("select", { "aria-label": "Run", dataset: { control: "run" }, on: { change: () => embedded.lab.show(runChoice.value) } },
    state.runs.map((run) => h("option", { value: run.id }, `${run.number}. ${run.name}, code of ${run.n_components}`)));
  const epochChoice = slider({ label: "Epoch", min: 0, max: 1, step: 1, value: 0, format: (i) => epochWords(Math.round(i)), onInput: (i) => choose(i), attrs: { "data-control": "epoch" } });
  epochChoice.el.classList.add("site-epoch");
  const notes = h("p", { dataset: { notes: "" } });
  const lost = h("p", { class: "message warn", hidden: true }, "This browser could not start the decoder (WebAssembly): pictures are interpolated from a decoded grid.");
  clear(page, h("div", { class: "site-column" },
    h("header", { class: "site-header" }, title, h("label", { class: "field", hidden: state.runs.length < 2 }, h("span", {}, "Run"), runChoice), epochChoice.el),
    lost, host,
    h("footer", { class: "site-footer" }, notes,
      h("p", {}, `Exported from narrows ${state.version}. The decoder runs in your browser, and nothing is sent anywhere. This page does not train and reads no new data: for that, `, h("code", {}, "pip install narrows"), " and ", h("code", {}, "narrows lab"), "."))));

  openRuns(state.runs, opening);
  syncHash(store);

  /** The epoch that a run is shown at: the nearest to the one in the address whose network is here; else the last. */
  function epochOf(id) {
    const wanted = store.get("epoch", -1);
    const epochs = epochsOf(id);
    if (wanted < 0 || !WITH_EPOCH.has(view())) return epochs.at(-1);
    return epochs.reduce((best, one) => (Math.abs(one - wanted) < Math.abs(best - wanted) ? one : best));
  }

  const can = { train: false, follow: false, ask: false, get live() { return !isBroken && about[inView].live; } };
  const embedded = embed(host, {
    store, can, state, first: "flow", dark: () => system.matches,
    prefetched: (run) => { inView = run.id; return { noise: about[run.id].noise, classes: true }; },
    transport: () => staticTransport({ base, about, runs: state.runs, networks, epochOf }),
  });

  function choose(i) {
    const { run } = embedded.lab;
    if (!run) return;
    const epoch = epochsOf(run.id)[i];
    store.set("epoch", epoch === epochsOf(run.id).at(-1) ? null : epoch);
    moveSoon();
    settleSoon();
  }

  /** Brings the view to the chosen epoch: the map moves, the rest is computed again. */
  async function move() {
    const { lab } = embedded;
    const { run } = lab;
    if (!run) return;
    if (view() === "latent") {
      const { arrays: { xy, origin, axes }, epoch } = await lab.query("codes", { run: run.id });
      lab.emit("codes", { run: run.id, epoch, arrays: { xy, origin, axes } });
    }
    lab.emit("epoch", { run: run.id, records: [] });
  }

  const moveSoon = debounce(move, 30);
  // Views refresh slow parts at most about once a second.
  const settleSoon = debounce(() => embedded.lab.emit("epoch", { run: embedded.lab.run?.id, records: [] }), 1000);

  function epochWords(i) {
    return `${epochsOf(inView)[i] ?? ""} of ${epochsOf(inView).at(-1)}`;
  }

  function update() {
    const { lab } = embedded;
    const { run } = lab;
    if (!run) return;
    const set = lab.dataset(run);
    const epochs = epochsOf(run.id);
    title.textContent = set?.name ?? run.name;
    document.title = `${title.textContent} · narrows`;
    runChoice.value = run.id;
    epochChoice.input.max = epochs.length - 1;
    epochChoice.set(epochs.indexOf(epochOf(run.id)));
    epochChoice.el.hidden = epochs.length < 2 || !WITH_EPOCH.has(view()) || isBroken;
    clear(notes, noteWords(about[run.id], set, run));
    Object.assign(page.dataset, { run: run.id, epoch: epochOf(run.id) });
  }

  embedded.lab.on("run", update);
  for (const key of ["view", "epoch"]) store.on(key, update);
  system.addEventListener("change", embedded.restyle);
  update();
  networks.load().then(() => { page.dataset.decoder = "ready"; }, () => { isBroken = true; lost.hidden = false; embedded.remount(); update(); });
}

/**
 * Unless the address names a run: the newest that is no example, and in the views that have examples these.
 * @param {Run[]} runs
 * @param {Record<string, string[]>} opening
 */
function openRuns(runs, opening) {
  if (store.get("run")) return;
  const examples = new Set(Object.values(opening).flat());
  store.set("run", (runs.findLast((run) => !examples.has(run.id)) ?? runs.at(-1))?.id);
  for (const [view, [run, compare]] of Object.entries(opening)) {
    store.set(`${view}-run`, run);
    if (compare) store.set(`${view}-compare`, compare);
  }
}

/** What the page lacks of a run, in words. */
function noteWords({ epochs, trained_epochs: trained, live, rows }, set, run) {
  const words = [];
  if (!live) words.push(`Run ${run.number} has a network that cannot run in a browser: pictures are interpolated from a decoded grid.`);
  else if (epochs.length < 2) words.push(`Run ${run.number} is here with its last network; those of earlier epochs were not kept.`);
  else if (epochs.length < trained) words.push(`Of ${count(trained)} epochs of run ${run.number} the page has the networks of ${count(epochs.length)}.`);
  if (set && rows < set.rows) words.push(`The map shows ${count(rows)} of ${count(set.rows)} rows.`);
  words.push("Denoise and Anomaly show the last epoch.");
  return words.join(" ");
}

/** Opens presets and shared links: finds their runs or trains them, and says above the view what to look for. */

import { clear, h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { WHY_NOT } from "../../core/session.js";
import { countOf } from "../../views/shared/text.js";
import { presetNamed } from "../presets.js";
import { readSetup } from "../shared-link.js";
import { isBusy } from "./run-actions.js";

/** @typedef {import("../presets.js").Setup} Setup */

const VIEWS_WITH_OWN_RUN = new Set(["denoise", "anomaly"]);

/**
 * @param {HTMLElement} el the strip above the view
 * @param {Lab} lab
 * @returns {{update: () => void, isOpening: () => boolean}}
 */
export function mountSetups(el, lab) {
  const { store } = lab;
  let opened = "";
  let opening = "";
  /** Whether the first run waits for a training to end. */
  let isBlocked = false;
  /** A run to compare with, whose training waits for a free place.
   * @type {(Setup & {dataset: string})|null} */
  let waiting = null;
  /** @type {string|null} the text of a link whose runs are not here */
  let asked = null;

  const key = () => `${store.get("preset", "")} ${store.get("setup", "")}`.trim();

  /** Shows what the address asks for, once for each address. */
  async function update() {
    if (lab.state?.status !== "ready" || !lab.connected) return;
    trainWaiting();
    render();
    if (!key() || key() === opened || opening || (isBlocked && !hasPlace())) return;
    opening = key();
    try {
      await (store.get("preset") ? openPreset() : openLink());
      opened = opening;
      isBlocked = false;
    } catch (error) {
      isBlocked = lab.can.train && !hasPlace();
      if (!error?.dropped && !isBlocked) { opened = opening; lab.emit("error", error); }
    }
    opening = "";
    render();
  }

  /** Whether one more training of the visitor may run now; the server counts examples apart. */
  const hasPlace = () => (lab.state?.runs.filter((run) => isBusy(run) && !run.example).length ?? 0) < (lab.state?.limits?.trainings ?? 1);

  async function openPreset() {
    const preset = presetNamed(store.get("preset"));
    if (!preset) throw { message: `There is no preset “${store.get("preset")}”.`, hint: "The list is under Presets." };
    const dataset = await digits();
    await openRuns(dataset, preset.runs, store.get("view") ?? preset.view);
  }

  /** Opens the digits, if they are not open, and returns their id. */
  async function digits() {
    const open = lab.state?.datasets.find((set) => set.id === "digits" && set.rows === 1797);
    return open ? open.id : (await lab.command("data.open", { id: "digits" })).dataset;
  }

  async function openLink() {
    const setup = readSetup(store.get("setup"));
    if (!setup) throw { message: "The setup in this address cannot be read.", hint: "Copy the whole link again." };
    const dataset = await datasetOf(setup);
    const known = dataset && await Promise.all(setup.runs.map((one) => lab.command("train.find", { dataset, ...one })));
    if (known?.[0].run) return show(known[0].run, known[1]?.run ?? null, store.get("view", "flow"));
    asked = store.get("setup");
    return undefined;
  }

  /** The id of the data of a link; null where they are not open here. */
  async function datasetOf({ data }) {
    const open = () => lab.state?.datasets.find((set) => set.name === data.name && set.rows === data.rows);
    const offered = data.id === "digits" || lab.state?.offered.some((one) => one.id === data.id && one.here);
    if (!open() && offered) return (await lab.command("data.open", { id: data.id })).dataset;
    return open()?.id ?? null;
  }

  async function trainAsked() {
    try {
      const setup = readSetup(asked ?? "");
      const dataset = setup && await datasetOf(setup);
      if (!setup || !dataset) return;
      await openRuns(dataset, setup.runs, store.get("view", "flow"));
      asked = null;
    } catch (error) {
      if (!error?.dropped) lab.emit("error", error);
    }
    render();
  }

  /**
   * Finds or trains the runs and shows them; the second may have to wait for a free place.
   * @param {string} dataset
   * @param {Setup[]} runs
   * @param {string} view
   */
  async function openRuns(dataset, [first, second], view) {
    const run = await lab.findOrTrain({ dataset, ...first });
    waiting = null;
    /** @type {string|null} */
    let compared = null;
    if (second) {
      try {
        compared = await lab.findOrTrain({ dataset, ...second });
      } catch (error) {
        if (error?.dropped) throw error;
        waiting = lab.can.train ? { ...second, dataset } : null;
      }
    }
    show(run, compared, view);
  }

  async function trainWaiting() {
    if (!waiting || !hasPlace()) return;
    const { dataset, variant, settings } = waiting;
    waiting = null;
    try {
      lab.compareWith(await lab.findOrTrain({ dataset, variant, settings }));
    } catch (error) {
      if (!error?.dropped) lab.emit("error", error);
    }
  }

  function show(run, compared, view) {
    // The runs come first: a view that opens without them would train an example.
    if (VIEWS_WITH_OWN_RUN.has(view)) {
      store.set(`${view}-run`, run);
      store.set(`${view}-compare`, compared ?? "");
    }
    store.set("latent-run", null);
    store.set("compare", compared);
    store.set("run", run);
    store.set("setup", null);
    store.set("view", view);
  }

  function render() {
    const preset = presetNamed(store.get("preset"));
    const close = h("button", { type: "button", class: "button quiet square", "aria-label": "Close", dataset: { action: "close-setup" }, on: { click: () => { asked = null; store.set("preset", null); store.set("setup", null); render(); } } }, icon("close"));
    const words = `${asked} ${preset?.name} ${opening} ${isBlocked} ${lab.run?.state}`;
    if (el.dataset.words === words) return;
    el.dataset.words = words;
    el.hidden = !preset && !asked;
    el.dataset.preset = preset?.name ?? "";
    if (preset) clear(el, h("div", { class: "setup-words" }, h("h2", {}, `${preset.title}: ${preset.question}`), h("p", {}, h("b", {}, "What to look for: "), preset.look), isBlocked ? h("p", { class: "note" }, "Its training begins when one of the present trainings has ended.") : isBusy(lab.run) ? h("p", { class: "note" }, "The network is in training; the picture settles when it ends.") : null), close);
    else if (asked) clear(el, h("div", { class: "setup-words" }, ...linkWords(asked)), close);
    else clear(el);
  }

  function linkWords(text) {
    const setup = readSetup(text);
    if (!setup) return [];
    const { data, runs: [{ variant, settings }] } = setup;
    const here = lab.state?.datasets.some((set) => set.name === data.name && set.rows === data.rows);
    const what = `a ${variant} autoencoder with a code of ${countOf(settings.n_components ?? 2, "number")} on ${data.name}`;
    return [h("h2", {}, "This link shows a run that is not on this machine"),
      h("p", {}, here ? `It is ${what}. Its settings came with the link.` : `It is ${what} (${countOf(data.rows, data.kind === "images" ? "image" : "row")}). Open these data under Data first.`),
      lab.can.train ? h("div", { class: "row" }, h("button", { type: "button", class: "button primary small", disabled: !here, dataset: { action: "train-link" }, on: { click: trainAsked } }, icon("play"), "Train it here")) : h("p", { class: "note" }, WHY_NOT)];
  }

  store.on("preset", () => { if (!store.get("preset")) opened = ""; update(); });
  store.on("setup", () => { if (store.get("setup")) update(); });
  return { update, isOpening: () => Boolean(opening || (key() && key() !== opened)) };
}

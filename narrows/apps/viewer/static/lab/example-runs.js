/** Some views open on runs that show what they are about; the server trains them where there are none, but not for a pupil. */

import { leavePlaces } from "../views/latent/clusters.js";
import { isBusy } from "./panels/run-actions.js";

const VIEWS = new Set(["latent", "denoise", "anomaly"]);

/** Whether a view can show its subject with a run: one on normal rows only, one that denoises. */
const showsSubject = (view, run, set) => (view === "anomaly" ? Boolean(run.settings.normal || (run.settings.rows && !set.classes)) : run.variant === "denoising");

/** Whether the map of a run is opened on the example instead: a plain code of two numbers, of images with classes. */
const hidesClusters = (run, set) => set.kind === "images" && (set.classes?.length ?? 0) > 1
  && run.variant === "plain" && run.n_components === 2 && !run.settings.penalty && !run.settings.normal && !run.settings.rows;

/**
 * Opens the example of a view that the user turns to, unless the run in view shows its subject, or the address names a run.
 * @param {Lab} lab
 * @param {(isOpening: boolean) => void} onOpening called when an example begins to be opened, and when it is in view
 * @param {() => boolean} [isTaken] whether the view is about to open on runs that the address asks for
 */
export function followExamples(lab, onOpening, isTaken = () => false) {
  let isOpening = false;
  /** The views whose example the server refused or did not have, with the data: they are not tried again. */
  const refused = new Set();
  /** The data whose map has been opened or begun: it is opened once. */
  const mapped = new Set();
  let isFirst = true;
  const named = lab.store.get("run");

  /** Whether a view opens on its example in place of the run in view. */
  function opensOnExample(view, run, set) {
    if (view === "latent") return !lab.store.get("latent-run") && run.id !== named && !mapped.has(`${set.id} ${set.labels}`) && hidesClusters(run, set);
    const isOpen = lab.store.get(`${view}-run`) && (view !== "denoise" || lab.store.get("denoise-compare") !== null);
    if (isOpen || (isFirst && lab.store.get("run"))) return false;
    return !(showsSubject(view, run, set) && !lab.store.get(`${view}-run`)) && (view !== "anomaly" || (set.classes?.length ?? 0) > 1);
  }

  async function open() {
    const view = lab.store.get("view");
    const run = lab.run;
    const set = lab.dataset();
    if (isOpening || isTaken() || !VIEWS.has(view) || lab.state?.status !== "ready" || !run || !set || run.can_train === false) return;
    if (view === "latent" && lab.awaited) openAwaited(run);
    const key = keyOf(view, set);
    if (refused.has(key) || !opensOnExample(view, run, set)) return;
    const places = lab.state.limits?.trainings ?? 1;
    // Until a training ends there may be no place for another.
    if (lab.can.train && lab.state.runs.filter(isBusy).length >= places) return;
    isOpening = true;
    onOpening(true);
    try {
      const { run: example, compare } = await lab.command(lab.can.train ? "train.example" : "train.find_example", { view, dataset: set.id });
      if (!example) refused.add(key);
      else if (view === "latent") awaitMap(example, run, set);
      else if (lab.store.get("view") === view) lab.showHere(example, compare);
    } catch (error) {
      if (!error.dropped) refused.add(key);
    }
    isOpening = false;
    onOpening(false);
  }

  /** The view and the data; a pupil's page tries again when there are other runs. */
  const keyOf = (view, set) => [view, set.id, set.labels, ...(lab.can.train ? [] : lab.state?.runs.map(({ id }) => id) ?? [])].join(" ");

  /** Opens the map at once if it is trained; else the view shows its run until then. */
  function awaitMap(example, run, set) {
    mapped.add(`${set.id} ${set.labels}`);
    lab.awaited = { run: example, from: run.id };
    if (lab.store.get("view") === "latent" && lab.run) openAwaited(lab.run);
  }

  /** Opens the map that was awaited once it is trained, if the view still shows the run that it replaces. */
  function openAwaited(run) {
    const { run: id, from } = /** @type {{run: string, from: string}} */ (lab.awaited);
    const example = lab.state?.runs.find((one) => one.id === id);
    const isChosen = run.id === from;
    if (isChosen && (isBusy(example) || example?.state === "paused")) return;
    lab.awaited = null;
    if (!isChosen || example?.state !== "done") return;
    leavePlaces(lab.store);
    lab.showHere(id);
    lab.announce("The map with clusters is trained and in view.");
  }

  lab.on("state", open);
  lab.on("run", open);
  lab.store.on("view", () => { isFirst = false; open(); });
}

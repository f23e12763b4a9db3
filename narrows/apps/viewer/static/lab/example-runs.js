/** Some views open on runs that show what they are about; the server trains them where there are none. */

import { isBusy } from "./panels/run-actions.js";

const VIEWS = new Set(["denoise", "anomaly"]);

/** Whether a view can show its subject with a run: one on normal rows only, one that denoises. */
const showsSubject = (view, run, set) => (view === "anomaly" ? Boolean(run.settings.normal || (run.settings.rows && !set.classes)) : run.variant === "denoising");

/**
 * Opens the example of a view that the user turns to, unless the run in view shows its subject, or the address names a run.
 * @param {Lab} lab
 * @param {(isOpening: boolean) => void} onOpening called when an example begins to be opened, and when it is in view
 * @param {() => boolean} [isTaken] whether the view is about to open on runs that the address asks for
 */
export function followExamples(lab, onOpening, isTaken = () => false) {
  let isOpening = false;
  /** The views whose example the server refused, with the data: they are not tried again. */
  const refused = new Set();
  let isFirst = true;

  async function open() {
    const view = lab.store.get("view");
    const run = lab.run;
    const set = lab.dataset();
    if (isOpening || isTaken() || !VIEWS.has(view) || lab.state?.status !== "ready" || !run || !set || run.can_train === false) return;
    const isOpen = lab.store.get(`${view}-run`) && (view !== "denoise" || lab.store.get("denoise-compare") !== null);
    if (isOpen || (isFirst && lab.store.get("run")) || refused.has(`${view} ${set.id} ${set.labels}`)) return;
    if ((showsSubject(view, run, set) && !lab.store.get(`${view}-run`)) || (view === "anomaly" && (set.classes?.length ?? 0) < 2)) return;
    const places = lab.state.limits?.trainings ?? 1;
    // Until a training ends there may be no place for another.
    if (lab.state.runs.filter(isBusy).length >= places) return;
    isOpening = true;
    onOpening(true);
    try {
      const { run: example, compare } = await lab.command("train.example", { view, dataset: set.id });
      if (lab.store.get("view") === view) lab.showHere(example, compare);
    } catch (error) {
      if (!error.dropped) refused.add(`${view} ${set.id} ${set.labels}`);
    }
    isOpening = false;
    onOpening(false);
  }

  lab.on("state", open);
  lab.store.on("view", () => { isFirst = false; open(); });
}

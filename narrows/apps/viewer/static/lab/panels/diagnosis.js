/** The diagnosis of a finished run: one line under the title of its views, which a click shows whole, and PCA's error for the header. */

import { h } from "../../core/dom.js";
import { number } from "../../core/format.js";
import { countOf, sampleNoun } from "../../views/shared/text.js";

const FINISHED = new Set(["done", "stopped", "loaded"]);

/**
 * @param {Lab} lab
 * @param {() => void} onKnown called when a diagnosis has arrived
 */
export function mountDiagnosis(lab, onKnown) {
  const words = h("summary", {});
  const el = h("details", { class: "diagnosis", dataset: { diagnosis: "" }, hidden: true }, words);
  /** The diagnoses by run and epoch; null while one is computed, and where there is none. */
  const known = new Map();
  const keyOf = (run) => `${run.id} ${run.epoch}`;
  const of = (run) => (run && FINISHED.has(run.state) ? known.get(keyOf(run)) ?? null : null);

  async function ask(run) {
    known.set(keyOf(run), null);
    try {
      known.set(keyOf(run), (await lab.query("diagnosis", { run: run.id })).about);
      onKnown();
    } catch (error) {
      // Without rows, or with too few, there is no diagnosis.
      if (error.dropped) known.delete(keyOf(run));
    }
  }

  function update() {
    const run = lab.run;
    if (run && lab.connected && FINISHED.has(run.state) && run.n_floats && !known.has(keyOf(run))) ask(run);
    const found = of(run);
    el.hidden = !found;
    el.dataset.diagnosis = found?.verdict ?? "";
    if (!run || !found) return;
    const said = [found.headline, comparison(run, found), found.advice].filter(Boolean).join(" ");
    words.replaceChildren(h("b", {}, "Diagnosis: "), said);
    el.title = [said, found.sample].filter(Boolean).join(" ");
  }

  return {
    update,
    /** Puts the line under the title of a view. */
    placeIn(view) { view.querySelector("h2")?.parentElement?.append(el); },
    /** PCA's error, where it has the unit of the run's loss; null elsewhere. */
    pcaError: (run) => (run?.error?.name === "squared error" && run.error.uninformed === null && !run.penalties.length ? of(run)?.pca_squared_error ?? null : null),
  };
}

function comparison(run, { squared_error: error, pca_squared_error: pca }) {
  if (error === null) return "";
  return `Squared error per ${sampleNoun(run)}: ${number(error, 3)}; PCA with ${countOf(run.n_components ?? 0, "number")}: ${number(pca, 3)}.`;
}

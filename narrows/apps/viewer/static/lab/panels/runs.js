/** The list of runs: choose the run in view, the run to compare with, remove one. */

import { clear, h } from "../../core/dom.js";
import { number } from "../../core/format.js";
import { icon } from "../../core/icons.js";
import { isFinished } from "./run-actions.js";

const WORDS = { preparing: "preparing", running: "training", pausing: "pausing", paused: "paused", done: "done", stopped: "stopped", diverged: "diverged", failed: "failed", loaded: "loaded" };

/**
 * @param {Lab} lab
 * @param {() => void} close
 */
export function mountRuns(lab, close) {
  const list = h("ul", { class: "run-list" });
  const el = h("div", { class: "stack" }, h("p", { class: "note" }, "The newest 20 runs are kept, also after the lab closes. A second run can be compared with the one in view."), list);

  async function remove(run) {
    try {
      await lab.command("run.remove", { run: run.id });
    } catch (error) {
      if (!error.dropped) lab.emit("error", error);
    }
  }

  function update() {
    const current = lab.run;
    const compared = lab.compare;
    clear(list, [...(lab.state?.runs || [])].reverse().map((run) => h("li", { class: "run-item", dataset: { run: run.id, state: run.state }, "aria-current": run === current ? "true" : null },
      h("button", { type: "button", class: "run-choose", on: { click: () => { lab.show(run.id); close(); } } },
        h("b", {}, `${run.number}. ${run.name}`),
        h("span", { class: "note" }, `${run.shipped ? "came with narrows" : WORDS[run.state] || run.state}, epoch ${run.epoch ?? 0}/${run.epochs ?? "–"}, code of ${run.n_components}`, Number.isFinite(run.validation ?? run.loss) ? `, loss ${number(run.validation ?? run.loss)}` : "")),
      run === current ? h("span", { class: "tag" }, "in view")
        : h("button", { type: "button", class: "button small", "aria-pressed": String(run === compared), dataset: { compare: run.id }, on: { click: () => { lab.compareWith(run === compared ? null : run.id); update(); } } }, run === compared ? "compared" : "compare"),
      h("button", { type: "button", class: "button quiet small", hidden: !lab.can.train, "aria-label": `Remove run ${run.number}`, title: "Remove", disabled: !isFinished(run) || (lab.state?.runs.length ?? 0) < 2, dataset: { remove: run.id }, on: { click: () => remove(run) } }, icon("trash")))));
    if (!lab.state?.runs.length) clear(list, h("li", { class: "note" }, "No run yet."));
  }

  return { el, update };
}

/** Rows that a variational model generates from its prior. */

import { clear, h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { cellTable, numbered } from "../shared/cell-table.js";
import { sampleNoun } from "../shared/text.js";

/** New rows drawn from the prior, for a variational run. */
export function mountSamples(lab, run, drawRow) {
  const grid = h("div", { class: "sample-grid", role: "img", "aria-label": `Sixteen new ${sampleNoun(run)}s from the model` });
  const table = cellTable(`Values of the new ${sampleNoun(run)}s`);
  let seed = 0;
  const el = h("div", { class: "stack tight samples", dataset: { samples: "0" } },
    h("div", { class: "row spread" }, h("h3", {}, `New ${sampleNoun(run)}s from the model`), h("button", { type: "button", class: "button small", dataset: { action: "sample" }, on: { click: () => { seed++; draw(); } } }, icon("dice"), "Generate more")), grid, table.el);

  async function draw() {
    try {
      const { about, arrays } = await lab.query("sample", { run: run.id, n: 16, seed });
      const n = arrays.sample.shape[0];
      while (grid.children.length < n) grid.append(h("canvas", { "aria-hidden": "true" }));
      [...grid.children].forEach((canvas, i) => drawRow(canvas, arrays.sample, i));
      table.show(about.cells, numbered(n, String));
      el.dataset.samples = n;
      el.dataset.seed = seed;
    } catch (error) {
      if (!error.dropped) clear(grid, h("p", { class: "note" }, error.message));
    }
  }

  draw();
  return { el, draw };
}

/** The fixed rows: what was given above what came back, and under it what the run beside gives back. */

import { clear, h } from "../../core/dom.js";
import { drawPair, drawPicture, rowOf } from "../../core/picture.js";

/** @param {Run} run */
export function mountGallery(run) {
  const el = h("div", { class: `gallery${run.shape ? "" : " is-table"}` });
  const legend = h("p", { class: "note gallery-legend" });
  let cells = [];
  /** @type {{run: Run, name: string}|null} */
  let besideRun = null;

  /**
   * @param {Object} frames
   * @param {{run: Run, name: string}|null} beside
   */
  function build(frames, beside) {
    besideRun = beside;
    const n = Math.min(frames.n, run.shape ? 16 : 8);
    const part = (name, label) => h("canvas", { role: "img", "aria-label": label, dataset: { part: name } });
    cells = Array.from({ length: n }, (_, i) => {
      const name = frames.labels?.[i] ?? null;
      const cell = { original: run.shape ? part("original", `Row ${i + 1}, as given`) : null, rebuilt: part("rebuilt", `Row ${i + 1}, given back`), beside: beside ? part("beside", `Row ${i + 1}, given back by the run beside`) : null };
      cell.el = h("figure", { class: "gallery-cell", dataset: { position: frames.positions[i] }, title: name === null ? null : `class ${name}` }, cell.original, cell.rebuilt, cell.beside);
      return cell;
    });
    clear(el, cells.map((cell) => cell.el));
    el.style.setProperty("--cells", n);
    const below = beside ? `; at the bottom, what ${beside.name} gives back` : "";
    clear(legend, run.shape ? `Above, rows as they are; below, what the network gives back from its code${below}.`
      : `Rings are a row's values, dots what the network gives back, float by float; the middle line is the column's mean${beside ? `; below, ${beside.name}` : ""}.`);
    if (run.shape) cells.forEach((cell, i) => drawPicture(cell.original, rowOf(frames.original, i), run));
  }

  function show(frames, rebuilt) {
    cells.forEach((cell, i) => (run.shape ? drawPicture(cell.rebuilt, rowOf(rebuilt, i), run) : drawPair(cell.rebuilt, rowOf(frames.original, i), rowOf(rebuilt, i), run)));
  }

  function showBeside(frames, rebuilt) {
    const other = besideRun?.run;
    if (!other) return;
    cells.forEach((cell, i) => {
      const values = rebuilt ? rowOf(rebuilt, i) : null;
      if (run.shape || !values) drawPicture(cell.beside, values, other);
      else drawPair(cell.beside, rowOf(frames.original, i), values, other);
    });
  }

  return { el, legend, build, show, showBeside };
}

/** The fixed rows above their reconstructions, and below those of a second run; the values of one row of a table. */

import { clear, h } from "../../core/dom.js";
import { drawPair, drawPicture, rowOf } from "../../core/picture.js";
import { cellTable, OBSERVED_EXPECTED } from "../shared/cell-table.js";
import { refresher } from "../shared/refresh.js";

/**
 * @param {MountedLab} lab
 * @param {Run} run
 */
export function mountGallery(lab, run) {
  const noun = run.shape ? "Image" : "Row";
  const hasTable = !run.shape && lab.can.live;
  const el = h("div", { class: `gallery${run.shape ? "" : " is-table"}` });
  const legend = h("p", { class: "note gallery-legend" });
  const table = cellTable();
  let cells = [];
  let chosen = 0;
  /** @type {{original: ArrayLike<number>, rebuilt: ArrayLike<number>}|null} all rows, as shown */
  let shown = null;
  /** @type {{run: Run, name: string}|null} */
  let compared = null;

  /**
   * @param {ReturnType<typeof import("./frame-store.js").createFrameStore>} frames
   * @param {{run: Run, name: string}|null} other
   */
  function build(frames, other) {
    compared = other;
    const n = Math.min(frames.n, run.shape ? 16 : 8);
    const part = (name, label) => h("canvas", { role: "img", "aria-label": label, dataset: { part: name } });
    cells = Array.from({ length: n }, (_, i) => {
      const name = frames.labels?.[i] ?? null;
      /** @type {Record<string, any>} */
      const cell = { original: run.shape ? part("original", `${noun} ${i + 1}, original`) : null, rebuilt: part("rebuilt", `${noun} ${i + 1}, reconstruction`), compared: other ? part("compared", `${noun} ${i + 1}, reconstruction of the second run`) : null };
      const attrs = { class: "gallery-cell", dataset: { position: frames.positions?.[i] }, title: name === null ? null : `class ${name}` };
      const choice = { type: "button", "aria-pressed": String(i === chosen), "aria-label": `Row ${i + 1}: show its values`, on: { click: () => choose(i) } };
      cell.el = h(hasTable ? "button" : "figure", hasTable ? { ...attrs, ...choice } : attrs, cell.original, cell.rebuilt, cell.compared);
      return cell;
    });
    clear(el, cells.map((cell) => cell.el));
    el.style.setProperty("--cells", n);
    const below = other ? ` Bottom: reconstruction by ${other.name}.` : "";
    clear(legend, run.shape ? `Top: original. ${other ? "Middle" : "Bottom"}: reconstruction.${below}`
      : `Rings: original. Dots: reconstruction, one dot for each input value; the line is that column's average.${hasTable ? " Choose a row to read its values." : ""}${run.masks?.some((m) => m >= 0) ? " Crosses: missing cells." : ""}${below}`);
    if (run.shape) cells.forEach((cell, i) => drawPicture(cell.original, rowOf(frames.original, i), run));
  }

  function choose(i) {
    chosen = i;
    cells.forEach((cell, k) => cell.el.setAttribute("aria-pressed", String(k === i)));
    showCells();
  }

  /** The values of the chosen row; pictures may change faster than they are answered. */
  const showCells = refresher(async () => {
    if (!shown || !hasTable) return;
    const [observed, expected] = [shown.original, shown.rebuilt].map((rows) => Array.from(rowOf(rows, chosen)));
    const { about } = await lab.query("cells", { run: run.id, observed, expected });
    table.show(about.cells, OBSERVED_EXPECTED, `Row ${chosen + 1}: observed and expected by the network`);
    el.dataset.cells = String(chosen);
  }, () => { table.el.hidden = true; });

  function show(frames, rebuilt) {
    shown = { original: frames.original, rebuilt };
    showCells();
    cells.forEach((cell, i) => (run.shape ? drawPicture(cell.rebuilt, rowOf(rebuilt, i), run) : drawPair(cell.rebuilt, rowOf(frames.original, i), rowOf(rebuilt, i), run)));
  }

  function showCompared(frames, rebuilt) {
    const other = compared?.run;
    if (!other) return;
    cells.forEach((cell, i) => {
      const values = rebuilt ? rowOf(rebuilt, i) : null;
      if (run.shape || !values) drawPicture(cell.compared, values, other);
      else drawPair(cell.compared, rowOf(frames.original, i), values, other);
    });
  }

  return { el, legend, table: table.el, build, show, showCompared };
}

/** The fixed rows above their reconstructions, and below those of a second run. */

import { clear, h } from "../../core/dom.js";
import { drawPair, drawPicture, rowOf } from "../../core/picture.js";

/** @param {Run} run */
export function mountGallery(run) {
  const el = h("div", { class: `gallery${run.shape ? "" : " is-table"}` });
  const legend = h("p", { class: "note gallery-legend" });
  let cells = [];
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
      const cell = { original: run.shape ? part("original", `Row ${i + 1}, original`) : null, rebuilt: part("rebuilt", `Row ${i + 1}, reconstruction`), compared: other ? part("compared", `Row ${i + 1}, reconstruction of the second run`) : null };
      cell.el = h("figure", { class: "gallery-cell", dataset: { position: frames.positions?.[i] }, title: name === null ? null : `class ${name}` }, cell.original, cell.rebuilt, cell.compared);
      return cell;
    });
    clear(el, cells.map((cell) => cell.el));
    el.style.setProperty("--cells", n);
    const below = other ? ` Bottom: reconstruction by ${other.name}.` : "";
    clear(legend, run.shape ? `Top: original. ${other ? "Middle" : "Bottom"}: reconstruction.${below}`
      : `Rings: original. Dots: reconstruction, one dot for each input value; the line is that column's average.${run.masks?.some((m) => m >= 0) ? " Crosses: missing cells." : ""}${below}`);
    if (run.shape) cells.forEach((cell, i) => drawPicture(cell.original, rowOf(frames.original, i), run));
  }

  function show(frames, rebuilt) {
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

  return { el, legend, build, show, showCompared };
}

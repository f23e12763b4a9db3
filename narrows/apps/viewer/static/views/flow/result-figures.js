/** The difference of a row and its reconstruction, its error, and the cells of a table's row. */

import { clear, h } from "../../core/dom.js";
import { number } from "../../core/format.js";
import { drawPair, drawPicture } from "../../core/picture.js";
import { cellTable, cellText, OBSERVED_EXPECTED } from "../shared/cell-table.js";
import { largestUnits } from "../shared/layer-data.js";
import { largestSize } from "../shared/layer-painting.js";
import { errorNoun, sampleNoun } from "../shared/text.js";

/** The difference of a row and its reconstruction, and the error; of a table both profiles too, one over the other. */
export function resultFigures() {
  const figure = (words) => {
    const canvas = h("canvas", { class: "result-picture", role: "img", "aria-label": words });
    const note = h("figcaption", {}, words);
    return { canvas, note, el: h("figure", { class: "figure" }, canvas, note) };
  };
  const [rebuilt, difference] = [figure("reconstruction (dots) and original (rings)"), figure("difference")];
  const error = h("p", { class: "stat" });
  const table = cellTable();
  /** @type {import("../shared/cell-table.js").Cell[]|null} */
  let cells = null;
  const el = h("div", { class: "panel result-row" }, rebuilt.el, difference.el, error, table.el);
  return {
    el,
    /**
     * @param {Activations} data
     * @param {import("../shared/cell-table.js").Cell[]|null} [next] of a table, in its units; undefined keeps those shown
     */
    show(data, next) {
      const { run } = data;
      if (next !== undefined) {
        cells = next;
        table.show(cells, [...OBSERVED_EXPECTED, ["error", "Error"]]);
      }
      // The diagram above has the pictures of an image; profiles are compared one over the other.
      rebuilt.el.hidden = Boolean(run.shape);
      if (!run.shape) drawPair(rebuilt.canvas, data.input, data.output, run);
      const scale = Math.max(0.05, largestSize(data.difference));
      drawPicture(difference.canvas, data.difference, run, { mode: "signed", scale });
      difference.note.textContent = `difference${run.shape ? "" : " of the encoded values"} (full colour: ±${number(scale, 2)})`;
      clear(error, h("b", {}, number(data.error, 3)), h("span", {}, `${errorNoun(run)} of the ${sampleNoun(run)}`), h("span", {}, cells?.length ? largestCellError(cells) : largestDifference(data)));
    },
  };
}

/** Where the difference is largest, in words. */
function largestDifference({ difference, run }) {
  const [at] = largestUnits(difference, 1);
  const [, wide, channels = 1] = run.shape || [];
  const pixel = Math.floor(at / channels);
  const place = run.shape ? `row ${Math.floor(pixel / wide) + 1}, column ${(pixel % wide) + 1}` : run.names?.[at] ?? `number ${at + 1}`;
  return `largest difference: ${place}, ${difference[at] > 0 ? "+" : ""}${number(difference[at], 2)}`;
}

/** The column whose error is largest, with its values. @param {import("../shared/cell-table.js").Cell[]} cells */
function largestCellError(cells) {
  const worst = cells.reduce((most, one) => ((one.error ?? 0) > (most.error ?? 0) ? one : most));
  return `largest error: ${worst.name}, observed ${cellText(worst.observed)}, expected ${cellText(worst.expected)}`;
}

/** The decoded row at the probe, next to the nearest real row. */

import { clear, h } from "../../core/dom.js";
import { count, fixed } from "../../core/format.js";
import { debounce } from "../../core/timing.js";
import { cellTable } from "../shared/cell-table.js";
import { sampleNoun } from "../shared/text.js";
import { drawPair, drawPicture, rowOf } from "../../core/picture.js";

/** Pictures of rows by position, each queried once. */
export function rowPictures(lab, run) {
  const cache = new Map();
  return {
    get: (position) => cache.get(position),
    async fetch(position) {
      if (cache.has(position)) return cache.get(position);
      const { arrays } = await lab.query("rows", { run: run.id, positions: [position] });
      if (cache.size > 4000) cache.clear();
      cache.set(position, Array.from(arrays.position)[0] === position ? rowOf(arrays.original, 0).slice() : null);
      return cache.get(position);
    },
  };
}

/**
 * @param {MountedLab} lab
 * @param {Run} run
 */
export function mountProbe(lab, run) {
  const decoded = h("canvas", { class: "probe-decoded", role: "img", "aria-label": `The decoded ${sampleNoun(run)} at the probe`, dataset: { picture: "decoded" } });
  const nearest = h("canvas", { class: "probe-nearest", role: "img", "aria-label": `The nearest real ${sampleNoun(run)}`, dataset: { picture: "nearest" } });
  const previewMark = h("span", { class: "preview-mark", hidden: true, title: "Interpolated from the decoded grid until the decoder answers" }, "preview");
  const code = h("p", { class: "note mono probe-code" });
  const note = h("p", { class: "note" });
  const rowNote = h("p", { class: "note" });
  const warning = h("p", { class: "probe-warning", hidden: true, dataset: { far: "true" } }, "No training data nearby: this picture is an extrapolation.");
  const pictures = rowPictures(lab, run);
  const classes = lab.dataset(run)?.classes;
  let current = -1;
  const table = cellTable();
  /** @type {ArrayLike<number>|null} the decoded row */
  let shown = null;
  const showCells = debounce(async () => {
    if (!shown || run.shape || !lab.can.live) return;
    const row = pictures.get(current);
    /** @type {Array<[string, string]>} */
    const heads = [["expected", "Decoded"], ["observed", "Nearest row"]];
    try {
      const { about } = await lab.query("cells", { run: run.id, expected: Array.from(shown), ...(row ? { observed: Array.from(row) } : {}) });
      table.show(about.cells, row ? heads : heads.slice(0, 1));
    } catch {
      // A newer question replaced this one.
    }
  }, 60);

  const el = h("div", { class: `probe-panel${run.shape ? "" : " is-table"}` },
    h("figure", { class: "figure" }, decoded, h("figcaption", {}, h("b", {}, "Decoded at the probe"), previewMark, code, note)),
    h("figure", { class: "figure" }, nearest, h("figcaption", {}, h("b", {}, `Nearest real ${sampleNoun(run)}`), rowNote)), warning, table.el);

  /** Shows a decoded picture and its code. */
  function showDecoded(values, z, epoch) {
    paint(values);
    shown = values;
    showCells();
    previewMark.hidden = true;
    decoded.dataset.z = Array.from(z).join(",");
    decoded.dataset.epoch = epoch;
  }

  /** Shows a preview until the decoder answers. */
  function showPreview(values) {
    paint(values);
    previewMark.hidden = false;
  }

  function paint(values) {
    const row = run.shape ? null : pictures.get(current);
    if (row) drawPair(decoded, row, values, run);
    else drawPicture(decoded, values, run);
  }

  /** Shows the nearest row; a late picture of another row is ignored. */
  async function showRow(position, label, distance) {
    const name = label >= 0 && classes ? `class ${classes[label]}` : null;
    clear(rowNote, position < 0 ? `No ${sampleNoun(run)} is shown on the map.` : [`no. ${count(position)}`, name, `${fixed(distance, 2)} away`].filter(Boolean).join(" · "));
    if (position === current) return;
    current = position;
    nearest.dataset.row = "";
    if (position < 0) return drawPicture(nearest, null, run);
    try {
      const values = await pictures.fetch(position);
      if (position !== current || !values) return;
      drawPicture(nearest, values, run);
      nearest.dataset.row = position;
      showCells();
    } catch {
      // The query was replaced, or there is no model yet: the next move queries again.
      if (position === current) current = -2;
    }
  }

  return {
    el, showDecoded, showPreview, showRow, decoded,
    /**
     * Marks the picture as interpolated from the decoded grid.
     * @param {boolean} inside whether the probe lies on the grid
     */
    preview(inside) {
      el.dataset.preview = inside ? "between" : "edge";
      note.textContent = inside ? "a preview, interpolated from the decoded grid" : "outside the decoded grid: the nearest edge";
    },
    showCode(z) { clear(code, `z = (${Array.from(z).slice(0, 3).map((v) => fixed(v, 2)).join(", ")}${z.length > 3 ? `, … ${z.length}` : ""})`); },
    warn(far) { warning.hidden = !far; },
    redraw() { const position = current; if (position >= 0 && pictures.get(position)) drawPicture(nearest, pictures.get(position), run); },
  };
}

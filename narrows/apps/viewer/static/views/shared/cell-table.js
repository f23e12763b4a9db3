/** The cells of a table's rows, column by column, in the user's units. */

import { clear, h } from "../../core/dom.js";
import { number } from "../../core/format.js";

/** @typedef {{name: string, error?: number, [row: string]: any}} Cell a column: its name, and the value of each row by the row's name */

/** A cell as text: a number with four digits, a level as its word, a decoded level with its share, a missing cell as such. */
export function cellText(value) {
  if (typeof value === "number") return number(value, 4);
  if (value === null) return "missing";
  if (value === undefined) return "–";
  return typeof value === "object" ? `${value.level} ${Math.round(100 * value.share)} %` : String(value);
}

/** A bar for the error of a column, as long as its share of the largest. */
const errorBar = (error, most) => h("span", { class: "meter", style: { "--share": `${(100 * Math.abs(error)) / most}%` }, "aria-hidden": "true" });

/** @param {string} [label] of the table */
export function cellTable(label) {
  const caption = h("caption", { hidden: !label }, label);
  const head = h("tr", {});
  const body = h("tbody", {});
  // Many rows need more room than a page has.
  const el = h("div", { class: "cells", hidden: true, tabindex: 0, role: "group", "aria-label": label ?? "Values of the columns" },
    h("table", { class: "columns-table" }, caption, h("thead", {}, head), body));

  function valueCell(one, row, most) {
    if (row === "error") return h("td", {}, errorBar(one.error ?? 0, most), h("span", { class: "error-size" }, number(one.error, 3)));
    return h("td", { class: one[row] === null ? "is-missing" : null }, cellText(one[row]));
  }

  return {
    el,
    /**
     * @param {Cell[]|null|undefined} cells
     * @param {Array<[string, string]>} heads of the rows: name and words; "error" is drawn as a bar
     * @param {string} [words] of the caption
     */
    show(cells, heads, words) {
      el.hidden = !cells?.length;
      if (!cells?.length) return;
      if (words) { caption.textContent = words; caption.hidden = false; }
      const most = Math.max(...cells.map((one) => Math.abs(one.error ?? 0))) || 1;
      clear(head, h("th", { scope: "col" }, "Column"), heads.map(([, name]) => h("th", { scope: "col" }, name)));
      clear(body, cells.map((one) => h("tr", {}, h("th", { scope: "row" }, one.name), heads.map(([row]) => valueCell(one, row, most)))));
    },
  };
}

/** Heads of rows that are named by their numbers from 1. @param {number} n @param {(i: number) => string} words @returns {Array<[string, string]>} */
export const numbered = (n, words) => Array.from({ length: n }, (_, i) => [String(i + 1), words(i + 1)]);

/** @type {Array<[string, string]>} the heads of a row and its reconstruction */
export const OBSERVED_EXPECTED = [["observed", "Observed"], ["expected", "Expected"]];

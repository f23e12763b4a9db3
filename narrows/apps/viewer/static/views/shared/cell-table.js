/** The cells of a table's row, column by column, in the user's units. */

import { clear, h } from "../../core/dom.js";
import { number } from "../../core/format.js";

/** A cell as text: a number with four digits, a level as its word, a missing cell as such. */
export const cellText = (value) => (typeof value === "number" ? number(value, 4) : value === null || value === undefined ? "missing" : String(value));

/** A bar for the error of a column, as long as its share of the largest. */
export const errorBar = (error, most) => h("span", { class: "meter", style: { "--share": `${(100 * Math.abs(error)) / most}%` }, "aria-hidden": "true" });

/** @param {string[]} heads of the columns: "Column" and one to three more */
export function cellTable(heads) {
  const body = h("tbody", {});
  const el = h("table", { class: "columns-table cells", hidden: true },
    h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col" }, name)))), body);
  return {
    el,
    /** @param {Array<{name: string, observed: any, expected?: any, error?: number}>|null|undefined} cells */
    show(cells) {
      el.hidden = !cells?.length;
      if (el.hidden || !cells) return;
      const most = Math.max(...cells.map((one) => Math.abs(one.error ?? 0))) || 1;
      clear(body, cells.map((one) => h("tr", {}, h("th", { scope: "row" }, one.name), h("td", { class: one.observed === null ? "is-missing" : null }, cellText(one.observed)),
        heads.length > 2 ? h("td", { class: one.expected === null ? "is-missing" : null }, cellText(one.expected)) : null,
        heads.length > 3 ? h("td", {}, errorBar(one.error ?? 0, most), h("span", { class: "error-size" }, number(one.error, 3))) : null)));
    },
  };
}

/** The confusion matrix of a threshold, with precision, recall and F1. */

import { clear, h } from "../../core/dom.js";
import { count, fixed } from "../../core/format.js";

/**  */
export function confusionMatrix() {
  const cell = (kind) => h("td", { class: `is-${kind}`, dataset: { count: kind } });
  const cells = { caught: cell("caught"), missed: cell("missed"), falseAlarms: cell("falseAlarms"), cleared: cell("cleared") };
  const [precision, recall, f1] = ["Precision", "Recall", "F1"].map((name) => {
    const b = h("b", {});
    return { b, el: h("div", { class: "stat" }, b, h("span", {}, name)) };
  });
  const head = (words, n) => h("th", { scope: "row" }, words, n);
  const [anomalies, normals] = [h("span", { class: "note" }), h("span", { class: "note" })];
  const el = h("div", { class: "stack confusion" },
    h("table", { class: "confusion-table" }, h("caption", { class: "visually-hidden" }, "Confusion matrix"),
      h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, "⚑ alarm"), h("th", { scope: "col" }, "no alarm"))),
      h("tbody", {}, h("tr", {}, head("anomalous ", anomalies), cells.caught, cells.missed), h("tr", {}, head("normal ", normals), cells.falseAlarms, cells.cleared))),
    h("div", { class: "row stats" }, precision.el, recall.el, f1.el));
  const words = { caught: "detected", missed: "missed", falseAlarms: "false alarms", cleared: "correct" };

  return {
    el,
    show(verdict, scores) {
      for (const [kind, td] of Object.entries(cells)) clear(td, h("b", {}, count(verdict[kind])), h("span", {}, words[kind]));
      anomalies.textContent = count(scores.anomalies);
      normals.textContent = count(scores.normals);
      const { precision: p, recall: r } = verdict;
      precision.b.textContent = p === null ? "–" : fixed(p, 2);
      recall.b.textContent = r === null ? "–" : fixed(r, 2);
      f1.b.textContent = p && r ? fixed((2 * p * r) / (p + r), 2) : "–";
    },
  };
}

/** The threshold: a slider, a number field and a line in the histogram of the errors, kept in step. */

import { histogram } from "../../core/chart.js";
import { h } from "../../core/dom.js";
import { count, number } from "../../core/format.js";
import { binEdges } from "./metrics.js";

/** @param {{onThreshold: (value: number) => void}} calls */
export function thresholdPanel({ onThreshold }) {
  const box = h("div", { class: "figure histogram-figure" });
  const range = h("input", { type: "range", "aria-label": "Threshold", dataset: { act: "threshold" }, on: { input: () => onThreshold(fromRange()) } });
  const field = h("input", { type: "number", step: "any", "aria-label": "Threshold, number", dataset: { act: "threshold-box" },
    on: { change: () => { if (Number.isFinite(field.valueAsNumber)) onThreshold(field.valueAsNumber); } } });
  const el = h("div", { class: "stack" }, box, h("div", { class: "row threshold-row" }, h("span", { class: "note" }, "Threshold"), range, field));
  /** @type {import("./metrics.js").Scores} */
  let scores;
  /** @type {any} */
  let plan = null;
  /** @type {ReturnType<typeof histogram>|null} */
  let chart = null;
  let [low, high] = [0, 1];

  // At its left end every row is flagged, at its right end none.
  const fromRange = () => (Number(range.value) >= Number(range.max) ? high : Number(range.value) <= 0 ? low : low + ((high - low) * Number(range.value)) / Number(range.max));

  function fill(next, unit, words, samples) {
    scores = next;
    const n = scores.score.length;
    high = scores.score[n - 1];
    low = below(scores.score[0], high - scores.score[0]);
    plan = binEdges(scores);
    Object.assign(range, { min: 0, max: 1000, step: 1 });
    const { edges } = plan;
    const counts = { normal: new Int32Array(edges.length - 1), anomalous: new Int32Array(edges.length - 1) };
    const width = (edges.at(-1) - edges[0]) / counts.normal.length;
    for (let i = 0; i < n; i++) {
      const bin = Math.max(0, Math.min(counts.normal.length - 1, Math.floor((scores.score[i] - edges[0]) / width)));
      counts[scores.anomalous[i] ? "anomalous" : "normal"][bin] += 1;
    }
    const series = [{ name: `${words.normal} (${count(scores.normals)})`, counts: counts.normal, filled: true, colour: "var(--accent)" }];
    if (scores.anomalies) series.push({ name: `${words.anomalous} (${count(scores.anomalies)})`, counts: counts.anomalous, filled: false, colour: "var(--bad)" });
    plan.options = { edges, series, open: plan.cut, xLabel: unit, yLabel: samples, label: "Histogram of the errors", step: (high - low) / 1000, height: 270 };
  }

  /** Puts the line, the slider and the box on one number, in one frame. */
  function place(threshold) {
    const options = { ...plan.options, threshold, onThreshold: (value, how) => onThreshold(how === "drag" && value >= plan.edges.at(-1) && plan.cut ? high : value) };
    if (chart) chart.update(options);
    else chart = histogram(box, options);
    range.value = high > low ? Math.round((1000 * (threshold - low)) / (high - low)) : 0;
    range.setAttribute("aria-valuetext", number(threshold, 4));
    if (document.activeElement !== field) field.value = Number(threshold.toPrecision(5));
  }

  return { el, fill, place, bounds: () => [low, high], destroy() { chart?.destroy(); } };
}

/** A number under the smallest score. */
function below(smallest, spread) {
  return smallest - Math.max(Math.abs(spread), Math.abs(smallest), 1e-6) * 1e-3;
}

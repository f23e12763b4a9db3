/** A sample with its reconstruction, error map and score. */

import { h } from "../../core/dom.js";
import { count, number } from "../../core/format.js";
import { drawPair, drawPicture } from "../../core/picture.js";
import { largestSize } from "../shared/layer-painting.js";
import { sampleNoun } from "../shared/text.js";

/** @param {{kind: string, onPick: (rank: number) => void}} o `rank` counts from the smallest score */
export function sampleCard({ kind, onPick }) {
  const title = h("h3", {});
  const [original, rebuilt, map] = ["original", "reconstruction", "error"].map((role) =>
    ({ role, canvas: h("canvas", { role: "img", dataset: { role } }), note: h("figcaption", {}, role) }));
  const limit = h("span", {});
  map.note.append(limit);
  const figures = [original, rebuilt, map].map(({ canvas, note }) => h("figure", { class: "figure" }, canvas, note));
  const verdict = h("span", { class: "verdict" });
  const detector = h("p", { class: "note", dataset: { detector: "" }, hidden: true });
  const range = h("input", { type: "range", min: 0, step: 1, on: { input: () => onPick(Number(range.value)) } });
  const place = h("span", { class: "note" });
  const el = h("div", { class: "sample-card", hidden: true, dataset: { kind } }, h("div", { class: "row spread" }, title, verdict),
    h("div", { class: "triple-figures" }, figures), detector,
    h("div", { class: "row card-picker" },
      h("button", { type: "button", class: "button small square", "aria-label": `${kind}: smaller error`, on: { click: () => step(-1) } }, "‹"), range,
      h("button", { type: "button", class: "button small square", "aria-label": `${kind}: larger error`, on: { click: () => step(1) } }, "›"), place));
  let n = 0;

  const step = (by) => onPick(Math.max(0, Math.min(n - 1, Number(range.value) + by)));

  return {
    el,
    /** @param {{title: string, rank: number, n: number}} o the place among the samples of its kind, by score */
    place(o) {
      n = o.n;
      title.textContent = o.title;
      Object.assign(range, { max: Math.max(0, n - 1), value: o.rank });
      range.setAttribute("aria-label", `${o.title}, sorted by error`);
      range.setAttribute("aria-valuetext", `${count(o.rank + 1)} of ${count(n)}`);
      place.textContent = `${count(o.rank + 1)} of ${count(n)}`;
    },
    /** Draws the sample; the card is hidden before the first. */
    show({ arrays, run, scale, score, position }) {
      el.hidden = false;
      drawPicture(original.canvas, arrays.original, run);
      drawPair(rebuilt.canvas, arrays.original, arrays.rebuilt, run);
      drawPicture(map.canvas, arrays.map, mapRun(run, arrays.map), { mode: "error", scale });
      map.note.firstChild.textContent = `error ${number(score, 3)}`;
      el.dataset.position = String(position);
      el.dataset.score = String(score);
      el.dataset.mapMax = String(largestSize(arrays.map));
      for (const { canvas, role } of [original, rebuilt, map]) canvas.setAttribute("aria-label", `${role} of ${sampleNoun(run)} ${position}`);
    },
    /** @param {{score: number|undefined, threshold: number, n: number}|null} found the default detector's score of the sample, if it scored it */
    showDetector(found) {
      detector.hidden = !found;
      if (!found) detector.textContent = "";
      else if (found.score === undefined) detector.textContent = `The default detector scored a sample of ${count(found.n)}, not this one.`;
      else detector.textContent = `Default detector: ${found.score > found.threshold ? "⚑ alarm" : "no alarm"} (score ${number(found.score, 3)}, threshold ${number(found.threshold, 3)})`;
    },
    /** @param {boolean} flagged @param {boolean|null} right @param {number} threshold */
    showVerdict(flagged, right, threshold) {
      limit.textContent = ` (threshold ${number(threshold, 3)})`;
      el.dataset.flagged = String(flagged);
      verdict.className = `verdict ${right === null ? "" : right ? "is-right" : "is-wrong"}`;
      verdict.textContent = right === false ? (flagged ? "⚑ false alarm" : "missed: it looks normal to the network") : flagged ? "⚑ alarm" : "no alarm";
    },
  };
}

/** An error map has one value per pixel, for any number of channels. */
function mapRun(run, map) {
  if (!run.shape) return run;
  const [high, wide] = run.shape;
  return { ...run, shape: [high, wide, map.length / (high * wide)] };
}

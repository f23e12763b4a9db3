/** View 4: noise is added to rows and the network removes it. */

import { lineChart } from "../../core/chart.js";
import { clear, h } from "../../core/dom.js";
import { fixed } from "../../core/format.js";
import { onKey } from "../../core/keyboard.js";
import { rowOf } from "../../core/picture.js";
import { debounce } from "../../core/timing.js";
import { columnSliders } from "../shared/column-sliders.js";
import { drawingPad } from "../shared/drawing-pad.js";
import { layerData } from "../shared/layer-data.js";
import { followRun, prepareView, refresher } from "../shared/refresh.js";
import { comparedNames, countOf, decibels, sampleNoun } from "../shared/text.js";
import { largeSample, sampleGrid } from "./denoised-samples.js";
import { layerStrip } from "./layer-strip.js";
import { noiseControls } from "./noise-controls.js";
import { noiseTraining } from "./noise-training.js";
import { runComparison } from "./run-comparison.js";

export const title = "Denoising";
const INTRODUCTION = "Noise cannot be predicted, so a network trained to remove it cannot simply copy its input: it learns which values go together.";

const ROWS = 6;

/**
 * @param {HTMLElement} el
 * @param {MountedLab} lab
 * @returns {View}
 */
export function mount(el, lab) {
  const caption = h("p", { class: "caption live-sentence", dataset: { sentence: "" } });
  const problem = h("p", { class: "message bad", role: "alert", hidden: true });
  const noise = noiseControls({ store: lab.store, reduced: lab.reduced, prefetched: lab.prefetched?.noise, onChange: () => { leaveEditor(); userMoved = true; refresh(); } });
  const comparison = runComparison({ lab, onChange: () => refresh() });
  const otherNoise = noiseTraining({ lab, labelOf: noise.labelOf });
  const large = largeSample();
  const small = sampleGrid({ onChoose: choose });
  const layers = layerStrip({ reduced: lab.reduced });
  const curveBox = h("div", { class: "figure curve-figure" });
  const editButton = h("button", { type: "button", class: "button", "aria-pressed": "false", dataset: { act: "scribble" }, on: { click: () => edit(editor.hidden) } }, "Draw on it");
  const editor = h("div", { class: "own-input", hidden: true });
  const others = h("button", { type: "button", class: "button", dataset: { act: "others" }, on: { click: () => { offset += 1; positions = null; refresh(); } } }, "Other samples");
  // Controls that need a live model.
  editButton.hidden = !lab.can.live;
  others.hidden = !lab.can.ask;
  const root = prepareView(el, "denoise",
    h("header", {}, h("h2", {}, title), h("p", { class: "caption" }, INTRODUCTION), caption), problem,
    h("div", { class: "panel stack" }, noise.el, otherNoise.el,
      h("div", { class: "row" }, editButton, others, comparison.el), editor,
      large.el,
      h("div", { class: "stack tight", hidden: !lab.can.live }, layers.el, h("p", { class: "note" }, `The noisy ${sampleNoun(lab.run)} on its way through the layers. Blue: negative, orange: positive; each layer is scaled to its largest activation.`)),
      large.table),
    h("div", { class: "panel stack" }, h("h3", {}, "Six samples"), small.el),
    h("div", { class: "panel stack" }, h("h3", {}, "PSNR at each noise level"), curveBox),
    explanationOfNoise(sampleNoun(lab.run)));

  /** @type {number[]|null} */
  let positions = null;
  /** @type {Shaped<Float32Array>} */
  let originals;
  /** @type {Array<FloatScale|null>|null} */
  let scales = null;
  let loadedKey = "";
  let chosen = lab.store.get("row", 0);
  let offset = 0;
  /** @type {{values: ArrayLike<number>, mask: Uint8Array}|null} */
  let edited = null;
  /** @type {any} */
  let last = null;
  /** @type {ReturnType<typeof lineChart>|null} */
  let chart = null;

  const refresh = refresher(async () => {
    const run = lab.run;
    if (!run?.n_floats) return empty(run);
    await loadRows(run);
    const { kind, level, seed } = noise.value();
    /** @type {Record<string, any>} */
    const params = { positions, kind, level, seed };
    if (edited && positions) Object.assign(params, { positions: [positions[chosen]], values: Array.from(edited.values), mask: Array.from(edited.mask) });
    const second = comparison.run();
    const key = curveKey(run, second);
    if (curveRequested && !edited && key !== curveKeyShown) params.curve = true;
    curveRequested = false;
    const answer = await lab.query("denoise", params);
    const other = second && second.n_floats === run.n_floats ? await lab.query("denoise", { ...params, run: second.id }) : null;
    if (lab.run?.id !== run.id) return;
    show(run, answer, other && { run: second, answer: other }, { kind, level, seed });
    if (params.curve) {
      curveKeyShown = key;
      curves = { run, second, points: answer.about.curve || [], others: other?.about.curve || [] };
    } else if (!edited && key !== curveKeyShown) requestCurveSoon();
    drawCurve(level);
    await showLayers(run);
  }, (error) => { problem.hidden = false; problem.textContent = error.message || String(error); });

  async function loadRows(run) {
    const key = `${run.dataset} ${run.n_floats} ${Boolean(run.shape)}`;
    if (positions && key === loadedKey) return;
    const answer = await lab.query("rows", { n: Math.max(24, ROWS * (offset + 1)) });
    noise.offer(answer.about.noise);
    const all = Array.from(answer.arrays.position);
    positions = all.slice(ROWS * offset, ROWS * offset + ROWS);
    originals = answer.arrays.original;
    scales = answer.about.scales ?? null;
    editButton.textContent = run.shape ? "Draw on it" : "Edit the values";
    loadedKey = key;
    chosen = Math.min(chosen, positions.length - 1);
  }

  function show(run, answer, other, setting) {
    problem.hidden = true;
    const at = edited ? 0 : chosen;
    last = { run, answer, other, at, setting };
    const of = (name, from = answer) => rowOf(from.arrays[name], at);
    const one = { run, clean: of("clean"), noisy: of("noisy"), denoised: of("denoised"),
      before: answer.about.psnr_noisy_rows[at], after: answer.about.psnr_denoised_rows[at], cells: answer.about.cells?.[at],
      other: other && { run: other.run, denoised: of("denoised", other.answer), after: other.answer.about.psnr_denoised_rows[at], cells: other.answer.about.cells?.[at] } };
    large.show(one);
    if (!edited) small.show(run, answer, other, chosen);
    comparison.refresh();
    otherNoise.refresh(run, setting);
    const whole = answer.about;
    Object.assign(root.dataset, { ready: "true", epoch: String(answer.epoch ?? 0), kind: setting.kind, level: String(setting.level), seed: String(setting.seed),
      row: String(chosen), psnrNoisy: text(whole.psnr_noisy), psnrDenoised: text(whole.psnr_denoised), psnrCompared: text(other?.answer.about.psnr_denoised),
      scribbled: String(Boolean(edited)), compared: other ? other.run.id : "", comparedEpoch: other ? String(other.answer.epoch) : "" });
    const six = { before: whole.psnr_noisy, after: whole.psnr_denoised, other: other && { run: other.run, after: other.answer.about.psnr_denoised } };
    updateCaption(edited ? one : { run, ...six }, setting);
    if (userMoved && !noise.el.dataset.mode) lab.announce(caption.textContent);
    userMoved = false;
  }

  const text = (v) => (v === null || v === undefined ? "" : String(v));

  function updateCaption({ run, before, after, other }, { level }) {
    if (edited && !edited.mask.some(Boolean)) {
      caption.textContent = run.shape ? "Draw on the sample; the network reconstructs it." : "Change a value; the network reconstructs the row.";
      return;
    }
    const start = edited ? `With your changes: ${decibels(before)}` : `The six noisy ${sampleNoun(run)}s: ${decibels(before)}`;
    const worse = after < before && after !== null ? ` (worse than ${edited ? `the noisy ${sampleNoun(run)}` : "the noise"}: ${countOf(run.n_components, "number")} are too few to keep the details)` : "";
    const [mine, theirs] = other ? comparedNames(run, other.run) : [run.variant];
    const named = (name) => (name.startsWith("run ") ? name : `the ${name} run`);
    caption.textContent = !edited && level === 0
      ? `Without noise, only details that the code cannot hold are lost: ${decibels(after)}.`
      : `${start}. After ${named(mine)}: ${decibels(after)}${worse}${other ? `; after ${named(theirs)}: ${decibels(other.after)}` : ""}. Higher is cleaner.`;
  }

  async function showLayers(run) {
    const { answer, at } = last;
    const noisy = rowOf(answer.arrays.noisy, at);
    const unit = noisy instanceof Uint8Array ? 1 / 255 : 1;
    if (!lab.can.live) return;
    const activations = await lab.query("activations", { values: Array.from(noisy, (v) => v * unit) });
    if (lab.run?.id === run.id) layers.show(layerData(activations, run), noise.el.dataset.mode === "animate");
  }

  // The curve needs many levels, so it waits until the input rests.
  const requestCurveSoon = debounce(() => { curveRequested = true; refresh(); }, 150);
  /** @type {any} */
  let curves = null;
  let [curveKeyShown, curveRequested, userMoved] = ["", false, false];

  function curveKey(run, second) {
    const { kind, seed } = noise.value();
    return `${run.id} ${run.epoch} ${kind} ${seed} ${second?.id} ${second?.epoch}`;
  }

  function drawCurve(level) {
    if (!curves?.points.length) return;
    const [mine, theirs] = curves.others.length ? comparedNames(curves.run, curves.second) : [curves.run.variant];
    const line = (name, points, k, more) => ({ name, ...throughLevel(points, k, level), ...more });
    const series = [line("noisy", curves.points, 1, { colour: "var(--muted)", dashed: true }), line(mine, curves.points, 2, { colour: "var(--accent)", width: 2.5 })];
    if (curves.others.length) series.push(line(theirs, curves.others, 2, { colour: "var(--warn)", width: 2.5 }));
    const options = { series, xLabel: "noise level", yLabel: "PSNR, dB", cursor: level, step: noise.step(), onCursor: (x) => noise.setLevel(Number(x.toFixed(2))),
      cursorLabel: "noise level", label: "PSNR against noise" };
    if (chart) chart.update(options);
    else chart = lineChart(curveBox, options);
    root.dataset.curve = String(curves.points.length);
  }

  function choose(i) {
    chosen = i;
    lab.store.set("row", i);
    leaveEditor();
    refresh();
  }

  function edit(on) {
    editor.hidden = !on;
    editButton.setAttribute("aria-pressed", String(on));
    if (!on) { if (edited) { edited = null; refresh(); } return; }
    noise.stop();
    const { run } = last;
    const start = rowOf(last.answer.arrays.clean, last.at);
    const setEdited = (values, mask) => { edited = { values, mask }; refresh(); };
    const mask = new Uint8Array(start.length);
    /** @type {{el: HTMLElement, set: (values: ArrayLike<number>) => void, values?: () => Float32Array}} */
    const input = run.shape
      ? drawingPad({ run, label: "The sample to draw on", onChange: setEdited })
      : columnSliders({ run, rows: originals, scales, onChange: (values, i) => { mask[i] = 1; setEdited(values, mask); } });
    input.set(start);
    clear(editor, input.el);
    setEdited(input.values?.() ?? start, mask);
  }

  function leaveEditor() {
    if (editor.hidden && !edited) return;
    editor.hidden = true;
    edited = null;
    editButton.setAttribute("aria-pressed", "false");
  }

  function empty(run) {
    root.dataset.ready = "false";
    caption.textContent = run ? "The run is being prepared." : "No run yet. Open data and press Train.";
  }

  const nudge = (by) => noise.setLevel(Number(fixed(noise.value().level + by * Math.max(noise.step(), noise.most() / 20), 3)));
  const unsubscribe = [
    onKey("ArrowLeft", () => nudge(-1), "less noise", root), onKey("ArrowRight", () => nudge(1), "more noise", root),
    onKey(" ", () => noise.el.querySelector("[data-act=animate]")?.click(), "start or stop the noise animation", root),
    ...followRun(lab, root, refresh, 250), lab.on("theme", refresh),
  ];
  refresh();
  return {
    update: refresh,
    destroy() { unsubscribe.forEach((off) => off()); noise.destroy(); layers.stop(); requestCurveSoon.cancel(); chart?.destroy(); clear(root); },
  };
}

/** A curve of [level, ...] points with a point more at the present level, where the mark will sit. */
function throughLevel(points, k, level) {
  const [x, y] = [points.map((p) => p[0]), points.map((p) => p[k] ?? NaN)];
  const i = x.findIndex((v) => v >= level);
  if (i > 0 && x[i] > level) {
    const share = (level - x[i - 1]) / (x[i] - x[i - 1]);
    y.splice(i, 0, y[i - 1] + share * (y[i] - y[i - 1]));
    x.splice(i, 0, level);
  }
  return { x, y };
}

function explanationOfNoise(noun) {
  return h("details", { class: "explanation" }, h("summary", {}, "How to read this"),
    h("p", {}, `PSNR measures in decibels how close two ${noun}s are: 20 dB is an error of a tenth of the range, and every 6 dB more halves it. The dashed curve is the noisy ${noun} itself; the network helps where its curve lies above.`),
    h("p", {}, `A denoising autoencoder was trained to reconstruct clean ${noun}s from noisy ones. A plain autoencoder was trained without noise; its bottleneck removes a part of the noise and copies the rest.`),
    h("p", {}, "The same seed gives the same noise, also for the compared run. ← and → change the level, Space starts the animation."));
}

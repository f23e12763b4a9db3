/** View 1: the activations of one row, layer by layer. */

import { segmented } from "../../core/controls.js";
import { clear, h } from "../../core/dom.js";
import { number } from "../../core/format.js";
import { icon } from "../../core/icons.js";
import { onKey } from "../../core/keyboard.js";
import { drawPair, drawPicture } from "../../core/picture.js";
import { debounce } from "../../core/timing.js";
import { columnSliders } from "../shared/column-sliders.js";
import { backgroundOf, drawingPad } from "../shared/drawing-pad.js";
import { flowData, largestUnits } from "../shared/layer-data.js";
import { largestSize } from "../shared/layer-painting.js";
import { followRun, furnishView, refresher } from "../shared/refresh.js";
import { counted, errorNoun, errorPhrase, noun } from "../shared/text.js";
import { flowClock } from "./animation-clock.js";
import { layerDrawer } from "./layer-details.js";
import { flowStage } from "./network-diagram.js";
import { samplePicker } from "./sample-picker.js";

export const title = "Follow one example through the autoencoder";
const INTRODUCTION = "The encoder compresses a row into a few numbers; the decoder reconstructs the row from them.";

/**
 * @param {HTMLElement} el
 * @param {Lab} lab
 * @returns {View}
 */
export function mount(el, lab) {
  const caption = h("p", { class: "caption live-sentence", dataset: { sentence: "" } }, INTRODUCTION);
  const problem = h("p", { class: "message bad", role: "alert", hidden: true });
  const picker = samplePicker({ onPick: pick, onClass: (name) => { lab.store.set("class", name || null); loaded = ""; refresh(); } });
  const stage = flowStage({ onLayer: look, onUnit: pointed });
  const drawer = layerDrawer({ onClose: () => stage.focus() });
  const own = h("div", { class: "own-input", hidden: true });
  const play = h("button", { type: "button", class: "button primary", dataset: { act: "play" }, on: { click: () => clock.toggle() } });
  const step = h("button", { type: "button", class: "button", dataset: { act: "step" }, on: { click: () => stepOn() } }, icon("step"), "Step");
  const speed = segmented({ label: "Speed", value: "1", choices: [["0.25", "slow ×¼"], ["1", "×1"], ["2", "×2"]], onChoose: (v) => clock.speed(Number(v)) });
  const draw = h("button", { type: "button", class: "button", "aria-pressed": "false", dataset: { act: "draw" }, on: { click: () => takeInHand(own.hidden) } });
  const results = resultFigures();
  const root = furnishView(el, "flow",
    h("header", {}, h("h2", {}, title), caption), problem,
    h("div", { class: "row" }, picker.el, draw), own,
    h("div", { class: "panel flow-panel" },
      h("div", { class: "flow-halves", "aria-hidden": "true" }, h("span", {}, "encoder: compresses"), h("span", {}, "decoder: reconstructs")),
      stage.el,
      h("div", { class: "controls" }, play, step, speed.el, activationLegend())),
    drawer.el, results.el, explanation());

  /** @type {Activations} */
  let data;
  /** @type {any} */
  let rows = null;
  let loaded = "";
  /** @type {Float32Array|null} */
  let drawn = null;
  /** @type {any} */
  let tool = null;
  let position = lab.store.get("sample", -1);
  const clock = flowClock({
    layers: () => (data ? data.layers.length - 1 : 0), reduced: lab.reduced,
    onTime: (t) => { stage.pulse(t); root.dataset.layer = String(Math.floor(t + 1e-9)); say(); },
    onPlaying: (on) => { root.dataset.playing = String(on); dressPlay(on); },
  });
  dressPlay(false);
  root.dataset.playing = "false";
  let waiting = true; // a new sample, whose pulse has not run

  const refresh = refresher(async () => {
    const run = lab.run;
    if (!run) return empty();
    await loadRows(run);
    if (!run.n_floats || (!drawn && position < 0)) return;
    const question = drawn ? { values: Array.from(drawn) } : { position };
    if (wanted) question.unit = wanted;
    const answer = await lab.ask("activations", question);
    if (lab.run?.id !== run.id) return;
    show(answer, run);
  }, (error) => { problem.hidden = false; problem.textContent = error.message || String(error); });

  async function loadRows(run) {
    const chosen = lab.store.get("class", "");
    const key = `${run.id}:${run.n_floats}:${chosen}`;
    if (key === loaded) return;
    const answer = await lab.ask("rows", chosen ? { n: 48, label: chosen } : { n: 48 });
    const other = !rows || rows.run.dataset !== run.dataset || rows.run.n_floats !== run.n_floats;
    rows = { originals: answer.arrays.original, positions: answer.arrays.position, labels: answer.about.labels, run,
      names: lab.dataset(run)?.classes || null, chosen,
      units: answer.about.centre ? { centre: answer.about.centre, spread: answer.about.spread } : null };
    loaded = key;
    picker.fill(rows);
    if (other) { drawn = null; own.hidden = true; tool = null; }
    if (position >= (lab.dataset(run)?.rows ?? Infinity)) position = -1;
    if (position < 0 || (other && !Array.from(rows.positions).includes(position) && root.dataset.ready === "true")) position = rows.positions[0];
    picker.choose(drawn ? null : position);
    draw.replaceChildren(run.shape ? "Draw your own" : "Edit the values");
    draw.hidden = !lab.can.live;
  }

  function show(answer, run) {
    problem.hidden = true;
    data = flowData(answer, run);
    stage.show(data);
    results.show(data);
    Object.assign(root.dataset, { sample: drawn ? "drawn" : String(position), layers: String(data.layers.length - 1),
      epoch: String(answer.epoch ?? run.epoch ?? 0), error: String(data.error ?? ""), ready: "true" });
    if (!drawer.el.hidden) drawer.show(data.layers[Number(drawer.el.dataset.layer)] || data.layers[0], run);
    if (waiting) { waiting = false; clock.once(); } else stage.pulse(clock.t());
    tellInputs(answer.about.unit);
    say();
  }

  function empty() {
    root.dataset.ready = "false";
    caption.textContent = "No run yet. Open data and press Train.";
  }

  function pick(next) {
    position = next;
    drawn = null;
    waiting = true;
    lab.store.set("sample", next);
    picker.choose(next);
    if (!own.hidden) takeInHand(false);
    lab.announce(`Sample ${next}`);
    refresh();
  }

  function takeInHand(on) {
    own.hidden = !on;
    draw.setAttribute("aria-pressed", String(on));
    if (!on) { if (drawn) { drawn = null; waiting = true; picker.choose(position); refresh(); } return; }
    const run = lab.run;
    const start = (values) => { drawn = Float32Array.from(values); picker.choose(null); refresh(); };
    if (!tool) {
      const again = h("button", { type: "button", class: "button", dataset: { act: "from-sample" }, on: { click: () => fromSample() } }, "Start from the sample");
      tool = run.shape
        ? drawingPad({ run, background: backgroundOf(rows.originals, run), label: "Drawing pad", extra: again, onChange: start })
        : columnSliders({ run, rows: rows.originals, units: rows.units, onChange: start });
      clear(own, tool.el, run.shape ? null : again);
    }
    clock.seek(data ? data.layers.length - 1 : 0);
    if (run.shape) tool.clear();
    else { tool.set(data.input); start(data.input); }
  }

  async function fromSample() {
    if (position < 0) return;
    const answer = await lab.ask("rows", { positions: [position] });
    tool.set(answer.arrays.original);
    drawn = Float32Array.from(answer.arrays.original, (v) => (answer.arrays.original instanceof Uint8Array ? v / 255 : v));
    refresh();
  }

  function look(layer) {
    stage.choose(layer);
    clock.seek(layer);
    drawer.show(data.layers[layer], lab.run, true);
  }

  /** @type {[number, number]|null} */
  let wanted = null;
  const ask = debounce(() => refresh(), 120);

  /** A unit under the pointer or the keys: its value at once, its largest inputs once it rests there. */
  function pointed(i, unit) {
    wanted = unit < 0 ? null : [i, unit];
    if (!wanted) return stage.tell(null);
    const value = unitWords(wanted);
    stage.tell([value]);
    lab.announce(`${data.layers[i].title}, ${value}`);
    if (i > 0 && lab.can.live) ask();
  }

  /** @param {[number, number]} place layer and unit */
  const unitWords = ([i, unit]) => `${data.layers[i].part === "code" ? "z" : "unit "}${unit + 1}: ${number(data.layers[i].values[unit], 3)}`;

  function tellInputs(told) {
    if (!wanted) return;
    const known = told?.inputs && told.layer === wanted[0] && told.index === wanted[1];
    const from = data.layers[wanted[0] - 1];
    stage.tell([unitWords(wanted), ...(known ? ["largest inputs (value × weight)", ...told.inputs.map((x) => `${inputName(x.index, from)}: ${number(x.value, 2)} × ${number(x.weight, 2)}`)] : [])]);
  }

  function inputName(index, layer) {
    if (layer.index === 0 && lab.run.names && !lab.run.shape) return lab.run.names[index];
    return layer.part === "code" ? `z${index + 1}` : `${layer.index === 0 ? "pixel" : "unit"} ${index + 1}`;
  }

  function say() {
    if (!data) return;
    const at = Number(root.dataset.layer);
    const last = data.layers.length - 1;
    const code = data.layers.find((layer) => layer.part === "code");
    const it = drawn ? (lab.run.shape ? "your drawing" : "your row") : noun(picker.labelOf(position) ?? data.label, lab.run);
    const layer = data.layers[Math.min(at, last)];
    caption.textContent = at > 0 && at < last && root.dataset.playing === "false"
      ? `${layer.title}: ${counted(layer.units, "activation")} for ${it}; the largest absolute value is ${number(largestSize(layer.values), 3)}.`
      : `The encoder compresses ${counted(data.layers[0].units, "number")} into ${code?.units}; the decoder reconstructs ${it} with ${errorPhrase(lab.run, number(data.error, 3))}.`;
  }

  function stepOn() {
    clock.step();
    lab.announce(caption.textContent);
  }

  function dressPlay(on) {
    clear(play, icon(on ? "pause" : "play"), on ? "Pause" : "Play");
  }

  const offs = [
    onKey(" ", () => clock.toggle(), "play or pause the animation", root),
    onKey(".", () => stepOn(), "next layer", root),
    onKey("[", () => picker.step(-1), "previous sample", root),
    onKey("]", () => picker.step(1), "next sample", root),
    onKey("Escape", () => drawer.close(), "", root),
    ...followRun(lab, root, refresh), lab.on("theme", () => { stage.redraw(); if (data) results.show(data); }),
  ];
  refresh();
  return {
    update() { stage.redraw(); refresh(); },
    destroy() { offs.forEach((off) => off()); clock.destroy(); stage.destroy(); drawer.destroy(); clear(root); },
  };
}

/** Original, reconstruction and difference beside each other, and the error. */
function resultFigures() {
  const figure = (words) => {
    const canvas = h("canvas", { class: "result-picture", role: "img", "aria-label": words });
    const note = h("figcaption", {}, words);
    return { canvas, note, el: h("figure", { class: "figure" }, canvas, note) };
  };
  const [original, rebuilt, difference] = [figure("original"), figure("reconstruction"), figure("difference")];
  rebuilt.canvas.dataset.role = "reconstruction";
  original.canvas.dataset.role = "input";
  const error = h("p", { class: "stat" });
  const el = h("div", { class: "panel result-row" }, original.el, rebuilt.el, difference.el, error);
  return {
    el,
    show(data) {
      const { run } = data;
      drawPicture(original.canvas, data.input, run);
      drawPair(rebuilt.canvas, data.input, data.output, run);
      const scale = Math.max(0.05, largestSize(data.difference));
      drawPicture(difference.canvas, data.difference, run, { mode: "signed", scale });
      difference.note.textContent = `difference (full colour: ±${number(scale, 2)})`;
      if (!run.shape) rebuilt.note.textContent = "reconstruction (dots) and original (rings)";
      clear(error, h("b", {}, number(data.error, 3)), h("span", {}, `${errorNoun(run)} of the row`), h("span", {}, largestDifference(data)));
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

function activationLegend() {
  return h("span", { class: "ramp-legend" }, h("span", {}, "negative"), h("span", { class: "ramp is-signed", "aria-hidden": "true" }), h("span", {}, "positive"));
}

function explanation() {
  return h("details", { class: "explanation" }, h("summary", {}, "How to read this"),
    h("p", {}, "Each column is a layer; its height grows with the logarithm of the number of units. A cell is one unit, coloured by its activation, relative to the largest activation of its layer. Wide layers show 256 units."),
    h("p", {}, "The decoder sees only the code in the middle (the bottleneck). Details that the code does not hold are missing from the reconstruction: the difference below shows them."),
    h("p", {}, "Space plays the animation, “.” moves one layer, [ and ] change the sample. Press Tab to reach a layer; then ← → move between layers, ↑ ↓ between units, Enter opens the details."));
}

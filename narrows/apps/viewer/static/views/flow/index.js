/** View 1: the activations of one row, layer by layer. */

import { segmented } from "../../core/controls.js";
import { clear, h } from "../../core/dom.js";
import { number } from "../../core/format.js";
import { icon } from "../../core/icons.js";
import { onKey } from "../../core/keyboard.js";
import { debounce } from "../../core/timing.js";
import { columnSliders } from "../shared/column-sliders.js";
import { backgroundOf, drawingPad } from "../shared/drawing-pad.js";
import { layerData, stageWords } from "../shared/layer-data.js";
import { largestSize } from "../shared/layer-painting.js";
import { followRun, prepareView, refresher } from "../shared/refresh.js";
import { countOf, errorSentence, rowNoun, sampleNoun, whatIsAnAutoencoder } from "../shared/text.js";
import { animationClock } from "./animation-clock.js";
import { codeHandles } from "./code-handles.js";
import { layerDetails } from "./layer-details.js";
import { networkDiagram } from "../shared/network-diagram.js";
import { resultFigures } from "./result-figures.js";
import { samplePicker } from "./sample-picker.js";

export const title = "Follow one example through the autoencoder";

/**
 * @param {HTMLElement} el
 * @param {MountedLab} lab
 * @returns {View}
 */
export function mount(el, lab) {
  const caption = h("p", { class: "caption live-sentence", dataset: { sentence: "" } });
  const problem = h("p", { class: "message bad", role: "alert", hidden: true });
  const noun = sampleNoun(lab.run);
  const picker = samplePicker({ onPick: pick, onClass: (name) => { lab.store.set("class", name || null); loadedKey = ""; refresh(); } });
  const handles = codeHandles(lab);
  const stage = h("p", { class: "note", dataset: { stageWords: "" } });
  let pointedStage = -1;
  const diagram = networkDiagram({ handles: handles.el, onLayer: openLayer, onUnit: showUnit, onStage: (i) => { pointedStage = i; updateCaption(); } });
  const drawer = layerDetails({ onClose: () => diagram.focus() });
  const editor = h("div", { class: "own-input", hidden: true });
  const play = h("button", { type: "button", class: "button primary", dataset: { act: "play" }, on: { click: () => clock.toggle() } });
  const step = h("button", { type: "button", class: "button", dataset: { act: "step" }, on: { click: () => stepLayer() } }, icon("step"), "Step");
  const speed = segmented({ label: "Speed", value: "1", choices: [["0.25", "slow ×¼"], ["1", "×1"], ["2", "×2"]], onChoose: (v) => clock.speed(Number(v)) });
  const editButton = h("button", { type: "button", class: "button", "aria-pressed": "false", disabled: true, dataset: { act: "draw" }, on: { click: () => edit(editor.hidden) } });
  const results = resultFigures();
  const root = prepareView(el, "flow",
    h("header", {}, h("h2", {}, `Follow one ${noun} through the autoencoder`),
      h("p", { class: "caption", dataset: { what: "" } }, whatIsAnAutoencoder(noun)), caption), problem,
    h("div", { class: "row" }, picker.el, editButton), editor,
    h("div", { class: "panel flow-panel" },
      h("div", { class: "flow-halves", "aria-hidden": "true" }, h("span", {}, "encoder: compresses"), h("span", {}, "decoder: reconstructs")),
      diagram.el, stage,
      h("div", { class: "controls" }, play, step, speed.el, activationLegend())),
    drawer.el, results.el, explanation());

  /** @type {Activations} */
  let data;
  /** @type {any} */
  let rows = null;
  let loadedKey = "";
  /** @type {Float32Array|null} */
  let edited = null;
  /** @type {any} */
  let tool = null;
  let position = lab.store.get("sample", -1);
  const clock = animationClock({
    layers: () => (data ? data.layers.length - 1 : 0), reduced: lab.reduced,
    onTime: (t) => { diagram.pulse(t); root.dataset.layer = String(Math.floor(t + 1e-9)); updateCaption(); },
    onPlaying: (on) => { root.dataset.playing = String(on); renderPlay(on); },
  });
  renderPlay(false);
  root.dataset.playing = "false";
  let isNewSample = true; // a new sample, whose pulse has not run

  const refresh = refresher(async () => {
    const run = lab.run;
    if (!run) return empty();
    await loadRows(run);
    if (!run.n_floats || (!edited && position < 0)) return;
    /** @type {Record<string, any>} */
    const params = edited ? { values: Array.from(edited) } : { position };
    if (unitShown) params.unit = unitShown;
    const answer = await lab.query("activations", params);
    if (lab.run?.id !== run.id) return;
    show(answer, run);
  }, (error) => { problem.hidden = false; problem.textContent = error.message || String(error); });

  async function loadRows(run) {
    const chosen = lab.store.get("class", "");
    const key = `${run.id}:${run.n_floats}:${chosen}`;
    if (key === loadedKey) return;
    const answer = await lab.query("rows", chosen ? { n: 48, label: chosen } : { n: 48 });
    const isOtherData = !rows || rows.run.dataset !== run.dataset || rows.run.n_floats !== run.n_floats;
    rows = { originals: answer.arrays.original, positions: answer.arrays.position, labels: answer.about.labels, seen: answer.about.seen, run,
      names: lab.dataset(run)?.classes || null, chosen,
      scales: answer.about.scales ?? null };
    loadedKey = key;
    picker.fill(rows);
    if (isOtherData) { edited = null; editor.hidden = true; tool = null; }
    if (position >= (lab.dataset(run)?.rows ?? Infinity)) position = -1;
    if (position < 0 || (isOtherData && !Array.from(rows.positions).includes(position) && root.dataset.ready === "true")) position = rows.positions[0];
    picker.choose(edited ? null : position);
    editButton.replaceChildren(run.shape ? "Draw your own" : "Edit the values");
    editButton.hidden = !lab.can.live;
    editButton.disabled = false;
  }

  function show(answer, run) {
    problem.hidden = true;
    data = layerData(answer, run);
    diagram.show(data);
    handles.refresh();
    results.show(data, answer.about.cells);
    Object.assign(root.dataset, { sample: edited ? "drawn" : String(position), layers: String(data.layers.length - 1),
      epoch: String(answer.epoch ?? run.epoch ?? 0), error: String(data.error ?? ""), ready: "true" });
    if (!drawer.el.hidden) drawer.show(data.layers[Number(drawer.el.dataset.layer)] || data.layers[0], run);
    if (isNewSample) { isNewSample = false; clock.once(); } else diagram.pulse(clock.t());
    showInputs(answer.about.unit);
    updateCaption();
  }

  function empty() {
    root.dataset.ready = "false";
    caption.textContent = "No run yet. Open data and press Train.";
  }

  function pick(next) {
    position = next;
    edited = null;
    isNewSample = true;
    lab.store.set("sample", next);
    picker.choose(next);
    if (!editor.hidden) edit(false);
    lab.announce(`Sample ${next}`);
    refresh();
  }

  function edit(on) {
    if (on && !rows) return; // the rows have not arrived yet
    editor.hidden = !on;
    editButton.setAttribute("aria-pressed", String(on));
    if (!on) { if (edited) { edited = null; isNewSample = true; picker.choose(position); refresh(); } return; }
    const run = lab.run;
    const start = (values) => { edited = Float32Array.from(values); picker.choose(null); refresh(); };
    if (!tool) {
      const again = h("button", { type: "button", class: "button", dataset: { act: "from-sample" }, on: { click: () => copySample() } }, "Start from the sample");
      tool = run.shape
        ? drawingPad({ run: /** @type {ImageRun} */ (run), background: backgroundOf(rows.originals, run), label: "Drawing pad", extra: again, onChange: start })
        : columnSliders({ run: /** @type {any} */ (run), rows: rows.originals, scales: rows.scales, onChange: start });
      clear(editor, tool.el, run.shape ? null : again);
    }
    clock.seek(data ? data.layers.length - 1 : 0);
    if (run.shape) tool.clear();
    else { tool.set(data.input); start(data.input); }
  }

  async function copySample() {
    if (position < 0) return;
    const answer = await lab.query("rows", { positions: [position] });
    tool.set(answer.arrays.original);
    edited = Float32Array.from(answer.arrays.original, (v) => (answer.arrays.original instanceof Uint8Array ? v / 255 : v));
    refresh();
  }

  function openLayer(layer) {
    diagram.choose(layer);
    clock.seek(layer);
    drawer.show(data.layers[layer], lab.run, true);
  }

  /** @type {[number, number]|null} */
  let unitShown = null;
  const query = debounce(() => refresh(), 120);

  /** A unit under the pointer or the keys: its value at once, its largest inputs once it rests there. */
  function showUnit(i, unit) {
    unitShown = unit < 0 ? null : [i, unit];
    if (!unitShown) return diagram.showTooltip(null);
    const value = unitWords(unitShown);
    diagram.showTooltip([value]);
    lab.announce(`${data.layers[i].title}, ${value}`);
    if (i > 0 && lab.can.live) query();
  }

  /** @param {[number, number]} place layer and unit */
  const unitWords = ([i, unit]) => `${data.layers[i].part === "code" ? "z" : "unit "}${unit + 1}: ${number(data.layers[i].values[unit], 3)}`;

  function showInputs(unitInfo) {
    if (!unitShown) return;
    const known = unitInfo?.inputs && unitInfo.layer === unitShown[0] && unitInfo.index === unitShown[1];
    const from = data.layers[unitShown[0] - 1];
    diagram.showTooltip([unitWords(unitShown), ...(known ? ["largest inputs (value × weight)", ...unitInfo.inputs.map((x) => `${inputName(x.index, from)}: ${number(x.value, 2)} × ${number(x.weight, 2)}`)] : [])]);
  }

  function inputName(index, layer) {
    if (layer.index === 0 && lab.run.names && !lab.run.shape) return lab.run.names[index];
    return layer.part === "code" ? `z${index + 1}` : `${layer.index === 0 ? "pixel" : "unit"} ${index + 1}`;
  }

  function updateCaption() {
    if (!data) return;
    const it = edited ? (lab.run.shape ? "your drawing" : "your row") : rowNoun(picker.labelOf(position) ?? data.label, lab.run);
    caption.textContent = `The encoder squeezes ${inputSize(data)} into ${lab.run.n_components}; the decoder rebuilds ${it} from those alone. ${errorSentence(lab.run, data.error, data.average)}`;
    const layer = stageShown();
    const name = layer.part === "encoder" || layer.part === "decoder" ? `${layer.title}. ` : "";
    stage.textContent = `${name}${stageWords(layer, lab.run)} It has ${countOf(layer.units, "activation")} for ${it}; the largest absolute value is ${number(largestSize(layer.values), 3)}.`;
  }

  /** The stage that the page explains: that under the pointer or the keys, else the one stepped to, else the code. */
  function stageShown() {
    const { layers } = data;
    const stepped = Number(root.dataset.layer);
    const isAtRest = root.dataset.playing === "false" && stepped < layers.length - 1;
    const code = layers.findIndex((layer) => layer.part === "code");
    return layers[pointedStage >= 0 ? pointedStage : isAtRest ? stepped : code] ?? layers[code];
  }

  function stepLayer() {
    clock.step();
    lab.announce(stage.textContent);
  }

  function renderPlay(on) {
    clear(play, icon(on ? "pause" : "play"), on ? "Pause" : "Play");
  }

  const unsubscribe = [
    onKey(" ", () => clock.toggle(), "play or pause the animation", root),
    onKey(".", () => stepLayer(), "next layer", root),
    onKey("[", () => picker.step(-1), "previous sample", root),
    onKey("]", () => picker.step(1), "next sample", root),
    onKey("Escape", () => drawer.close(), "", root),
    ...followRun(lab, root, refresh), lab.on("theme", () => { diagram.redraw(); if (data) results.show(data); }),
  ];
  refresh();
  return {
    update() { diagram.redraw(); refresh(); },
    destroy() { unsubscribe.forEach((off) => off()); clock.destroy(); handles.destroy(); diagram.destroy(); drawer.destroy(); clear(root); },
  };
}

/** "64 pixel values", "5 columns", "7 columns (15 numbers)": what the encoder is given. */
function inputSize({ layers, run, columns }) {
  const { units } = layers[0];
  if (run.shape) return countOf(units, "pixel value");
  if (!columns) return countOf(units, "number");
  return columns === units ? countOf(columns, "column") : `${countOf(columns, "column")} (${countOf(units, "number")})`;
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

/** One training step on one row in slow motion: forward, the error, back layer by layer, and the update. */

import { clear, h } from "../../core/dom.js";
import { number } from "../../core/format.js";
import { icon } from "../../core/icons.js";
import { drawPair, drawPicture } from "../../core/picture.js";
import { layerData } from "../shared/layer-data.js";
import { networkDiagram } from "../shared/network-diagram.js";
import { countOf, errorNoun, joinNames, rowNoun, sampleNoun } from "../shared/text.js";

const FORWARD = 1800; // ms
const STAGE = 2600; // ms that a sentence stays

const OPTIMIZERS = { adam: "Adam", adamw: "AdamW", rmsprop: "RMSprop", sgd: "SGD", muon: "Muon", lbfgs: "L-BFGS" };

/**
 * @typedef {{gradient: Array<number|null>, change: Array<number|null>, before: number, after: number, loss_before: number, loss_after: number,
 *   penalties: string[], left_out: string[], optimizer: string, learning_rate: number, layers_alone: boolean, noisy: boolean}} Step
 * See `training_step` in narrows/insight/payloads/step_on_a_row.py.
 */

/**
 * @param {MountedLab} lab
 * @param {Run} run
 * @param {{epoch: () => number|null, positions: () => ArrayLike<number>|null}} now the epoch in view, and the rows that the view shows
 */
export function mountSlowStep(lab, run, now) {
  const noun = sampleNoun(run);
  const heading = h("h3", {});
  const sentence = h("p", { class: "slow-sentence", "aria-live": "polite", dataset: { slowSentence: "" } });
  const diagram = networkDiagram({ hint: "Enter shows its gradient.", onLayer: (i) => goTo(stages.findIndex((one) => one.layer === i && one.name === "back")) });
  const picture = (name, words) => {
    const canvas = h("canvas", { class: "result-picture", role: "img", "aria-label": words, dataset: { slow: name } });
    return { canvas, el: h("figure", { class: "figure" }, canvas, h("figcaption", {}, words)) };
  };
  const pictures = { target: picture("target", noun), output: picture("before", "before the step"), output_after: picture("after", "after the step") };
  const table = h("table", { class: "slow-table" });
  const button = (act, words, f, attrs = {}) => h("button", { type: "button", class: "button", dataset: { slow: act }, on: { click: f }, ...attrs }, words);
  const play = button("play", "", () => (playing ? stop() : start()), { hidden: lab.reduced });
  const previous = button("previous", "Previous stage", () => goTo(at - 1));
  const next = button("next", "Next stage", () => goTo(at + 1), { class: "button primary" });
  const other = button("other", `Other ${noun}`, () => { row += 1; open(); });
  const close = button("close", [icon("close"), "Close"], shut, { class: "button quiet" });
  const el = h("section", { class: "panel stack slow-step", hidden: true, "aria-label": "One training step in slow motion" },
    heading, sentence, h("div", { class: "controls" }, previous, next, play, other, close), diagram.el,
    h("div", { class: "slow-results" }, Object.values(pictures).map((one) => one.el), table),
    h("p", { class: "note" }, `A training takes many such steps, each on the mean over a batch of ${noun}s, and its optimizer also remembers earlier ones. This step uses one ${noun} alone, and changes nothing in the run.`));
  const opener = h("button", { type: "button", class: "button small", hidden: !lab.can.follow, title: "One training step, taken apart ( s )", dataset: { action: "slow-step" }, on: { click: open } }, icon("step"), "One step in slow motion");

  /** @type {Array<{name: string, layer: number, words: string}>} */
  let stages = [];
  /** @type {Step|null} */
  let step = null;
  /** @type {Activations|null} */
  let data = null;
  let [at, row, playing, timer, frame] = [0, 0, false, 0, 0];

  /** Computes the step from the epoch in view, and begins to show it. */
  async function open() {
    const positions = now.positions();
    const epoch = now.epoch();
    if (!lab.can.follow || !positions?.length || epoch === null) return undefined;
    stop();
    if (!step) clear(sentence, "Computing the step…");
    el.hidden = false;
    try {
      const answer = await lab.query("training_step", { run: run.id, position: positions[row % positions.length], epoch });
      data = layerData(answer, run);
      step = answer.about.step;
      fill(answer);
    } catch (error) {
      if (!error.dropped) clear(sentence, error.message);
    }
    return undefined;
  }

  function fill({ about, arrays }) {
    const shown = /** @type {Step} */ (step);
    const known = /** @type {Activations} */ (data);
    const it = rowNoun(about.label, run);
    heading.textContent = `One step for ${it}, with the weights of epoch ${about.epoch}`;
    stages = stagesOf(known, shown, it, run);
    Object.assign(el.dataset, { epoch: String(about.epoch), before: String(shown.before), after: String(shown.after), gradients: JSON.stringify(shown.gradient) });
    drawPicture(pictures.target.canvas, arrays.target, run);
    for (const name of ["output", "output_after"]) drawPair(pictures[name].canvas, arrays.target, arrays[name], run);
    const errors = [h("th", { scope: "row" }, `error of the ${noun}`), h("td", { colspan: 2 }, `${number(shown.before, 4)} → ${number(shown.after, 4)}`)];
    clear(table, h("thead", {}, h("tr", {}, ["Layer", "Gradient", "Weights move"].map((words) => h("th", { scope: "col" }, words)))),
      h("tbody", {}, known.layers.slice(1).map((layer, i) => h("tr", { dataset: { row: i + 1 } }, h("th", { scope: "row" }, layer.title),
        h("td", {}, number(shown.gradient[i + 1], 3)), h("td", { class: "of-update" }, percent(shown.change[i + 1])))), h("tr", { dataset: { row: "error" } }, errors)));
    diagram.show(known);
    goTo(0);
    el.scrollIntoView({ block: "start" });
    if (!lab.reduced) start();
    else next.focus({ preventScroll: true });
  }

  /** Shows a stage as it is at its end. */
  function goTo(i) {
    if (i < 0 || i >= stages.length) return;
    halt();
    at = i;
    render();
    if (playing) wait();
  }

  function render() {
    const stage = stages[at];
    const last = /** @type {Activations} */ (data).layers.length - 1;
    sentence.textContent = stage.words;
    el.dataset.stage = stage.name;
    el.dataset.stageNumber = String(at);
    diagram.pulse(last);
    const isBack = stage.name === "back";
    diagram.flowBack(isBack ? last - stage.layer + 1 : last, isBack ? strengths() : null);
    for (const line of table.querySelectorAll("tr[data-row]")) {
      const layer = Number(line.dataset.row);
      line.classList.toggle("is-chosen", isBack && layer === stage.layer);
      line.classList.toggle("is-to-come", stage.name === "forward" || stage.name === "error" || (isBack && !(layer >= stage.layer)));
    }
    el.classList.toggle("is-before-update", stage.name !== "update");
    pictures.output_after.el.classList.toggle("is-to-come", stage.name !== "update");
    previous.disabled = at === 0;
    next.disabled = at === stages.length - 1;
    if (stage.name === "forward" && playing) forward();
  }

  /** The gradients relative to the largest. */
  function strengths() {
    const values = /** @type {Step} */ (step).gradient.map((one) => one ?? 0);
    const most = Math.max(...values) || 1;
    return values.map((one) => one / most);
  }

  /** The pulse of the way forward. */
  function forward() {
    const last = /** @type {Activations} */ (data).layers.length - 1;
    let begun = 0;
    const tick = (time) => {
      begun ||= time;
      const share = Math.min(1, (time - begun) / FORWARD);
      diagram.pulse(share * last);
      if (share < 1) frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
  }

  function start() {
    if (at === stages.length - 1) at = 0;
    playing = true;
    renderPlay();
    render();
    wait();
  }

  function wait() {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      if (at >= stages.length - 1) stop();
      else goTo(at + 1);
    }, STAGE);
  }

  /** Ends what moves. */
  function halt() {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
  }

  function stop() {
    halt();
    playing = false;
    renderPlay();
  }

  function renderPlay() {
    clear(play, icon(playing ? "pause" : "play"), playing ? "Pause" : "Play");
    el.dataset.playing = String(playing);
  }

  function shut() {
    stop();
    el.hidden = true;
    opener.focus({ preventScroll: true });
  }

  renderPlay();
  return { el, opener, open, shut, get isOpen() { return !el.hidden; }, destroy() { halt(); diagram.destroy(); } };
}

const percent = (share) => (share === null ? "–" : `${number(100 * share, 2)}\u00a0%`);

/**
 * The stages in order, with a sentence for each.
 * @param {Activations} data
 * @param {Step} step
 * @param {string} it
 * @param {Run} run
 */
function stagesOf({ layers }, step, it, run) {
  const code = layers.find((layer) => layer.part === "code");
  const error = errorNoun(run);
  const noise = step.noisy ? " with noise added to it," : "";
  const stages = [
    { name: "forward", layer: 0, words: `Forward: ${it}${noise} passes through the layers. ${countOf(layers[0].units, "number")} become ${code?.units}, and then ${layers.at(-1)?.units} again.` },
    { name: "error", layer: layers.length - 1, words: `Error: the reconstruction is compared with ${it}${step.noisy ? " without the noise" : ""}. The ${error} is ${number(step.before, 4)}.` },
  ];
  for (let i = layers.length - 1; i > 0; i--) {
    const gradient = step.gradient[i];
    const words = gradient === null ? "It has no weights of its own to move." : `The gradient of its weights has length ${number(gradient, 3)}: it says how much the error depends on them.`;
    stages.push({ name: "back", layer: i, words: `Back: the error flows to ${layerName(layers[i])}. ${words}` });
  }
  const falls = step.after < step.before ? "falls" : "rises";
  const extra = [
    step.penalties.length ? ` The loss with ${joinNames(step.penalties.map((name) => `“${name}”`))} goes from ${number(step.loss_before, 4)} to ${number(step.loss_after, 4)}.` : "",
    step.left_out.length ? ` The penalty ${joinNames(step.left_out.map((name) => `“${name}”`))} needs pairs of ${sampleNoun(run)}s and is left out.` : "",
    step.layers_alone ? " PCA’s share in the finished network is left out, as in every training step." : "",
  ].join("");
  stages.push({ name: "update", layer: 0, words: `Update: ${OPTIMIZERS[step.optimizer] ?? step.optimizer} moves every weight a little against its gradient (learning rate ${number(step.learning_rate, 3)}). The ${error} of ${it} ${falls} from ${number(step.before, 4)} to ${number(step.after, 4)}.${extra}` });
  return stages;
}

/** "the output", "the code", "decoder layer 1 of 2". */
function layerName(layer) {
  if (layer.part === "output") return "the last layer, which makes the reconstruction";
  if (layer.part === "code") return "the layer that makes the code";
  return layer.title.toLowerCase();
}

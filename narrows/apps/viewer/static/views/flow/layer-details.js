/** Details of a layer: shape, parameters, histogram of its activations, largest units. */

import { histogram } from "../../core/chart.js";
import { clear, h } from "../../core/dom.js";
import { count, number } from "../../core/format.js";
import { icon } from "../../core/icons.js";
import { largestUnits, stageWords, valueBins } from "../shared/layer-data.js";

/**
 * @param {{onClose: () => void}} calls
 */
export function layerDetails({ onClose }) {
  const title = h("h3", { tabindex: -1 });
  const what = h("p", { class: "caption", dataset: { stage: "" } });
  const facts = h("dl", { class: "facts" });
  const spread = h("div", { class: "figure" });
  const units = h("table", { class: "units" });
  const el = h("section", { class: "panel flow-drawer", hidden: true, "aria-label": "Layer", on: { keydown: (event) => {
    if (event.key === "Escape") { event.stopPropagation(); close(); }
  } } },
  h("div", { class: "row spread" }, title,
    h("button", { type: "button", class: "button quiet", "aria-label": "Close the layer", on: { click: () => close() } }, icon("close"))),
  what, h("div", { class: "drawer-grid" }, h("div", {}, facts, units), spread));
  /** @type {ReturnType<typeof histogram>|null} */
  let chart = null;

  /**
   * @param {Layer} layer
   * @param {Run} run
   */
  function show(layer, run, focus = false) {
    const opened = el.hidden;
    el.hidden = false;
    el.dataset.layer = layer.index;
    title.textContent = layer.title;
    what.textContent = stageWords(layer, run);
    const share = run.n_parameters ? ` (${Math.round((100 * layer.parameters) / run.n_parameters)} % of the network's)` : "";
    const lines = [["Shape", layer.shape.join(" × ")], ["Units", count(layer.units)],
      ["Weights and biases", layer.index ? `${count(layer.parameters)}${share}` : "none (input data)"],
      ["Activation", layer.activation || "none"], ["Range", rangeText(layer)]];
    clear(facts, lines.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
    const { edges, counts } = valueBins(layer.values);
    const options = { edges, series: [{ name: "", counts, filled: true, colour: "var(--accent)" }], xLabel: "activation", yLabel: "units", height: 190,
      label: `Histogram of the activations of ${layer.title}` };
    if (chart) chart.update(options);
    else chart = histogram(spread, options);
    clear(units, h("caption", {}, "Largest units"),
      h("tbody", {}, largestOf(layer).map(([unit, value]) => h("tr", {}, h("th", { scope: "row" }, nameOf(unit, layer, run)), h("td", {}, number(value, 3))))));
      if (layer.arrayShape.length < 3 && layer.shown < layer.units) units.caption.textContent = `Largest units among ${count(layer.shown)} of ${count(layer.units)}`;
    if (opened && focus) title.focus({ preventScroll: true });
  }

  function close() {
    if (el.hidden) return;
    el.hidden = true;
    delete el.dataset.layer;
    onClose();
  }

  return { el, show, close, destroy() { chart?.destroy(); } };
}

function rangeText(layer) {
  const low = layer.low ?? Math.min(...layer.values);
  const high = layer.high ?? Math.max(...layer.values);
  return `${number(low, 3)} to ${number(high, 3)}`;
}

function largestOf(layer) {
  return layer.largest || largestUnits(layer.values, 5).map((unit) => [unit, layer.values[unit]]);
}

function nameOf(unit, layer, run) {
  const named = layer.index === 0 || layer.part === "output";
  if (named && run.names) return run.names[unit];
  const shape = named && run.shape ? run.shape : null;
  if (shape) return `pixel, row ${Math.floor(unit / shape[2] / shape[1]) + 1}, column ${(Math.floor(unit / shape[2]) % shape[1]) + 1}`;
  if (layer.part === "code") return `z${unit + 1}`;
  return `unit ${unit + 1}`;
}

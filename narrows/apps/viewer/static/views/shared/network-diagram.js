/** The hourglass: pictures at its ends, layers as cells or feature maps between, ribbons, and a pulse that runs through. */

import { textScale, variable } from "../../core/colour.js";
import { clear, context2d, h } from "../../core/dom.js";
import { fixed } from "../../core/format.js";
import { drawPicture } from "../../core/picture.js";
import { paintLayer, paintRibbon, ruleCells } from "./layer-painting.js";
import { countOf } from "./text.js";
import { networkLayout, unitAt, unitBox } from "./network-layout.js";

/** "64", "256 of 1000", "16 of 32 maps". */
function unitsText(layer) {
  if (layer.arrayShape.length < 3) return layer.shown < layer.units ? `${layer.shown} of ${layer.units}` : String(layer.units);
  const maps = layer.shape[layer.shape.length - 1];
  return `${layer.shown < maps ? `${layer.shown} of ${maps}` : maps} maps`;
}

const middle = (box) => ({ x: box.x + box.w / 2, y: box.y + box.h / 2 });

/**
 * @param {{handles?: HTMLElement|null, hint?: string, onLayer: (layer: number) => void, onUnit?: (layer: number, unit: number) => void, onStage?: (layer: number) => void}} o
 * handles: drawn at the waist, if any; hint: what the name of a layer ends with; onUnit, onStage: the unit and the layer under the pointer or the keys, -1 for none
 */
export function networkDiagram({ handles = null, hint = "Enter for details.", onLayer, onUnit = () => {}, onStage = () => {} }) {
  const canvas = h("canvas", { class: "flow-canvas", "aria-hidden": "true" });
  const tip = h("div", { class: "flow-tip", hidden: true });
  const overlay = h("div", { class: "flow-over" });
  const el = h("div", { class: "flow-stage", role: "group", "aria-label": "The network, from the input to its reconstruction" },
    canvas, overlay, handles, tip);
  /** @type {Activations} */
  let data;
  /** @type {ReturnType<typeof networkLayout>} */
  let plan;
  /** @type {Array<HTMLCanvasElement|null>} */
  let painted = [];
  let buttons = [];
  let labels = [];
  let [time, chosen, unit, text] = [0, 0, -1, 1];
  /** @type {{reached: number, strengths: number[]}|null} the error on its way back */
  let back = null;

  function show(next) {
    const same = data && next.signature === data.signature;
    data = next;
    if (!same) layOut();
    else fill();
  }

  function layOut() {
    if (!data || !el.clientWidth) return;
    text = textScale(el);
    plan = networkLayout(data.layers, el.clientWidth, data.run.shape, text);
    el.style.height = `${plan.height + (plan.vertical ? 0 : 34 * text)}px`;
    el.classList.toggle("is-vertical", plan.vertical);
    chosen = Math.min(chosen, data.layers.length - 1);
    buttons = data.layers.map((layer, i) => layerButton(layer, i, plan.boxes[i]));
    labels = data.layers.map((layer, i) => layerLabel(layer, i));
    clear(overlay, buttons, labels);
    placeHandles(plan.boxes[data.layers.findIndex((layer) => layer.part === "code")]);
    fill();
  }

  /** Above the code; on narrow pages below it, where the ribbon begins. */
  function placeHandles(box) {
    if (!handles) return;
    handles.style.left = `${box.x + box.w / 2}px`;
    handles.style.top = `${plan.vertical ? box.y + box.h + 1 : Math.max(0, box.y - 34 * text)}px`;
  }

  function layerButton(layer, i, box) {
    const button = h("button", { type: "button", class: `flow-layer is-${box.kind}`, tabindex: i === chosen ? 0 : -1,
      dataset: { layer: i, units: layer.units },
      style: { left: `${box.x}px`, top: `${box.y}px`, width: `${box.w}px`, height: `${box.h}px` },
      "aria-label": `${layer.title}: ${countOf(layer.units, "number")}${layer.activation ? `, ${layer.activation}` : ""}. ${hint}`,
      on: {
        click: () => onLayer(i),
        keydown: (event) => moveFocus(event, i),
        pointerenter: () => onStage(i),
        pointermove: (event) => hover(event, i),
        pointerleave: () => { pointAt(i, -1); onStage(buttons.indexOf(document.activeElement)); },
        focus: () => onStage(i),
        blur: () => { pointAt(i, -1); onStage(-1); },
      } });
    if (box.kind === "picture") button.append(h("canvas", { class: "flow-picture", dataset: { role: i ? "reconstruction" : "input" } }));
    return button;
  }

  function layerLabel(layer, i) {
    const box = plan.boxes[i];
    const roomy = plan.vertical || plan.gap + box.w > 74 * text || box.kind === "picture";
    const strong = box.kind === "picture" || layer.part === "code";
    const place = plan.vertical
      ? { left: "0", width: "100%", top: `${box.y - 21 * text}px` }
      : { left: `${box.x + box.w / 2 - 75 * text}px`, width: `${150 * text}px`, top: `${strong ? box.y + box.h + 6 : plan.height + 4}px` };
    const units = unitsText(layer);
    const small = layer.activation && roomy ? `${units} · ${layer.activation}` : units;
    return h("div", { class: `flow-label${strong ? " is-strong" : ""}`, style: place, "aria-hidden": "true" },
      strong ? h("b", {}, layer.label) : null, h("span", {}, strong ? layer.detail : small));
  }

  /** Draws the values of the current sample into the layout. */
  function fill() {
    if (!plan) return;
    painted = data.layers.map((layer, i) =>
      plan.boxes[i].kind === "cells" || plan.boxes[i].kind === "maps" ? paintLayer(plan.boxes[i], layer.values) : null);
    data.layers.forEach((layer, i) => {
      if (plan.boxes[i].kind === "picture") drawPicture(buttons[i].firstChild, i ? data.output : data.input, data.run);
      if (plan.boxes[i].kind === "numbers") {
        clear(buttons[i], Array.from(layer.values, (_, k) => h("span", { class: "flow-number" }, h("i", {}, `z${k + 1}`), h("b", {}))));
      }
    });
    draw();
  }

  function draw() {
    if (!plan) return;
    const ratio = Math.min(2, globalThis.devicePixelRatio || 1);
    const [width, height] = [plan.width, plan.height];
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = context2d(canvas);
    context.scale(ratio, ratio);
    context.imageSmoothingEnabled = false;
    const code = data.layers.findIndex((layer) => layer.part === "code");
    const [inward, outward] = [variable(el, "--negative"), variable(el, "--positive")];
    for (let i = 0; i + 1 < plan.boxes.length; i++) {
      const isEncoder = i < code;
      paintRibbon(context, plan.boxes[i], plan.boxes[i + 1], plan.vertical, isEncoder ? inward : outward, time - i, isEncoder ? [0.1, 0.34] : [0.34, 0.1]);
    }
    if (back) drawBack(context, back);
    plan.boxes.forEach((box, i) => {
      const reached = Math.max(0, Math.min(1, time - i + 1));
      buttons[i].classList.toggle("is-reached", time >= i);
      buttons[i].setAttribute("aria-current", i === Math.floor(time + 1e-9) ? "step" : "false");
      if (box.kind === "picture") buttons[i].firstChild.style.opacity = i ? 0.08 + 0.92 * reached : 1;
      else if (box.kind === "numbers") countUp(i, reached);
      else drawLayer(context, box, painted[i], reached);
    });
    if (unit >= 0 && chosen >= 0) outlineUnit(context);
  }

  /** The gradients: between each layer and the one before it a band as wide as the layer's gradient is strong. */
  function drawBack(context, { reached, strengths }) {
    context.strokeStyle = context.fillStyle = variable(el, "--bad");
    for (let i = plan.boxes.length - 1; i > 0 && plan.boxes.length - 1 - i < reached; i--) {
      const [from, to] = [middle(plan.boxes[i]), middle(plan.boxes[i - 1])];
      context.globalAlpha = 0.35 + 0.65 * strengths[i];
      context.lineWidth = 2 + 30 * strengths[i];
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  function drawLayer(context, box, picture, reached) {
    context.fillStyle = variable(el, "--panel");
    context.fillRect(box.x, box.y, box.w, box.h);
    context.globalAlpha = 0.06 + 0.94 * reached;
    context.drawImage(picture, box.x, box.y, box.w, box.h);
    ruleCells(context, box, variable(el, box.kind === "maps" ? "--muted" : "--panel"));
    context.globalAlpha = 1;
    context.strokeStyle = variable(el, "--line");
    context.lineWidth = 1;
    context.strokeRect(box.x - 0.5, box.y - 0.5, box.w + 1, box.h + 1);
  }

  function countUp(i, reached) {
    const eased = 1 - (1 - reached) ** 3;
    [...buttons[i].querySelectorAll("b")].forEach((b, k) => {
      b.textContent = reached > 0 ? fixed(data.layers[i].values[k] * eased, 2) : "·";
    });
  }

  function outlineUnit(context) {
    const cell = unitBox(plan.boxes[chosen], unit);
    context.lineWidth = 2;
    context.strokeStyle = variable(el, "--ink");
    context.strokeRect(cell.x - 1, cell.y - 1, Math.max(3, cell.w + 2), Math.max(3, cell.h + 2));
  }

  function hover(event, i) {
    const box = el.getBoundingClientRect();
    const plane = plan.boxes[i];
    pointAt(i, plane.kind === "cells" || plane.kind === "maps" ? unitAt(plane, event.clientX - box.left, event.clientY - box.top) : -1);
  }

  function pointAt(i, next) {
    if (next === unit && (next < 0 || i === chosen)) return;
    if (next >= 0) chosen = i;
    unit = next;
    draw();
    showTooltip(null);
    onUnit(i, next);
  }

  function moveFocus(event, i) {
    const layers = data.layers.length;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const box = plan.boxes[i];
    if (step || event.key === "Home" || event.key === "End") {
      const to = step ? Math.max(0, Math.min(layers - 1, i + step)) : event.key === "Home" ? 0 : layers - 1;
      choose(to);
      buttons[to].focus();
    } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && (box.kind === "cells" || box.kind === "maps")) {
      const by = (event.key === "ArrowDown" ? 1 : -1) * (event.shiftKey ? 10 : 1);
      const n = data.layers[i].values.length;
      pointAt(i, ((unit < 0 ? (by > 0 ? 0 : n - 1) : unit + by) + n) % n);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Chooses the layer that the Tab key reaches. */
  function choose(i) {
    chosen = i;
    buttons.forEach((button, k) => { button.tabIndex = k === i ? 0 : -1; });
  }

  /** Shows a tooltip at the unit under the pointer; null hides it. */
  function showTooltip(lines) {
    tip.hidden = !lines || unit < 0;
    if (tip.hidden) return;
    clear(tip, lines.map((line, i) => h(i ? "span" : "b", {}, line)));
    const cell = unitBox(plan.boxes[chosen], unit);
    const left = Math.min(Math.max(4, cell.x + cell.w + 8), Math.max(4, el.clientWidth - 190));
    tip.style.left = `${left}px`;
    tip.style.top = `${cell.y + cell.h + 6}px`;
  }

  const follow = () => { if (data && (plan?.width !== el.clientWidth || text !== textScale(el))) layOut(); };
  const watch = new ResizeObserver(follow);
  watch.observe(el);
  addEventListener("resize", follow);
  return {
    el, show, choose, showTooltip,
    pulse(t) { time = t; draw(); },
    /** Draws the error on its way back through `reached` layers; strengths (0 to 1) of each layer, null for none. */
    flowBack(reached, strengths) { back = strengths && { reached, strengths }; draw(); },
    redraw: fill,
    focus() { buttons[chosen]?.focus({ preventScroll: true }); },
    destroy() { watch.disconnect(); removeEventListener("resize", follow); },
  };
}

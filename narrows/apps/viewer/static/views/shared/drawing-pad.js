/** A pad to draw on, of the run's own size: by pointer, or by arrows and Space. */

import { rgb } from "../../core/colour.js";
import { slider } from "../../core/controls.js";
import { h } from "../../core/dom.js";
import { number } from "../../core/format.js";
import { drawPicture } from "../../core/picture.js";

const KEYS = "Arrows move, Space paints, Backspace erases.";

/**
 * @param {{run: ImageRun, background?: number, label: string, extra?: Node|null, onChange: (values: Float32Array, touched: Uint8Array) => void}} options `touched`: 1 for each pixel's float that was drawn on
 */
export function drawingPad({ run, background = 0, label, extra = null, onChange }) {
  const [high, wide, channels = 1] = run.shape;
  let values = new Float32Array(high * wide * channels).fill(background);
  let touched = new Uint8Array(values.length);
  let [x, y, size] = [Math.floor(wide / 2), Math.floor(high / 2), Math.max(1, Math.round(wide / 14))];
  /** @type {number[]|null} */
  let last = null;
  /** @type {number[]} */
  let ink = Array.from({ length: channels }, () => background > 0.5 ? 0 : 1);
  const canvas = h("canvas", { class: "pad-canvas", tabindex: 0, role: "application",
    "aria-label": `${label}, ${wide} by ${high} pixels. ${KEYS}`, on: { keydown: keys, pointerdown: down, pointermove: move, pointerup: up, pointercancel: up } });
  const cursor = h("div", { class: "pad-cursor", "aria-hidden": "true" });
  const brush = slider({ label: "Brush", min: 1, max: Math.max(3, Math.round(wide / 5)), step: 1, value: size, format: (v) => `${v} px`,
    onInput: (v) => { size = v; place(); } });
  const shade = channels < 3
    ? slider({ label: "Ink", min: 0, max: 1, step: 0.05, value: ink[0], format: (v) => number(v, 2), onInput: (v) => { ink = Array.from({ length: channels }, () => v); } }).el
    : h("label", { class: "field" }, h("span", {}, "Ink"), h("input", { type: "color", value: background > 0.5 ? "#000000" : "#ffffff",
      on: { input: (event) => { ink = inkOf(event.target.value, channels); } } }));
  const el = h("div", { class: "pad" },
    h("div", { class: "pad-frame", style: { "aspect-ratio": `${wide} / ${high}` } }, canvas, cursor),
    h("div", { class: "pad-tools" }, brush.el, shade,
      h("div", { class: "row" }, h("button", { type: "button", class: "button", dataset: { act: "clear" }, on: { click: () => { fillBackground(); changed(); } } }, "Clear"), extra),
      h("p", { class: "note" }, `Draw with a pointer. With the keyboard: ${KEYS}`)));

  function changed() {
    drawPicture(canvas, values, run);
    onChange(values, touched);
  }

  function fillBackground() {
    values.fill(background);
    touched.fill(1);
  }

  function stamp(cx, cy, colour) {
    const radius = size / 2;
    for (let r = Math.max(0, Math.floor(cy - radius)); r <= Math.min(high - 1, Math.ceil(cy + radius)); r++) {
      for (let c = Math.max(0, Math.floor(cx - radius)); c <= Math.min(wide - 1, Math.ceil(cx + radius)); c++) {
        const cover = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(c - cx, r - cy)));
        if (!cover) continue;
        for (let k = 0; k < channels; k++) {
          const at = (r * wide + c) * channels + k;
          values[at] = values[at] * (1 - cover) + colour[k] * cover;
          touched[at] = 1;
        }
      }
    }
  }

  function stroke(to) {
    const from = last || to;
    const steps = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) * 2));
    for (let i = 0; i <= steps; i++) stamp(from[0] + ((to[0] - from[0]) * i) / steps, from[1] + ((to[1] - from[1]) * i) / steps, ink);
    last = to;
    [x, y] = to.map(Math.round);
    place();
    changed();
  }

  function pixel(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * wide - 0.5, ((event.clientY - box.top) / box.height) * high - 0.5];
  }

  function down(event) {
    canvas.setPointerCapture(event.pointerId);
    last = null;
    stroke(pixel(event));
  }

  function move(event) {
    if (canvas.hasPointerCapture(event.pointerId)) stroke(pixel(event));
  }

  function up() {
    last = null;
  }

  function keys(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) {
      const far = event.shiftKey ? Math.max(2, Math.round(wide / 8)) : 1;
      x = Math.max(0, Math.min(wide - 1, x + way[0] * far));
      y = Math.max(0, Math.min(high - 1, y + way[1] * far));
      place();
    } else if (event.key === " " || event.key === "Backspace" || event.key === "Delete") {
      stamp(x, y, event.key === " " ? ink : Array.from({ length: channels }, () => background));
      changed();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function place() {
    const span = Math.max(1, size);
    Object.assign(cursor.style, { left: `${((x + 0.5 - span / 2) / wide) * 100}%`, top: `${((y + 0.5 - span / 2) / high) * 100}%`,
      width: `${(span / wide) * 100}%`, height: `${(span / high) * 100}%` });
  }

  place();
  drawPicture(canvas, values, run);
  return {
    el,
    clear() { fillBackground(); changed(); },
    /** Takes over a picture (floats in 0..1, or bytes); nothing of it counts as drawn on. */
    set(next) {
      const unit = next instanceof Uint8Array ? 1 / 255 : 1;
      values = Float32Array.from(next, (v) => v * unit);
      touched = new Uint8Array(values.length);
      drawPicture(canvas, values, run);
    },
    values: () => values,
  };
}

/** A colour for each channel: a fourth alone covers, and more are as bright as the colour. */
function inkOf(colour, channels) {
  const ink = rgb(colour).map((v) => v / 255);
  const more = channels === 4 ? 1 : (ink[0] + ink[1] + ink[2]) / 3;
  return Array.from({ length: channels }, (_, k) => ink[k] ?? more);
}

/** The median value at the border of the images, used to fill a cleared pad. */
export function backgroundOf(originals, run) {
  const [high, wide, channels = 1] = run.shape;
  const border = [];
  const size = high * wide * channels;
  for (let at = 0; at < originals.length; at += size) {
    for (let c = 0; c < wide; c++) border.push(originals[at + c * channels], originals[at + ((high - 1) * wide + c) * channels]);
  }
  border.sort((a, b) => a - b);
  const middle = border[border.length >> 1] ?? 0;
  return originals instanceof Uint8Array ? middle / 255 : middle;
}

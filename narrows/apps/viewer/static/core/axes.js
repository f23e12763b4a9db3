/** Scales, ticks and the frame of a chart. */

import { textScale } from "./colour.js";
import { svg } from "./dom.js";

/** About n round numbers between low and high. */
export function ticksOf(low, high, n = 5) {
  if (!(high > low)) return [low];
  const raw = (high - low) / n;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((m) => m * power >= raw) || 10);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** Powers of ten, with 2 and 5 between where there are few. */
export function logTicks(low, high) {
  const ticks = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
    for (const m of high / low > 300 ? [1] : [1, 2, 5]) if (m * 10 ** e >= low && m * 10 ** e <= high) ticks.push(Number((m * 10 ** e).toPrecision(3)));
  }
  return ticks.length > 1 ? ticks : ticksOf(low, high, 3);
}

/** The shortest text of a tick. */
export function tickText(v) {
  const size = Math.abs(v);
  const text = size >= 1e5 || (size !== 0 && size < 1e-3) ? v.toExponential(0).replace("e+", "e") : String(Number(v.toPrecision(6)));
  return text.replace("-", "−");
}

/** @typedef {{at: (v: number) => number, value: (p: number) => number}} Scale */
/** @typedef {{left: number, right: number, top: number, bottom: number}} PlotBox */

/** value -> pixel and back. */
export function scaleOf(low, high, from, to, log = false) {
  const f = log ? Math.log : (v) => v;
  const [a, b] = [f(low), f(high)];
  const span = b - a || 1;
  return {
    at: (v) => from + (f(v) - a) / span * (to - from),
    value: (p) => { const v = a + (p - from) / (to - from) * span; return log ? Math.exp(v) : v; },
  };
}

/**
 * Lines, ticks and labels around a plot.
 * @returns {SVGGElement}
 */
export function frame({ x, y, xTicks, yTicks, box, xLabel, yLabel, xText = tickText, yText = tickText }) {
  const { left, right, top, bottom } = box;
  const g = svg("g", { class: "axes" });
  for (const v of yTicks) {
    g.append(svg("line", { class: "gridline", x1: left, x2: right, y1: y.at(v), y2: y.at(v) }),
      svg("text", { x: left - 8, y: y.at(v) + 4, "text-anchor": "end" }, yText(v)));
  }
  for (const v of xTicks) {
    g.append(svg("line", { class: "tick", x1: x.at(v), x2: x.at(v), y1: bottom, y2: bottom + 4 }),
      svg("text", { x: x.at(v), y: bottom + 18, "text-anchor": "middle" }, xText(v)));
  }
  g.append(svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }));
  if (xLabel) g.append(svg("text", { class: "axis-label", x: (left + right) / 2, y: bottom + 36, "text-anchor": "middle" }, xLabel));
  if (yLabel) g.append(svg("text", { class: "axis-label", x: 4, y: top - 14 }, yLabel));
  return g;
}

/**
 * A chart that follows the width of its element: `paint(root, width, height, options)` draws into an emptied <svg>. It is
 * enlarged as a whole where text is, so that words and lines keep their proportions.
 */
export function chartIn(el, options, paint) {
  let current = { ...options };
  const root = svg("svg", { class: "chart" });
  el.append(root);
  let [measured, scale] = [0, 1];
  const draw = () => {
    measured = el.clientWidth;
    scale = textScale(el);
    const width = Math.max(200, Math.round((measured || 480) / scale));
    const height = current.height || Math.round(Math.max(180, Math.min(320, width * 0.5)));
    root.setAttribute("viewBox", `0 0 ${width} ${height}`);
    root.setAttribute("width", width * scale);
    root.setAttribute("height", height * scale);
    root.setAttribute("role", current.onCursor || current.onThreshold ? "group" : "img");
    root.setAttribute("aria-label", current.label || [current.yLabel, current.xLabel].filter(Boolean).join(" against "));
    paint(root, width, height, current);
  };
  const follow = () => { if (Math.abs(el.clientWidth - measured) > 1 || textScale(el) !== scale) draw(); };
  const observer = new ResizeObserver(follow);
  observer.observe(el);
  addEventListener("resize", follow);
  draw();
  return { el: root, update(more) { current = { ...current, ...more }; draw(); }, destroy() { observer.disconnect(); removeEventListener("resize", follow); root.remove(); } };
}

/**
 * A vertical line to drag or to move with the arrow keys; `onMove(value, how)`.
 * @param {SVGSVGElement} root
 * @param {{label: string, value: number, min: number, max: number, step: number, x: Scale, box: PlotBox, text?: (v: number) => string, name?: string, onMove: (value: number, how: string) => void}} how
 */
export function dragLine(root, { label, value, min, max, step, x, box, text = tickText, name = "handle", onMove }) {
  let current = value;
  const clamp = (v) => Math.max(min, Math.min(max, v));
  const line = svg("line", { class: "drag-line", y1: box.top, y2: box.bottom });
  const knob = svg("circle", { class: "drag-knob", cy: box.top, r: 5 });
  const g = svg("g", { class: `drag ${name}`, tabindex: 0, role: "slider", "aria-label": label, "aria-valuemin": min, "aria-valuemax": max },
    svg("line", { class: "drag-reach", y1: box.top - 6, y2: box.bottom }), line, knob);
  function place(v) {
    current = v;
    for (const part of g.querySelectorAll("line")) { part.setAttribute("x1", x.at(v)); part.setAttribute("x2", x.at(v)); }
    knob.setAttribute("cx", x.at(v));
    g.setAttribute("aria-valuenow", v);
    g.setAttribute("aria-valuetext", text(v));
  }
  place(clamp(value));
  const fromPointer = (event) => {
    const area = root.getBoundingClientRect();
    return clamp(x.value((event.clientX - area.left) * root.viewBox.baseVal.width / area.width));
  };
  const keys = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
  g.addEventListener("keydown", (event) => {
    /** @type {number|null} */
    let v = null;
    if (event.key in keys) v = current + keys[event.key] * (event.shiftKey ? 10 : 1) * step;
    else if (event.key === "Home") v = min;
    else if (event.key === "End") v = max;
    if (v === null) return;
    event.preventDefault();
    event.stopPropagation();
    onMove(clamp(v), "key");
  });
  return { el: g, place, fromPointer };
}

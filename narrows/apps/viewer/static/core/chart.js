/** Four charts in SVG: lines, histogram, curve, bars. Colours come from the theme; interactive charts also work with the keyboard. */

import { chartIn, dragLine, frame, logTicks, scaleOf, ticksOf, tickText } from "./axes.js";
import { clear, svg } from "./dom.js";
import { number } from "./format.js";

/** @typedef {{fromPointer: (event: PointerEvent) => number, onMove: (value: number, how: string) => void}} Handle */

/** Keeps keyboard focus on a handle across redraws, and drags going. */
function withHandle(makeChart) {
  /** @type {Handle|null} */
  let drag = null;
  /** @type {Handle|null} */
  let handle = null;
  const chart = makeChart((made) => { handle = made; });
  const root = chart.el;
  root.addEventListener("pointerdown", (event) => {
    if (!handle || event.button > 0) return;
    drag = handle;
    root.setPointerCapture(event.pointerId);
    root.querySelector(".drag")?.focus({ preventScroll: true });
    handle.onMove(handle.fromPointer(event), "drag");
    event.preventDefault();
  });
  root.addEventListener("pointermove", (event) => { if (drag && handle) handle.onMove(handle.fromPointer(event), "drag"); });
  const stop = () => { drag = null; };
  root.addEventListener("pointerup", stop);
  root.addEventListener("pointercancel", stop);
  return chart;
}

/** Redraws while the focus stays on the handle it was on. */
function repaint(root, draw) {
  const had = root.contains(document.activeElement) && document.activeElement?.classList.contains("drag");
  clear(root);
  draw();
  if (had) root.querySelector(".drag")?.focus({ preventScroll: true });
}

/**
 * Lines over x. `series`: {name, x, y, colour, width, dashed}; `cursor`: the x of a vertical line; `onCursor(x, how)` makes it movable.
 * @param {Element} el
 */
export function lineChart(el, options) {
  return withHandle((keep) => chartIn(el, options, (root, width, height, o) => repaint(root, () => {
    keep(null);
    const box = { left: 52, right: width - 16, top: width < 460 && o.series.filter((s) => s.name).length > 1 ? 50 : 30, bottom: height - (o.xLabel ? 44 : 26) };
    const points = o.series.flatMap((s) => Array.from(s.y)).filter((v) => Number.isFinite(v) && (!o.log || v > 0));
    const xs = o.series.flatMap((s) => (s.x.length ? [s.x[0], s.x[s.x.length - 1]] : []));
    if (!points.length) return root.append(svg("text", { class: "chart-empty", x: width / 2, y: height / 2, "text-anchor": "middle" }, o.empty || "No numbers yet"));
    const [x0, x1] = o.xRange || [Math.min(...xs), Math.max(...xs)];
    let [y0, y1] = [points.reduce((a, b) => Math.min(a, b)), points.reduce((a, b) => Math.max(a, b))];
    if (o.log) { y0 /= 1.08; y1 *= 1.08; } else { const pad = (y1 - y0) * 0.08 || Math.abs(y1) * 0.1 || 1; y1 += pad; y0 = y0 >= 0 && y0 - pad < 0 ? 0 : y0 - pad; }
    if (o.zero) y0 = Math.min(0, y0);
    const x = scaleOf(x0, x1 > x0 ? x1 : x0 + 1, box.left, box.right);
    const y = scaleOf(y0, y1, box.bottom, box.top, o.log);
    const whole = ticksOf(x0, x1 > x0 ? x1 : x0 + 1, Math.max(2, Math.floor(width / 90))).filter((v) => !o.whole || Number.isInteger(v));
    root.append(frame({ x, y, box, xTicks: whole, yTicks: o.log ? logTicks(y0, y1) : ticksOf(y0, y1, 4), xLabel: o.xLabel, yLabel: width < 560 ? o.yLabel?.split(" (")[0] : o.yLabel }));
    for (const s of o.series) {
      let d = "";
      let pen = "M";
      for (let i = 0; i < s.x.length; i++) {
        if (!Number.isFinite(s.y[i]) || (o.log && s.y[i] <= 0)) { pen = "M"; continue; }
        d += `${pen}${x.at(s.x[i]).toFixed(1)} ${y.at(s.y[i]).toFixed(1)}`;
        pen = "L";
      }
      root.append(svg("path", { class: "series", d, fill: "none", stroke: s.colour || "var(--accent)", "stroke-width": s.width || 1.5,
        "stroke-dasharray": s.dashed ? "5 4" : null, "stroke-linejoin": "round", "stroke-linecap": "round", "data-name": s.name, "data-points": s.x.length }));
      if (s.x.length === 1 && d) root.append(svg("circle", { cx: x.at(s.x[0]), cy: y.at(s.y[0]), r: 2.5, fill: s.colour || "var(--accent)" }));
    }
    root.append(legend(o.series.filter((s) => s.name), width - 16));
    if (o.cursor !== null && o.cursor !== undefined) {
      const at = Math.max(x0, Math.min(x1, o.cursor));
      const line = dragLine(root, { label: o.cursorLabel || `position on ${o.xLabel || "the line"}`, value: at, min: x0, max: x1, step: o.step || 1, x, box, name: "cursor",
        text: (v) => `${o.xLabel || "x"} ${tickText(Math.round(v))}`, onMove: (v, how) => o.onCursor?.(v, how) });
      root.append(line.el);
      for (const s of o.series) {
        const i = nearestIndex(s.x, at);
        if (i >= 0 && Number.isFinite(s.y[i]) && (!o.log || s.y[i] > 0) && Math.abs(s.x[i] - at) < 1) {
          root.append(svg("circle", { class: "mark", cx: x.at(s.x[i]), cy: y.at(s.y[i]), r: 3.5, fill: s.colour || "var(--accent)" }));
        }
      }
      if (o.onCursor) keep({ fromPointer: line.fromPointer, onMove: (v, how) => o.onCursor(v, how) });
    }
  })));
}

function nearestIndex(xs, at) {
  let best = -1;
  for (let i = 0; i < xs.length; i++) if (best < 0 || Math.abs(xs[i] - at) < Math.abs(xs[best] - at)) best = i;
  return best;
}

/** Names with a stroke each, right-aligned above the plot. */
function legend(series, right) {
  const g = svg("g", { class: "chart-legend" });
  let x = right;
  for (const s of [...series].reverse()) {
    const width = s.name.length * 6.6 + 30;
    x -= width;
    g.append(svg("line", { x1: x, x2: x + 16, y1: 12, y2: 12, stroke: s.colour || "var(--accent)", "stroke-width": Math.max(2, s.width || 1.5), "stroke-dasharray": s.dashed ? "5 4" : null }),
      svg("text", { x: x + 22, y: 16 }, s.name));
  }
  return g;
}

/**
 * Counts per bin. `edges` (n + 1), `series`: {name, counts, filled, colour}; `threshold` and `onThreshold(value, how)`: a line to drag;
 * `open`: the last bin includes all larger values.
 */
export function histogram(el, options) {
  return withHandle((keep) => chartIn(el, options, (root, width, height, o) => repaint(root, () => {
    keep(null);
    const box = { left: 46, right: width - 14, top: 34, bottom: height - (o.xLabel ? 44 : 26) };
    const edges = Array.from(o.edges || []);
    if (edges.length < 2) return root.append(svg("text", { class: "chart-empty", x: width / 2, y: height / 2, "text-anchor": "middle" }, o.empty || "No numbers yet"));
    const [low, high] = [edges[0], edges[edges.length - 1]];
    const most = Math.max(1, ...o.series.flatMap((s) => Array.from(s.counts)));
    const x = scaleOf(low, high, box.left, box.right);
    const y = scaleOf(0, most * 1.05, box.bottom, box.top);
    const xTicks = ticksOf(low, high, Math.max(2, Math.floor(width / 110)));
    root.append(frame({ x, y, box, xTicks, yTicks: ticksOf(0, most, 3).filter(Number.isInteger), xLabel: o.xLabel, yLabel: o.yLabel || "rows",
      xText: (v) => (o.open && v === xTicks.at(-1) ? `≥ ${tickText(v)}` : tickText(v)) }));
    for (const s of o.series) {
      const g = svg("g", { class: "bins", "data-name": s.name });
      for (let i = 0; i + 1 < edges.length; i++) {
        const [a, b] = [x.at(edges[i]), x.at(edges[i + 1])];
        const past = o.threshold !== undefined && o.threshold !== null && (edges[i] + edges[i + 1]) / 2 > o.threshold;
        g.append(svg("rect", { class: `${s.filled ? "filled" : "outlined"}${past ? " past" : ""}`, x: a + 0.75, width: Math.max(0.5, b - a - 1.5), y: y.at(s.counts[i]),
          height: Math.max(0, box.bottom - y.at(s.counts[i])), fill: s.filled ? s.colour || "var(--accent)" : "none", stroke: s.filled ? "none" : s.colour || "var(--bad)",
          "stroke-width": s.filled ? 0 : 1.6, "data-count": s.counts[i] }));
      }
      root.append(g);
    }
    root.append(legend(o.series.filter((s) => s.name), width - 14));
    if (o.threshold === undefined || o.threshold === null) return;
    const at = Math.max(low, Math.min(high, o.threshold));
    const line = dragLine(root, { label: o.thresholdLabel || "threshold", value: at, min: low, max: high, step: o.step || (high - low) / 200, x, box, name: "threshold",
      text: (v) => number(v, 3), onMove: (v, how) => o.onThreshold?.(v, how) });
    const side = x.at(at) > (box.left + box.right) / 2;
    root.append(line.el, svg("text", { class: "drag-label", x: x.at(at) + (side ? -10 : 10), y: box.top + 4, "text-anchor": side ? "end" : "start" }, `${o.thresholdLabel || "threshold"} ${number(o.threshold, 3)}`));
    if (o.onThreshold) keep({ fromPointer: line.fromPointer, onMove: (v, how) => o.onThreshold(v, how) });
  })));
}

/** A curve in the unit square (a ROC) with an operating point [x, y]; `diagonal` draws chance. */
export function curve(el, options) {
  return chartIn(el, options, (root, width, height, o) => {
    clear(root);
    const side = Math.max(120, Math.min(width - 62, height - 74));
    const box = { left: 46, right: 46 + side, top: 30, bottom: 30 + side };
    const x = scaleOf(0, 1, box.left, box.right);
    const y = scaleOf(0, 1, box.bottom, box.top);
    root.append(frame({ x, y, box, xTicks: [0, 0.5, 1], yTicks: [0, 0.5, 1], xLabel: o.xLabel, yLabel: o.yLabel }));
    if (o.diagonal) root.append(svg("line", { class: "diagonal", x1: x.at(0), y1: y.at(0), x2: x.at(1), y2: y.at(1) }));
    const d = Array.from(o.x, (v, i) => `${i ? "L" : "M"}${x.at(v).toFixed(1)} ${y.at(o.y[i]).toFixed(1)}`).join("");
    root.append(svg("path", { class: "series", d, fill: "none", stroke: o.colour || "var(--accent)", "stroke-width": 2 }));
    if (o.point) root.append(svg("circle", { class: "mark", cx: x.at(o.point[0]), cy: y.at(o.point[1]), r: 5.5, fill: "var(--ink)" }));
    if (o.note) root.append(svg("text", { class: "chart-note", x: box.right - 6, y: box.bottom - 12, "text-anchor": "end" }, o.note));
  });
}

/** Horizontal bars with names; `second`: a thin mark for the expected value of each bar. */
export function bars(el, options) {
  return chartIn(el, { ...options, height: options.height || 28 * options.names.length + 30 }, (root, width, _height, o) => {
    clear(root);
    const wide = Math.min(width * 0.4, 8 + 7 * Math.max(...o.names.map((n) => Math.min(n.length, 24)), 1));
    const all = [...o.values, ...(o.second || [])].filter(Number.isFinite);
    const [low, high] = [Math.min(0, ...all), Math.max(1e-12, ...all)];
    const x = scaleOf(low, high, wide, width - 64);
    o.names.forEach((name, i) => {
      const top = 10 + 28 * i;
      const [a, b] = [x.at(Math.min(0, o.values[i])), x.at(Math.max(0, o.values[i]))];
      const words = name.length > 24 ? `${name.slice(0, 23)}…` : name;
      root.append(svg("text", { class: "bar-name", x: wide - 10, y: top + 14, "text-anchor": "end" }, words, svg("title", {}, name)),
        svg("rect", { class: "bar", x: a, y: top + 2, width: Math.max(1, b - a), height: 16, rx: 2, fill: o.colour || "var(--accent)" }),
        svg("text", { class: "bar-value", x: b + 8, y: top + 14 }, o.text ? o.text(o.values[i], i) : number(o.values[i], 3)));
      if (o.second && Number.isFinite(o.second[i])) root.append(svg("line", { class: "bar-second", x1: x.at(o.second[i]), x2: x.at(o.second[i]), y1: top - 2, y2: top + 22 }));
    });
    root.append(svg("line", { class: "axis", x1: x.at(0), x2: x.at(0), y1: 6, y2: 12 + 28 * o.names.length }));
  });
}

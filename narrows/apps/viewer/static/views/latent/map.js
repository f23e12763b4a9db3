/** The map of the codes: points, class names at their medians, decoded grid, a movable probe, and two pins joined by a line. */

import { rgb, textScale, themedPalette, theme } from "../../core/colour.js";
import { clear, h, svg } from "../../core/dom.js";
import { perFrame } from "../../core/timing.js";
import { drawDecodedGrid } from "./decoded-grid.js";
import { drawDensity } from "./density.js";
import { PointRaster } from "./point-raster.js";
import { drawThumbnails } from "./thumbnails.js";

const TWEEN = 300;
/** Milliseconds after a move of the pointer in which points jump: their motion would hold up the decoded picture. */
const POINTED = 500;

/**
 * What is drawn on the map besides the points.
 * @typedef {Object} MapMarks
 * @property {[number, number]|null} probe
 * @property {boolean} far whether no row lies near the probe
 * @property {number} ring the row with a ring, -1 none
 * @property {[number, number]|null} prior the centre of a standard normal in the plane
 * @property {[number, number]|null} a
 * @property {[number, number]|null} b
 * @property {DecodedGrid|null} grid
 * @property {boolean} showTiles
 * @property {boolean} showDensity
 * @property {any} sheet
 * @property {Array<{cls: number, x: number, y: number, name: string}>} labels
 * @property {string[]} classes
 */

/** @param {{label: string, reduced: boolean, onProbe: (x: number, y: number, how: string) => void, onPin?: (which: "a"|"b", x: number, y: number) => void}} how */
export function createMap({ label, reduced, onProbe, onPin }) {
  const tiles = h("canvas", { class: "map-layer", width: 1, height: 1, "aria-hidden": "true" });
  const points = h("canvas", { class: "map-layer map-points", "aria-hidden": "true" });
  const thumbnails = h("canvas", { class: "map-layer map-thumbnails", "aria-hidden": "true" });
  const marks = svg("svg", { class: "map-layer map-marks", "aria-hidden": "true" });
  const el = h("div", { class: "map", tabindex: 0, role: "application", "aria-label": label }, tiles, points, thumbnails, marks);
  const raster = new PointRaster(points);
  /** @type {MapMarks} */
  const now = { probe: null, far: false, ring: -1, prior: null, a: null, b: null, grid: null, showTiles: false, showDensity: false, sheet: null, labels: [], classes: [] };
  let turning = 0;
  let pointed = -Infinity;
  /** Whether the points have to be drawn again, and how large text is since they were. */
  let [isStale, text] = [true, 1];

  /** Draws what follows the pointer: the probe, the ring, and the names, which make room for the pins. */
  const mark = perFrame(() => {
    if (isStale) drawPoints();
    drawThumbnails(thumbnails, raster, now.sheet, now.ring, now.labels);
    drawMarks();
  });

  function draw() {
    isStale = true;
    mark();
  }

  function drawPoints() {
    isStale = false;
    text = textScale(el); // after the marks have changed it would cost a new layout
    raster.colours = themedPalette();
    raster.ground = rgb(theme.dark ? "#141820" : "#fbfcfe");
    drawDecodedGrid(tiles, raster, now.showTiles ? now.grid : null);
    if (now.showDensity) drawDensity(tiles, raster, rgb(theme.dark ? "#6cb2ff" : "#0b5cad"));
    raster.draw();
  }

  const observer = new ResizeObserver(() => { if (raster.resize()) { raster.fit(raster.moved); draw(); } });
  observer.observe(el);
  el.addEventListener("pointermove", () => { pointed = performance.now(); });

  function drawMarks() {
    marks.setAttribute("viewBox", `0 0 ${raster.width} ${raster.height}`);
    clear(marks);
    const at = (p) => raster.toPixel(p[0], p[1]);
    if (now.prior) {
      const [cx, cy] = at(now.prior);
      for (const radius of [1, 2]) marks.append(svg("circle", { class: "prior", cx, cy, r: radius * raster.view.scale }));
      marks.append(svg("text", { class: "prior-name", x: cx, y: cy - 2 * raster.view.scale - 5, "text-anchor": "middle" }, "prior"));
    }
    if (now.a && now.b) {
      const [[x1, y1], [x2, y2]] = [at(now.a), at(now.b)];
      marks.append(svg("line", { class: "way-back", x1, y1, x2, y2 }), svg("line", { class: "way", x1, y1, x2, y2 }));
    }
    /** @type {Array<[number, number, number]>} left end, right end and height of the names drawn so far */
    const placed = [];
    for (const { cls, x, y, name } of now.labels) {
      if (raster.hidden.has(cls) || (raster.isolated !== null && raster.isolated !== cls)) continue;
      const [px, py] = raster.toPixel(x, y);
      // A class name moves up to make room for a pin.
      const pinned = [now.a, now.b].some((p) => p && Math.hypot(at(p)[0] - px, at(p)[1] - py) < 16);
      let low = py + (pinned ? -15 : 5) * text;
      const half = 5.5 * text * name.length;
      const isFree = () => placed.every(([left, right, height]) => px + half < left || px - half > right || Math.abs(height - low) >= 15 * text);
      for (let tries = 0; tries < 4 && !isFree(); tries++) low += 15 * text;
      placed.push([px - half, px + half, low]);
      marks.append(svg("text", { class: "class-name", x: px, y: low, "text-anchor": "middle", "data-class": cls }, name));
    }
    if (now.ring >= 0 && now.ring < raster.n) {
      const [px, py] = raster.toPixel(raster.xy[2 * now.ring], raster.xy[2 * now.ring + 1]);
      if (now.probe) {
        const [qx, qy] = at(now.probe);
        marks.append(svg("line", { class: "tether", x1: px, y1: py, x2: qx, y2: qy }));
      }
      if (!now.sheet) marks.append(svg("circle", { class: "ring", cx: px, cy: py, r: raster.radius + 4 }));
    }
    if (now.probe) {
      const [px, py] = at(now.probe);
      marks.append(svg("g", { class: `probe${now.far ? " is-far" : ""}` },
        svg("circle", { class: "probe-back", cx: px, cy: py, r: 9 }), svg("circle", { class: "probe-ring", cx: px, cy: py, r: 9 }), svg("circle", { class: "probe-dot", cx: px, cy: py, r: 1.8 })));
    }
    for (const [name, p] of [["A", now.a], ["B", now.b]]) {
      if (!p) continue;
      const [px, py] = at(p);
      marks.append(svg("circle", { class: "pin", cx: px, cy: py, r: 11 }), svg("text", { class: "pin-name", x: px, y: py + 4.5, "text-anchor": "middle" }, name));
    }
  }

  function placeLabels() {
    now.labels = medians(raster.xy, raster.slotClass, now.classes);
  }

  /**
   * @param {Float32Array} xy
   * @param {Int32Array} labels class of each, -1 none
   * @param {number[]} slots class -> colour
   */
  function setPoints(xy, labels, classes, slots) {
    cancelAnimationFrame(turning);
    raster.setClasses(labels);
    now.classes = classes;
    raster.setPoints(xy, Array.from(labels, (c) => (c < 0 ? 255 : slots[c])));
    placeLabels();
    el.dataset.points = raster.n;
    draw();
  }

  /** Animates the same rows to new positions; the view follows unless the user moved it. */
  function moveTo(xy) {
    cancelAnimationFrame(turning);
    const start = Float32Array.from(raster.xy);
    const from = { ...raster.view };
    raster.xy = xy;
    raster.fit(true);
    const to = raster.moved ? from : { ...raster.home };
    const begun = performance.now();
    const frame = () => {
      const jumps = reduced || performance.now() - pointed < POINTED;
      const t = jumps ? 1 : Math.min(1, (performance.now() - begun) / TWEEN);
      const soft = t * t * (3 - 2 * t);
      raster.tween(start, xy, soft);
      if (!raster.moved) for (const key of ["x", "y", "scale"]) raster.view[key] = from[key] + (to[key] - from[key]) * soft;
      if (t >= 1) placeLabels();
      draw();
      if (t < 1) turning = requestAnimationFrame(frame);
    };
    frame();
  }

  const mouse = steer(el, raster, { draw, onProbe, onPin, probe: () => now.probe, pins: () => ({ a: now.a, b: now.b }) });
  return {
    el, raster, now, draw, mark, setPoints, moveTo,
    zoom: mouse.zoom,
    reset() { raster.reset(); draw(); },
    destroy() { cancelAnimationFrame(turning); observer.disconnect(); },
  };
}

/** Pointer, wheel, pinch and keys. */
function steer(el, raster, { draw, onProbe, onPin, probe, pins }) {
  const down = new Map();
  /** @type {"a"|"b"|null} the pin that is dragged */
  let dragged = null;
  let moved = 0;
  let pinch = 0;
  const local = (event) => {
    const box = el.getBoundingClientRect();
    return [event.clientX - box.left - el.clientLeft, event.clientY - box.top - el.clientTop];
  };
  /** @param {number[]} place */
  const pinAt = ([px, py]) => /** @type {Array<"a"|"b">} */ (["b", "a"]).find((which) => {
    const place = pins()[which];
    if (!place) return false;
    const [x, y] = raster.toPixel(place[0], place[1]);
    return Math.hypot(x - px, y - py) < 13;
  }) ?? null;
  const zoom = (factor, px = raster.width / 2, py = raster.height / 2) => { raster.zoomAt(px, py, factor); draw(); };

  el.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    down.set(event.pointerId, local(event));
    moved = 0;
    dragged = onPin ? pinAt(local(event)) : null;
    el.setPointerCapture(event.pointerId);
  });
  el.addEventListener("pointermove", (event) => {
    const [px, py] = local(event);
    const before = down.get(event.pointerId);
    if (before && dragged) {
      moved = 99;
      return onPin(dragged, ...raster.toData(px, py));
    }
    if (before && down.size === 2) {
      down.set(event.pointerId, [px, py]);
      const [[ax, ay], [bx, by]] = [...down.values()];
      const wide = Math.hypot(ax - bx, ay - by);
      if (pinch) zoom(wide / pinch, (ax + bx) / 2, (ay + by) / 2);
      pinch = wide;
      moved = 99;
      return;
    }
    if (before && event.pointerType === "mouse") {
      moved += Math.hypot(px - before[0], py - before[1]);
      if (moved > 4) {
        raster.pan(px - before[0], py - before[1]);
        el.classList.add("is-panning");
        draw();
      }
      down.set(event.pointerId, [px, py]);
      if (moved > 4) return;
    }
    onProbe(...raster.toData(px, py), before ? "drag" : "pointer");
  });
  const up = (event) => {
    const held = down.delete(event.pointerId);
    pinch = 0;
    el.classList.remove("is-panning");
    if (!held || event.type === "pointercancel" || moved > 4) return;
    const [x, y] = raster.toData(...local(event));
    onProbe(x, y, "click");
  };
  el.addEventListener("pointerup", up);
  el.addEventListener("pointercancel", up);
  el.addEventListener("wheel", (event) => {
    // Without Ctrl the wheel scrolls the page, unless the map was clicked.
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== el && !el.matches(":focus")) return;
    event.preventDefault();
    zoom(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) * 0.0035), ...local(event));
  }, { passive: false });
  el.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const step = (event.shiftKey ? 60 : 6) / raster.view.scale;
    const [x, y] = probe() || [raster.view.x, raster.view.y];
    const [dx, dy] = moves[event.key];
    onProbe(x + dx * step, y + dy * step, "key");
  });
  return { zoom };
}

/** [{cls, x, y, name}]: the median of each class's points. */
function medians(xy, labels, classes) {
  if (!classes.length || classes.length > 30) return [];
  const members = classes.map(() => [[], []]);
  for (let i = 0; i < labels.length; i++) if (labels[i] >= 0) { members[labels[i]][0].push(xy[2 * i]); members[labels[i]][1].push(xy[2 * i + 1]); }
  return members.flatMap(([xs, ys], cls) => {
    if (!xs.length) return [];
    const [x, y] = [xs, ys].map((v) => Float32Array.from(v).sort()[v.length >> 1]);
    return [{ cls, x, y, name: String(classes[cls]) }];
  });
}

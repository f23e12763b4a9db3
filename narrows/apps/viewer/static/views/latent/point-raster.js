/** A map of points drawn in software: up to 70,000 discs into one ImageData, faster than WebGL where there is no GPU. */

import { PALETTE, rgb } from "../../core/colour.js";
import { context2d } from "../../core/dom.js";

const GRID = 96;

export class PointRaster {
  /** @param {HTMLCanvasElement} canvas sized by CSS; `resize` follows it `view` is {x, y, scale}: the data at the middle of the canvas, and CSS pixels per unit. */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = context2d(canvas, { willReadFrequently: true });
    /** @type {Float32Array} */
    this.xy = new Float32Array(0);
    this.slot = new Uint8Array(0);
    this.colours = PALETTE.map(rgb);
    this.ground = [255, 255, 255];
    this.hidden = new Set();
    this.isolated = null;
    this.pointSize = 0;
    this.view = { x: 0, y: 0, scale: 1 };
    this.home = { x: 0, y: 0, scale: 1 };
    /** A circle that the view of all points shows too.
     * @type {{x: number, y: number, radius: number}|null} */
    this.cover = null;
    this.moved = false;
    this.grid = null;
    this.ratio = 1;
    this.width = this.height = 0;
    this.image = new ImageData(1, 1);
    this.words = new Uint32Array(1);
    /** @type {ArrayLike<number>} */
    this.slotClass = [];
    this.resize();
  }

  /**
   * Takes the canvas's CSS size and the screen's pixel ratio (at most 2).
   * @returns {boolean} whether anything changed
   */
  resize() {
    this.ratio = Math.min(2, globalThis.devicePixelRatio || 1);
    this.width = this.canvas.clientWidth || 400;
    this.height = this.canvas.clientHeight || 400;
    const [w, h] = [Math.round(this.width * this.ratio), Math.round(this.height * this.ratio)];
    if (this.image.width === w && this.image.height === h) return false;
    this.canvas.width = w;
    this.canvas.height = h;
    this.image = this.context.createImageData(w, h);
    this.words = new Uint32Array(this.image.data.buffer);
    return true;
  }

  /**
   * @param {Float32Array} xy 2m coordinates
   * @param {ArrayLike<number>} slot colour of each, 255 none
   * @param {boolean} [keepView]
   */
  setPoints(xy, slot, keepView = false) {
    this.xy = xy;
    this.slot = Uint8Array.from(slot, (v) => (v < 0 ? 255 : v));
    this.grid = null;
    this.fit(keepView || this.moved);
  }

  get n() {
    return this.xy.length >> 1;
  }

  /** Moves points a fraction t of their way from `start` to `goal` (both 2m). */
  tween(start, goal, t) {
    if (t >= 1) this.xy = goal;
    else {
      if (!this.between || this.between.length !== goal.length) this.between = new Float32Array(goal.length);
      const now = this.between;
      for (let i = 0; i < goal.length; i++) now[i] = start[i] + (goal[i] - start[i]) * t;
      this.xy = now;
    }
    this.grid = null;
  }

  /**
   * Chooses the view that shows all points but the farthest 0.1 %.
   * @param {boolean} keepView only remembers it for `reset`
   */
  fit(keepView = false) {
    const bounds = boundsOf(this.xy);
    if (!bounds) return;
    let [x0, x1, y0, y1] = bounds;
    if (this.cover) {
      const { x, y, radius } = this.cover;
      [x0, x1, y0, y1] = [Math.min(x0, x - radius), Math.max(x1, x + radius), Math.min(y0, y - radius), Math.max(y1, y + radius)];
    }
    const scale = 0.92 * Math.min(this.width / Math.max(x1 - x0, 1e-9), this.height / Math.max(y1 - y0, 1e-9));
    this.home = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale };
    if (!keepView) this.view = { ...this.home };
  }

  reset() {
    this.view = { ...this.home };
    this.moved = false;
  }

  /** Zooms by `factor` around the pixel (px, py). */
  zoomAt(px, py, factor) {
    const [x, y] = this.toData(px, py);
    this.view.scale = Math.max(this.home.scale / 4, Math.min(this.home.scale * 400, this.view.scale * factor));
    this.view.x = x - (px - this.width / 2) / this.view.scale;
    this.view.y = y + (py - this.height / 2) / this.view.scale;
    this.moved = true;
  }

  /** Shifts the picture by so many CSS pixels. */
  pan(dx, dy) {
    this.view.x -= dx / this.view.scale;
    this.view.y += dy / this.view.scale;
    this.moved = true;
  }

  /**
   * CSS pixels -> data; y points up.
   * @returns {[number, number]}
   */
  toData(px, py) {
    return [this.view.x + (px - this.width / 2) / this.view.scale, this.view.y - (py - this.height / 2) / this.view.scale];
  }

  /**
   * Data -> CSS pixels.
   * @returns {[number, number]}
   */
  toPixel(x, y) {
    return [this.width / 2 + (x - this.view.x) * this.view.scale, this.height / 2 - (y - this.view.y) * this.view.scale];
  }

  isShown(i) {
    return !this.hidden.has(this.slotClass[i]);
  }

  /**
   * Which class row i belongs to, where classes are more than colours.
   * @param {ArrayLike<number>} classes
   */
  setClasses(classes) {
    this.slotClass = classes;
  }

  /** Radius in CSS pixels: chosen by the number of points unless `pointSize` says one. */
  get radius() {
    const grown = Math.min(2.5, Math.sqrt(Math.max(1, this.view.scale / this.home.scale)) ** 0.7);
    return this.pointSize || (this.n <= 600 ? 4 : this.n <= 3000 ? 3 : this.n <= 20000 ? 2 : 1.25) * grown;
  }

  draw() {
    this.words.fill(0);
    const only = this.isolated;
    if (only !== null) this.stamp((c) => c !== only, 0.16);
    this.stamp(only === null ? () => true : (c) => c === only, 1);
    this.context.putImageData(this.image, 0, 0);
  }

  stamp(accepts, strength) {
    const { words, xy, slot, ratio } = this;
    const [w, hgt] = [this.image.width, this.image.height];
    const brush = discOf(this.radius * ratio);
    const reach = brush.reach;
    const classes = this.slotClass;
    const tints = this.colours.concat(Array.from({ length: 256 - this.colours.length }, () => [113, 117, 129])).map(([r, g, b]) =>
      [this.ground[0] + (r - this.ground[0]) * strength, this.ground[1] + (g - this.ground[1]) * strength, this.ground[2] + (b - this.ground[2]) * strength]);
    const full = tints.map(([r, g, b]) => (255 << 24 | b << 16 | g << 8 | r) >>> 0);
    const allowed = new Map();
    const scale = this.view.scale * ratio;
    const [ox, oy] = [w / 2 - this.view.x * scale, hgt / 2 + this.view.y * scale];
    for (let i = 0, m = this.n; i < m; i++) {
      const px = Math.round(ox + xy[2 * i] * scale);
      const py = Math.round(oy - xy[2 * i + 1] * scale);
      if (px < reach || py < reach || px >= w - reach || py >= hgt - reach) continue;
      const cls = classes[i];
      let ok = allowed.get(cls);
      if (ok === undefined) allowed.set(cls, (ok = !this.hidden.has(cls) && accepts(cls)));
      if (!ok) continue;
      const word = full[slot[i]];
      const at = py * w + px;
      for (const [row, from, to] of brush.rows) words.fill(word, at + row * w + from, at + row * w + to);
      const tint = tints[slot[i]];
      for (const [dx, dy, cover] of brush.rim) {
        const k = at + dy * w + dx;
        words[k] = over(words[k], tint, cover);
      }
    }
  }

  /** The visible point nearest to the CSS pixel within `reach` pixels, or -1. */
  hit(px, py, reach = Math.max(8, this.radius + 4)) {
    const [x, y] = this.toData(px, py);
    return this.nearest(x, y, reach / this.view.scale);
  }

  /** The point nearest to (x, y) but row i, hidden or not. */
  nearestExcept(i, x, y) {
    return this.search(x, y, Infinity, (other) => other !== i);
  }

  /** The shown point nearest to (x, y) in data units, or -1. */
  nearest(x, y, most = Infinity) {
    return this.search(x, y, most, (i) => this.isShown(i));
  }

  search(x, y, most, accepts) {
    if (!this.n) return -1;
    const grid = (this.grid ||= gridOf(this.xy));
    const [cx, cy] = [grid.column(x), grid.row(y)];
    let best = -1;
    let least = most * most;
    for (let ring = 0; ring < GRID; ring++) {
      // A point in this ring is at least so far away.
      const gap = (ring - 1) * grid.cell;
      if (ring > 1 && gap * gap > least) break;
      grid.ring(cx, cy, ring, (i) => {
        const d = (this.xy[2 * i] - x) ** 2 + (this.xy[2 * i + 1] - y) ** 2;
        if (d <= least && accepts(i)) { least = d; best = i; }
      });
    }
    return best;
  }
}

/** Colour `tint` over a word of ABGR at coverage `cover`. */
function over(word, tint, cover) {
  const alpha = word >>> 24;
  if (!alpha) return ((cover * 255) << 24 | tint[2] << 16 | tint[1] << 8 | tint[0]) >>> 0;
  const keep = 1 - cover;
  return (Math.max(alpha, cover * 255) << 24 | ((word >>> 16 & 255) * keep + tint[2] * cover) << 16
    | ((word >>> 8 & 255) * keep + tint[1] * cover) << 8 | ((word & 255) * keep + tint[0] * cover)) >>> 0;
}

/** A disc as full runs per row, and rim pixels with how much of them it covers. */
function discOf(radius) {
  const reach = Math.ceil(radius + 0.5);
  const rows = [];
  const rim = [];
  for (let dy = -reach; dy <= reach; dy++) {
    let [from, to] = [1, 0];
    for (let dx = -reach; dx <= reach; dx++) {
      const cover = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(dx, dy)));
      if (cover >= 1) { if (from > to) from = dx; to = dx + 1; } else if (cover > 0.05) rim.push([dx, dy, cover]);
    }
    if (to > from && from <= to) rows.push([dy, from, to]);
  }
  return { reach, rows, rim };
}

/** [x0, x1, y0, y1] of all points but the farthest 0.1 % of each side, a little widened. */
export function boundsOf(xy) {
  const m = xy.length >> 1;
  if (!m) return null;
  const sides = [0, 1].map((axis) => {
    const values = Float32Array.from({ length: m }, (_, i) => xy[2 * i + axis]).filter(Number.isFinite).sort();
    if (!values.length) return [-1, 1];
    const cut = Math.floor(values.length * 0.001);
    const [low, high] = [values[cut], values[values.length - 1 - cut]];
    const pad = high > low ? 0.04 * (high - low) : 1;
    return [low - pad, high + pad];
  });
  return [...sides[0], ...sides[1]];
}

/** Buckets of points on a square grid. */
function gridOf(xy) {
  const [x0, x1, y0, y1] = boundsOf(xy) || [0, 1, 0, 1];
  const cell = Math.max(x1 - x0, y1 - y0, 1e-12) / GRID;
  const clamp = (v) => Math.max(0, Math.min(GRID - 1, Math.floor(v)));
  const column = (x) => clamp((x - x0) / cell);
  const row = (y) => clamp((y - y0) / cell);
  const m = xy.length >> 1;
  const start = new Int32Array(GRID * GRID + 1);
  const bucket = new Int32Array(m);
  for (let i = 0; i < m; i++) start[1 + (bucket[i] = row(xy[2 * i + 1]) * GRID + column(xy[2 * i]))]++;
  for (let c = 0; c < GRID * GRID; c++) start[c + 1] += start[c];
  const fill = start.slice(0, -1);
  const items = new Int32Array(m);
  for (let i = 0; i < m; i++) items[fill[bucket[i]]++] = i;
  function ring(cx, cy, r, f) {
    for (let gy = cy - r; gy <= cy + r; gy++) {
      if (gy < 0 || gy >= GRID) continue;
      const whole = Math.abs(gy - cy) === r;
      for (let gx = cx - r; gx <= cx + r; gx += whole ? 1 : Math.max(1, 2 * r)) {
        if (gx < 0 || gx >= GRID) continue;
        const c = gy * GRID + gx;
        for (let k = start[c]; k < start[c + 1]; k++) f(items[k]);
      }
    }
  }
  return { cell, column, row, ring };
}

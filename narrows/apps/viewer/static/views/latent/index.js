/** View 2: the map of the codes, and the decoded row at the probe. */

import { classSlots } from "../../core/colour.js";
import { clear, h } from "../../core/dom.js";
import { onKey } from "../../core/keyboard.js";
import { drawPicture, rowOf } from "../../core/picture.js";
import { debounce } from "../../core/timing.js";
import { sampleNoun } from "../shared/text.js";
import { mountClusterOffer } from "./clusters.js";
import { mapCaption, mapSentence, neighbourSentence, probeText } from "./captions.js";
import { mountCodeSliders } from "./code-sliders.js";
import { codeSpace, nearDistance, jittered } from "./code-space.js";
import { mountDecodedGrid } from "./decoded-grid.js";
import { createDecoding } from "./decoding.js";
import { mountSamples } from "./generated-samples.js";
import { mountInterpolation } from "./interpolation.js";
import { mountLegend } from "./legend.js";
import { mountMapControls } from "./map-controls.js";
import { createMap } from "./map.js";
import { mountProbe } from "./probe.js";
import { thumbnailSource } from "./thumbnails.js";

export const title = "Latent space";

/**
 * @param {HTMLElement} el
 * @param {MountedLab} lab
 * @returns {View}
 */
export function mount(el, lab) {
  const run = lab.run;
  const { store } = lab;
  const unsubscribe = [];
  /** @type {ReturnType<typeof codeSpace>} */
  let space;
  /** @type {Answer} */
  let codes;
  let [nearLimit, nearest] = [Infinity, -1];
  /** @type {Float32Array|null} */
  let z = null;
  /** @type {{a: Float32Array|null, b: Float32Array|null}} */
  let pins = { a: null, b: null };
  /** @type {ReturnType<typeof mountCodeSliders>|null} */
  let sliders = null;
  let [loading, destroyed] = [false, false];
  /** Until the user moves them, the probe and the pins follow the classes during training. */
  const userMoved = { probe: false, pins: false };
  /** Whether a click holds the probe; else it follows the pointer. */
  let held = false;

  const caption = h("p", { class: "caption", dataset: { sentence: "true" } });
  const map = createMap({ label: "Map of the codes. Arrows move the probe, Shift faster; plus and minus zoom, 0 shows all.", reduced: lab.reduced, onProbe: probeAt, onPin: pin });
  const pca = createMap({ label: `PCA's map of the same ${sampleNoun(run)}s`, reduced: lab.reduced, onProbe: (x, y) => pickRow(pca.raster.nearest(x, y)) });
  const pcaFigure = h("figure", { class: "figure map-figure", hidden: true }, pca.el, h("figcaption", {}, h("b", {}, "PCA"), " · the best linear projection, for comparison"));
  const mapNote = h("figcaption", {});
  const neighbourNote = h("p", { class: "note", dataset: { neighbours: "" }, hidden: true });
  const heldNote = h("p", { class: "note", dataset: { held: "" } });
  const clusters = mountClusterOffer(lab, run);
  const legend = mountLegend({ onHidden: hide, onIsolate: isolate });
  const panel = mountProbe(lab, run);
  const path = mountInterpolation(lab, run, { onStep: (code) => moveToCode(code, "walk"), onPin: pinHere, onClear: () => { userMoved.pins = true; pins = { a: null, b: null }; placePins(); } });
  const samples = run.can_sample ? mountSamples(lab, run, (canvas, array, i) => drawPicture(canvas, rowOf(array, i), run)) : null;
  const sliderBox = h("div", { hidden: true });
  const grid = mountDecodedGrid({ lab, run, map, el, isDestroyed: () => destroyed });
  const decodeCode = createDecoding({ lab, run, map, panel, grid, el, isDestroyed: () => destroyed, isFlat: () => !space.isOff });
  const decodeNow = () => { if (z) decodeCode(z, codes.epoch); };
  const thumbnails = run.shape ? thumbnailSource({ lab, run: /** @type {ImageRun} */ (run), redraw: () => { if (!destroyed) { map.draw(); pca.draw(); } } }) : null;
  const controls = mountMapControls(el, store, { onOverlay: showOverlay, onPca: showPca, onThumbnails: thumbnails && showThumbnails, onZoom: map.zoom, onReset: resetView,
    onDots: (v) => { for (const one of [map, pca]) { one.raster.pointSize = v; one.draw(); } } });

  clear(el, h("div", { class: "head" }, h("h2", {}, `Latent space: each dot is one ${sampleNoun(run)}`), caption),
    h("div", { class: "panel grid wide-left latent" },
      h("div", { class: "stack" },
        controls.el,
        h("div", { class: "maps" }, h("figure", { class: "figure map-figure" }, map.el, mapNote, neighbourNote, heldNote), pcaFigure),
        clusters.el,
        legend.el),
      h("div", { class: "stack side" }, panel.el, path.el, sliderBox, samples?.el)),
    h("details", { class: "more" }, h("summary", {}, "How to read this"),
      h("p", {}, `The encoder turns each ${sampleNoun(run)} into a code of a few numbers; the map shows each ${sampleNoun(run)} at its code. Similar ones lie near each other, although training does not use the classes. `,
        `The decoder makes an output for any point of the map, also far from all training ${sampleNoun(run)}s. There it extrapolates: the probe is dashed and a warning appears. `,
        "The PCA map is the best linear projection to two numbers.")));
  el.dataset.variant = run.variant;
  setHeld(false);

  unsubscribe.push(controls.destroy, onKey("Escape", () => held && setHeld(false), "let the probe follow the pointer", el), onKey("a", () => pinHere("a"), "pin A at the probe", el), onKey("b", () => pinHere("b"), "pin B at the probe", el));

  const positionsOf = (xy) => (space?.k === 1 || codes?.about.n_components === 1 ? jittered(xy, codes.arrays.position) : xy);

  async function load() {
    loading = true;
    try {
      codes = await lab.query("codes", { run: run.id, most: 70000 });
    } catch (error) {
      if (!error.dropped) clear(caption, error.message, error.hint ? ` ${error.hint}` : "");
      return;
    } finally {
      loading = false;
    }
    if (destroyed) return;
    const { arrays, about } = codes;
    space = codeSpace(/** @type {any} */ (arrays));
    const classes = about.classes || [];
    const counts = classes.map(() => 0);
    for (const cls of arrays.label) if (cls >= 0) counts[cls]++;
    const slots = classSlots(counts);
    const hidden = store.get("hide", []).map(Number).filter((cls) => cls < classes.length);
    for (const one of [map, pca]) one.raster.hidden = new Set(hidden);
    placePrior();
    map.setPoints(positionsOf(arrays.xy), arrays.label, classes, slots);
    if (arrays.pca) pca.setPoints(arrays.pca, arrays.label, classes, slots);
    thumbnails?.place(arrays.position);
    controls.dots.set(map.raster.radius);
    legend.set(classes, counts, slots, hidden);
    nearLimit = nearDistance(map.raster);
    if (space.k > 2 && lab.can.live) {
      sliders = mountCodeSliders(space, { onCode: (code) => moveToCode(code, "slider"), onReset: () => { space.straighten(); moveToCode(Float32Array.from(space.mean), "slider"); } });
      clear(sliderBox, sliders.el);
      sliderBox.hidden = false;
    }
    restore();
    showPca();
    showOverlay().then(() => { if (!lab.can.live && z && !destroyed) decodeNow(); });
    el.dataset.points = String(map.raster.n);
    markReady(codes.epoch);
    clusters.refresh();
    measureNeighbours();
  }

  /** The prior of a variational run, a standard normal, in the plane of the map. */
  function placePrior() {
    if (!run.can_sample || space.k < 2) return;
    const [x, y] = space.project(new Float32Array(space.k));
    map.now.prior = [x, y];
    map.raster.cover = { x, y, radius: 2 };
  }

  /** Says how well the code separates the classes, unless the network is still in training. */
  async function measureNeighbours() {
    if ((codes.about.classes?.length ?? 0) < 2 || ["running", "preparing", "pausing"].includes(lab.run?.state)) return;
    try {
      const { about } = await lab.query("code_neighbours", { run: run.id });
      if (destroyed) return;
      neighbourNote.textContent = neighbourSentence(/** @type {any} */ (about), run);
      neighbourNote.hidden = !neighbourNote.textContent;
      el.dataset.neighbours = String(about.accuracy ?? "");
    } catch {
      neighbourNote.hidden = true; // an older report has no such answer
    }
  }

  /** Restores the probe and the pins from the address. */
  function restore() {
    const fromAddress = store.get("z", []).map(Number);
    const fits = (list) => list.length === space.k && list.every(Number.isFinite);
    for (const which of ["a", "b"]) {
      const stored = store.get(which, []).map(Number);
      pins[which] = fits(stored) ? Float32Array.from(stored) : null;
      userMoved.pins ||= store.get(which) !== null;
    }
    placePins();
    if (fits(fromAddress)) { userMoved.probe = true; moveToCode(Float32Array.from(fromAddress), "address"); }
    placeDefaults();
  }

  /** Default places: the probe and A at the first class, B at the class farthest away. */
  function placeDefaults() {
    const { labels } = map.now;
    const from = labels[0] || (map.raster.n ? { x: map.raster.xy[0], y: map.raster.xy[1] } : null);
    if (!from) return;
    if (!userMoved.probe) probeAt(from.x, from.y, "start");
    if (userMoved.pins) return;
    const gap = (p) => Math.hypot(p.x - from.x, p.y - from.y);
    const other = labels.reduce((best, p) => (gap(p) > gap(best) ? p : best), from);
    const far = other === from ? { x: map.raster.xy[map.raster.n & ~1], y: map.raster.xy[map.raster.n | 1] } : other;
    pins = { a: space.lift(from.x, from.y), b: space.lift(far.x ?? from.x, far.y ?? from.y) };
    placePins();
  }

  function markReady(epoch) {
    el.dataset.epoch = epoch;
    el.dataset.ready = "true";
    updateCaption();
  }

  function probeAt(x, y, how) {
    if (!space || (how === "pointer" && held)) return;
    if (how === "click" || how === "key") setHeld(true);
    setProbe(space.lift(x, y), x, y, how);
  }

  function setHeld(on) {
    held = on;
    el.dataset.held = String(on);
    heldNote.textContent = on ? "The probe is held. Click elsewhere to move it; Esc lets it follow the pointer." : "The probe follows the pointer; a click holds it.";
  }

  /** Moves the probe to a code off the map: the plane is shifted through it. */
  function moveToCode(code, how) {
    const [x, y] = space.through(code);
    setProbe(code, x, y, how);
  }

  function pickRow(i) {
    if (i < 0) return;
    probeAt(map.raster.xy[2 * i], map.raster.xy[2 * i + 1], "pca");
  }

  const storeProbe = debounce(() => { if (!destroyed && z) store.set("z", Array.from(z, (v) => Number(v.toPrecision(6)))); }, 400);
  const announceProbe = debounce(() => { if (!destroyed && z) lab.announce(probeText(z, labelOf(nearest), map.now.far)); }, 600);

  function setProbe(code, x, y, how) {
    z = code;
    const { raster } = map;
    nearest = raster.nearest(x, y);
    const gap = nearest < 0 ? Infinity : Math.hypot(raster.xy[2 * nearest] - x, raster.xy[2 * nearest + 1] - y);
    const far = gap > nearLimit;
    Object.assign(map.now, { probe: [x, y], far, ring: nearest });
    decodeNow(); // first: the picture is what the pointer waits for
    pca.now.ring = nearest;
    el.dataset.z = Array.from(code).join(",");
    el.dataset.far = String(far);
    panel.showCode(code);
    panel.warn(far);
    panel.showRow(nearest < 0 ? -1 : codes.arrays.position[nearest], nearest < 0 ? -1 : codes.arrays.label[nearest], gap);
    el.dataset.row = nearest < 0 ? "" : codes.arrays.position[nearest];
    sliders?.set(z);
    map.mark();
    if (!pcaFigure.hidden) pca.mark();
    if (how !== "walk" && how !== "start") { userMoved.probe = true; storeProbe(); announceProbe(); }
    updateCaption();
  }

  function pin(which, x, y) {
    if (!space) return;
    if (!userMoved.pins) pins = { a: null, b: null };
    userMoved.pins = true;
    pins[which] = space.lift(x, y);
    lab.announce(`${which.toUpperCase()} is pinned.`);
    placePins();
  }

  function pinHere(which) {
    if (map.now.probe) pin(which, ...map.now.probe);
  }

  function placePins() {
    for (const which of ["a", "b"]) {
      map.now[which] = pins[which] && space.project(pins[which]);
      if (userMoved.pins) store.set(which, pins[which] ? Array.from(pins[which], (v) => Number(v.toPrecision(6))) : "none");
    }
    map.draw();
    path.set(pins.a, pins.b);
  }

  function hide(hidden) {
    store.set("hide", hidden.size ? [...hidden] : null);
    for (const one of [map, pca]) { one.raster.hidden = new Set(hidden); one.draw(); }
    el.dataset.hidden = [...hidden].join(",");
    if (map.now.probe) setProbe(z, ...map.now.probe, "filter");
  }

  function isolate(cls) {
    for (const one of [map, pca]) { one.raster.isolated = cls; one.draw(); }
    el.dataset.isolated = cls ?? "";
  }

  function showOverlay() {
    map.now.showDensity = store.get("overlay") === "density";
    el.classList.toggle("has-density", map.now.showDensity);
    return grid.refresh();
  }

  function resetView() { map.reset(); pca.reset(); }

  function showPca() {
    const on = store.get("pca", false) && Boolean(codes?.arrays.pca);
    pcaFigure.hidden = !on;
    controls.showPca(on);
    el.classList.toggle("with-pca", on);
    el.dataset.pca = String(on);
    showThumbnails();
  }

  function showThumbnails() {
    const on = store.get("thumbnails", false) && Boolean(thumbnails && codes);
    map.now.sheet = on ? thumbnails : null;
    pca.now.sheet = pcaFigure.hidden ? null : map.now.sheet;
    el.classList.toggle("has-thumbnails", on);
    el.dataset.thumbnails = String(on);
    if (codes) clear(mapNote, mapCaption({ k: space.k, kept: codes.about.kept, n: map.raster.n, noun: sampleNoun(run), hasPictures: on, hasPrior: Boolean(run.can_sample) }));
    map.draw();
    pca.draw();
  }

  const labelOf = (i) => (i >= 0 && codes?.arrays.label[i] >= 0 ? codes.about.classes[codes.arrays.label[i]] : null);

  function updateCaption() {
    const words = mapSentence({ run: lab.state?.runs.find((one) => one.id === run.id) || run, about: codes?.about, n: map.raster.n, label: labelOf(nearest), far: map.now.far, hasProbe: Boolean(map.now.probe) });
    if (caption.textContent !== words) caption.textContent = words;
  }

  unsubscribe.push(lab.on("codes", (push) => {
    if (push.run !== run.id || !codes || push.arrays.xy.length !== codes.arrays.xy.length) return;
    neighbourNote.hidden = push.epoch !== codes.epoch || !neighbourNote.textContent; // it was measured on other codes
    codes.arrays.xy = push.arrays.xy;
    if (push.arrays.axes) space.turn(push.arrays.origin, push.arrays.axes);
    placePrior();
    map.moveTo(positionsOf(push.arrays.xy));
    nearLimit = nearDistance(map.raster);
    if (z && map.now.probe) {
      map.now.probe = space.project(z);
      for (const which of ["a", "b"]) map.now[which] = pins[which] && space.project(pins[which]);
      setProbe(z, ...map.now.probe, "walk");
      if (!userMoved.probe || !userMoved.pins) placeDefaults();
    }
    markReady(push.epoch);
  }));

  let lastRefresh = 0;
  function refreshAll(force) {
    if (!codes || (!force && performance.now() - lastRefresh < 900)) return;
    lastRefresh = performance.now();
    if (map.now.grid) grid.refresh();
    path.refresh();
    samples?.draw();
  }

  let lastState = run.state;
  unsubscribe.push(lab.on("epoch", (message) => {
    if (message.run !== run.id) return;
    if (!codes && !loading) load();
    if (z) decodeNow();
    refreshAll(false);
    updateCaption();
  }));
  unsubscribe.push(lab.on("theme", () => { if (map.now.grid) map.now.grid.tiles = null; map.draw(); pca.draw(); panel.redraw(); if (z) decodeNow(); }));
  unsubscribe.push(lab.on("connection", (state) => { if (state === "open") load(); }));

  updateCaption();
  clusters.refresh();
  load();
  return {
    update() {
      const now = lab.run?.state;
      if (!codes && !loading) load();
      // When training pauses or ends, the view is updated to the final weights.
      if (now !== lastState && codes && ["paused", "done", "stopped", "diverged"].includes(now)) { lastState = now; load().then(() => refreshAll(true)); }
      lastState = now;
      clusters.refresh();
      updateCaption();
    },
    destroy() { destroyed = true; for (const f of unsubscribe) f(); map.destroy(); pca.destroy(); path.destroy(); },
  };
}

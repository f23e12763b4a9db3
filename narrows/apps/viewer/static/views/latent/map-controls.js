/** The controls above the map: background, thumbnails, PCA, zoom, point size. */

import { segmented, slider } from "../../core/controls.js";
import { h } from "../../core/dom.js";
import { fixed } from "../../core/format.js";
import { icon } from "../../core/icons.js";
import { onKey } from "../../core/keyboard.js";

/**
 * @param {HTMLElement} within where the keys work
 * @param {Store} store
 * @param {{onOverlay: () => void, onPca: () => void, onThumbnails: (() => void)|null, onZoom: (factor: number) => void, onReset: () => void, onDots: (radius: number) => void}} how
 */
export function mountMapControls(within, store, { onOverlay, onPca, onThumbnails, onZoom, onReset, onDots }) {
  const overlay = segmented({ label: "Background of the map", value: store.get("overlay", "none"), choices: [["none", "Points"], ["tiles", "Decoded grid"], ["density", "Density"]], onChoose: (v) => choose(v) });
  const toggle = (key, words, f) => h("button", { type: "button", class: "button small", dataset: { action: key }, "aria-pressed": String(store.get(key, false)), on: { click: () => toggleKey(key, f) } }, words);
  const pcaToggle = toggle("pca", "Compare with PCA", () => onPca());
  const thumbnails = onThumbnails && toggle("thumbnails", "Thumbnails", () => toggleThumbnails());
  const zoomButton = (name, iconName, words, f) => h("button", { type: "button", class: "button small square", "aria-label": words, title: words, dataset: { zoom: name }, on: { click: f } }, icon(iconName));
  const dots = slider({ label: "Point size", min: 1, max: 8, step: 0.5, value: 3, format: (v) => fixed(v, 1), onInput: onDots, attrs: { "data-control": "dots" } });
  const el = h("div", { class: "controls" }, overlay.el, thumbnails, pcaToggle,
    h("div", { class: "row zooms", role: "group", "aria-label": "Zoom" }, zoomButton("in", "plus", "Zoom in ( + )", () => onZoom(1.5)), zoomButton("out", "minus", "Zoom out ( − )", () => onZoom(1 / 1.5)), zoomButton("fit", "reset", "Show all ( 0 )", onReset)), dots.el);

  function toggleKey(key, f) {
    store.set(key, store.get(key, false) ? null : true);
    f();
  }

  function toggleThumbnails() {
    thumbnails.setAttribute("aria-pressed", String(store.get("thumbnails", false)));
    onThumbnails?.();
  }

  function choose(v) {
    store.set("overlay", v === "none" ? null : v);
    overlay.set(v);
    onOverlay();
  }

  const keys = [onKey("+", () => onZoom(1.5), "zoom in", within), onKey("=", () => onZoom(1.5), "", within), onKey("-", () => onZoom(1 / 1.5), "zoom out", within), onKey("0", onReset, "show the whole map", within),
    onKey("g", () => choose(store.get("overlay") === "tiles" ? "none" : "tiles"), "show or hide the decoded grid", within),
    ...(thumbnails ? [onKey("t", () => toggleKey("thumbnails", toggleThumbnails), "show or hide thumbnails", within)] : [])];
  return { el, dots, showPca: (on) => pcaToggle.setAttribute("aria-pressed", String(on)), destroy: () => { for (const f of keys) f(); } };
}

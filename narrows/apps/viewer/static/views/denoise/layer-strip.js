/** The layers of a network small and in a row: how one input's activations look on the way. */

import { clear, h } from "../../core/dom.js";
import { drawPicture } from "../../core/picture.js";
import { paintLayer } from "../shared/layer-painting.js";
import { countOf } from "../shared/text.js";

/**  */
export function layerStrip() {
  const el = h("ol", { class: "layer-strip" });
  return {
    el,
    show(data) {
      const end = (words, values) => {
        const canvas = h("canvas", { role: "img", "aria-label": words });
        return { canvas, values, el: h("li", { class: "is-end" }, canvas, h("span", {}, words)) };
      };
      const ends = [end("noisy", data.input), end("denoised", data.output)];
      clear(el, ends[0].el, data.layers.slice(1, -1).map((layer) => {
        const picture = paintLayer(boxOf(layer), layer.values);
        picture.className = "layer-picture";
        picture.setAttribute("role", "img");
        picture.setAttribute("aria-label", `${layer.title}, ${countOf(layer.units, "unit")}`);
        return h("li", { class: layer.part === "code" ? "is-code" : "" }, picture, h("span", {}, layer.part === "code" ? `code ${layer.units}` : String(layer.units)));
      }), ends[1].el);
      for (const { canvas, values } of ends) drawPicture(canvas, values, data.run);
    },
  };
}

/**
 * A nearly square field of cells, or of feature maps.
 * @returns {PaintedBox}
 */
function boxOf(layer) {
  const [n, high, wide] = layer.arrayShape;
  if (layer.arrayShape.length === 3 && high * wide > 1) {
    const columns = Math.ceil(Math.sqrt(n));
    return { kind: "maps", columns, lines: Math.ceil(n / columns), high, wide, vertical: false };
  }
  const cells = layer.values.length;
  const columns = cells <= 4 ? 1 : Math.ceil(Math.sqrt(cells / 2));
  return { kind: "cells", columns, lines: Math.ceil(cells / columns), high: 1, wide: 1, vertical: false };
}

/** An image comparison slider: two pictures on top of each other, split by a movable line. */

import { h } from "../../core/dom.js";
import { drawPicture } from "../../core/picture.js";

/** @param {{left: string, right: string}} labels of the left and right picture */
export function comparisonSlider({ left, right }) {
  const under = h("canvas", { role: "img", "aria-label": right });
  const over = h("canvas", { class: "wipe-over", role: "img", "aria-label": left });
  const line = h("div", { class: "wipe-line", "aria-hidden": "true" });
  const range = h("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": `Compare ${left} and ${right}`, on: { input: place } });
  const frame = h("div", { class: "wipe-frame", on: { pointerdown: startDrag, pointermove: (event) => { if (frame.hasPointerCapture(event.pointerId)) moveTo(event); } } },
    under, over, line);
  const el = h("figure", { class: "figure wipe" }, frame, range, h("figcaption", {}, `${left} | ${right}`));

  function place() {
    const share = Number(range.value);
    frame.style.setProperty("--wipe", `${share}%`);
    el.dataset.wipe = range.value;
    range.setAttribute("aria-valuetext", `${share} % ${left}`);
  }

  function startDrag(event) {
    frame.setPointerCapture(event.pointerId);
    moveTo(event);
  }

  function moveTo(event) {
    const box = frame.getBoundingClientRect();
    range.value = Math.round((100 * (event.clientX - box.left)) / box.width);
    place();
  }

  place();
  return {
    el,
    show(a, b, run) {
      frame.style.setProperty("--ratio", run.shape ? `${run.shape[1]} / ${run.shape[0]}` : "5 / 3");
      drawPicture(over, a, run);
      drawPicture(under, b, run);
    },
  };
}

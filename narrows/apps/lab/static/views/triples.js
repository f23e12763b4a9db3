/** clean | noisy | denoised | difference: one sample large, six small. */

import { clear, h } from "../core/dom.js";
import { drawPicture, rowOf } from "../core/picture.js";
import { decibels } from "./words.js";
import { wipePicture } from "./wipe.js";

const FULL = { image: 0.5, table: 1.5 }; // the difference drawn in full colour, the same for all pictures

function difference(a, b) {
  const unit = a instanceof Uint8Array ? 1 / 255 : 1;
  return Float32Array.from(a, (v, i) => (v - b[i]) * unit);
}

/** The chosen sample: a wipe between clean and noisy, what one or two runs make of it, and what is left of the error. */
export function largeTriple() {
  const wipe = wipePicture({ left: "clean", right: "noisy" });
  const cards = { noisy: card("noisy"), denoised: card("denoised"), other: card("other"), difference: card("difference") };
  const el = h("div", { class: "large-triple" }, wipe.el, cards.noisy.el, cards.denoised.el, cards.other.el, cards.difference.el);

  function card(role) {
    const canvas = h("canvas", { role: "img", "aria-label": role, dataset: { role } });
    const [name, value] = [h("span", {}), h("b", {})];
    return { canvas, name, value, el: h("figure", { class: "figure" }, canvas, h("figcaption", {}, name, " ", value)) };
  }

  function fill({ canvas, name, value }, values, run, words, note, options) {
    name.textContent = words;
    value.textContent = note;
    canvas.setAttribute("aria-label", `${words} ${note}`);
    drawPicture(canvas, values, run, options);
  }

  return {
    el,
    show({ run, clean, noisy, denoised, before, after, other }) {
      wipe.show(clean, noisy, run);
      cards.other.el.hidden = !other;
      fill(cards.noisy, noisy, run, "noisy", decibels(before));
      fill(cards.denoised, denoised, run, other ? run.variant : "denoised", decibels(after));
      if (other) fill(cards.other, other.denoised, run, other.run.variant, decibels(other.after));
      fill(cards.difference, difference(denoised, clean), run, other ? `what ${run.variant} leaves` : "what is left", "", { mode: "signed", scale: run.shape ? FULL.image : FULL.table });
    },
  };
}

/** Six samples; a click makes one of them the large one. @param {{onChoose: (i: number) => void}} calls */
export function smallTriples({ onChoose }) {
  const el = h("div", { class: "small-triples", role: "group", "aria-label": "Samples" });
  let cards = [];

  function build(n) {
    cards = Array.from({ length: n }, (_, i) => {
      const canvases = ["clean", "noisy", "denoised", "difference"].map((role) => h("canvas", { dataset: { role }, title: role }));
      const note = h("span", { class: "note" });
      const button = h("button", { type: "button", class: "triple", dataset: { row: i }, "aria-pressed": "false", on: { click: () => onChoose(i) } },
        h("span", { class: "triple-pictures" }, canvases), note);
      return { button, canvases, note };
    });
    clear(el, cards.map((one) => one.button));
  }

  return {
    el,
    show(run, answer, chosen) {
      const n = answer.arrays.clean.shape[0];
      if (cards.length !== n) build(n);
      cards.forEach(({ button, canvases, note }, i) => {
        const [clean, noisy, denoised] = ["clean", "noisy", "denoised"].map((name) => rowOf(answer.arrays[name], i));
        [clean, noisy, denoised].forEach((values, k) => drawPicture(canvases[k], values, run));
        drawPicture(canvases[3], difference(denoised, clean), run, { mode: "signed", scale: run.shape ? FULL.image : FULL.table });
        const words = `${decibels(answer.about.psnr_noisy_rows[i])} → ${decibels(answer.about.psnr_denoised_rows[i])}`;
        note.textContent = words;
        button.setAttribute("aria-label", `Sample ${i + 1}: PSNR ${words}`);
        button.setAttribute("aria-pressed", String(i === chosen));
      });
    },
  };
}

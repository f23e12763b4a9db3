/** Clean, noisy and denoised pictures and the remaining error: one large sample, six small; with those of a second run. */

import { clear, h } from "../../core/dom.js";
import { drawPicture, rowOf } from "../../core/picture.js";
import { cellTable } from "../shared/cell-table.js";
import { decibels, comparedNames } from "../shared/text.js";
import { comparisonSlider } from "./comparison-slider.js";

const FULL = { image: 0.5, table: 1.5 }; // the difference drawn in full colour, the same for all pictures

function difference(a, b) {
  const unit = a instanceof Uint8Array ? 1 / 255 : 1;
  return Float32Array.from(a, (v, i) => (v - b[i]) * unit);
}

/** The chosen sample: a slider between clean and noisy, the output of one or two runs, the remaining error. */
export function largeSample() {
  const wipe = comparisonSlider({ left: "clean", right: "noisy" });
  const cards = { noisy: card("noisy"), denoised: card("denoised"), other: card("other"), difference: card("difference") };
  const el = h("div", { class: "large-triple" }, wipe.el, cards.noisy.el, cards.denoised.el, cards.other.el, cards.difference.el);
  const table = cellTable();

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

  /** The values of the columns: clean, noisy, and what each network makes of the noisy ones. */
  function showCells(cells, otherCells, [mine, theirs]) {
    /** @type {Array<[string, string]>} */
    const heads = [["clean", "Clean"], ["noisy", "Noisy"], ["denoised", capital(mine)]];
    if (!otherCells) return table.show(cells, heads);
    return table.show(cells?.map((one, i) => ({ ...one, other: otherCells[i]?.denoised })), [...heads, ["other", capital(theirs)]]);
  }

  return {
    el, table: table.el,
    show({ run, clean, noisy, denoised, before, after, cells, other }) {
      wipe.show(clean, noisy, run);
      const [mine, theirs] = other ? comparedNames(run, other.run) : ["denoised"];
      cards.other.el.hidden = !other;
      showCells(cells, other?.cells, [mine, theirs]);
      fill(cards.noisy, noisy, run, "noisy", decibels(before));
      fill(cards.denoised, denoised, run, mine, decibels(after));
      if (other) fill(cards.other, other.denoised, run, theirs, decibels(other.after));
      fill(cards.difference, difference(denoised, clean), run, other ? `error of ${mine}` : "remaining error", "", { mode: "signed", scale: run.shape ? FULL.image : FULL.table });
    },
  };
}

const capital = (words) => words[0].toUpperCase() + words.slice(1);

const ROLES = ["clean", "noisy", "denoised", "other", "difference", "other-difference"];

/**
 * Six samples; a click makes one of them the large one.
 * @param {{onChoose: (i: number) => void}} calls
 */
export function sampleGrid({ onChoose }) {
  const samples = h("div", { class: "small-triples", role: "group", "aria-label": "Samples" });
  const legend = h("p", { class: "note" });
  let cards = [];

  function build(n) {
    cards = Array.from({ length: n }, (_, i) => {
      const canvases = ROLES.map((role) => h("canvas", { dataset: { role } }));
      const note = h("span", { class: "note" });
      const button = h("button", { type: "button", class: "triple", dataset: { row: i }, "aria-pressed": "false", on: { click: () => onChoose(i) } },
        h("span", { class: "triple-pictures" }, canvases), note);
      return { button, canvases, note };
    });
    clear(samples, cards.map((one) => one.button));
  }

  return {
    el: h("div", { class: "stack" }, legend, samples),
    /** @param {{run: Run, answer: Answer}|null} other the compared run and its answer for the same rows */
    show(run, answer, other, chosen) {
      const n = answer.arrays.clean.shape[0];
      if (cards.length !== n) build(n);
      const [mine, theirs] = other ? comparedNames(run, other.run) : ["denoised"];
      const titles = ["clean", "noisy", mine, theirs, other ? `error of ${mine}` : "remaining error", `error of ${theirs}`];
      samples.classList.toggle("has-other", Boolean(other));
      legend.textContent = other ? `Top: clean, ${mine}, its error. Bottom: noisy, ${theirs}, its error.` : "Clean, noisy, denoised, remaining error.";
      /** @type {PictureOptions} */
      const signed = { mode: "signed", scale: run.shape ? FULL.image : FULL.table };
      cards.forEach(({ button, canvases, note }, i) => {
        const [clean, noisy, denoised] = ["clean", "noisy", "denoised"].map((name) => rowOf(answer.arrays[name], i));
        const others = other && rowOf(other.answer.arrays.denoised, i);
        const pictures = [clean, noisy, denoised, others, difference(denoised, clean), others && difference(others, clean)];
        canvases.forEach((canvas, k) => {
          Object.assign(canvas, { hidden: !pictures[k], title: titles[k] });
          if (pictures[k]) drawPicture(canvas, pictures[k], run, k > 3 ? signed : undefined);
        });
        const before = decibels(answer.about.psnr_noisy_rows[i]);
        const after = decibels(answer.about.psnr_denoised_rows[i]);
        const words = other ? `${before} → ${mine} ${after}, ${theirs} ${decibels(other.answer.about.psnr_denoised_rows[i])}` : `${before} → ${after}`;
        note.textContent = words;
        button.setAttribute("aria-label", `Sample ${i + 1}: PSNR ${words}`);
        button.setAttribute("aria-pressed", String(i === chosen));
      });
    },
  };
}

/** The guided tour: five steps, each a sentence and one thing to do. It stands below the view and covers nothing. */

import { clear, h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { countOf, sampleNoun } from "../../views/shared/text.js";

const REMEMBERED = "narrows-tour";

/**
 * The steps: the view, a sentence, the thing to do, and the key of the address that changes once it is done.
 * @type {Array<{view: string, title: string, says: (noun: string, run: Run|null) => string, task: (noun: string) => string, key: string}>}
 */
const STEPS = [
  { view: "flow", title: "Squeeze", key: "sample", says: (noun, run) => `The encoder squeezes each ${noun} into ${countOf(run?.n_components ?? 2, "number")}, its code, and the decoder rebuilds the ${noun} from those alone.`,
    task: (noun) => `Choose another ${noun} in the strip above the network and watch it pass through.` },
  { view: "latent", title: "Map", key: "z", says: (noun) => `Each dot is one ${noun} at its code: similar ${noun}s lie together, although training did not use their classes.`,
    task: (noun) => `Point at the map and click a place: the decoder draws the ${noun} for it.` },
  { view: "training", title: "Learn", key: "epoch", says: () => "The network began with random numbers; each epoch changes them a little, so that the error falls and the reconstructions improve.",
    task: () => "Press Replay, or drag along the curve, and see it learn again." },
  { view: "denoise", title: "Clean", key: "level", says: (noun) => `A network that sees noisy ${noun}s and has to return the clean ones learns to separate the noise from the ${noun}.`,
    task: () => "Move the noise level and compare the noisy picture with the denoised one." },
  { view: "anomaly", title: "Find", key: "threshold", says: (noun) => `A network that was trained on normal ${noun}s only cannot rebuild other ones well: a large error raises an alarm.`,
    task: () => "Drag the threshold line: which anomalies are found, and which alarms are false?" },
];

/**
 * @param {HTMLElement} main the tour is its last child
 * @param {Lab} lab
 * @param {{isAsked: boolean, isQuiet: boolean}} how isAsked: the address asks for the tour; isQuiet: it is not offered
 * @returns {{start: () => void, update: () => void}}
 */
export function mountTour(main, lab, { isAsked, isQuiet }) {
  const el = h("section", { class: "tour panel", "aria-label": "Guided tour", hidden: true, on: { keydown: (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    end();
  } } });
  main.append(el);
  let at = -1;
  /** @type {Set<number>} */
  const done = new Set();
  let wasOffered = false;
  /** @type {Element|null} */
  let opener = null;
  let stopWatching = () => {};

  function start() {
    opener = document.activeElement;
    done.clear();
    go(0);
  }

  function go(step) {
    at = step;
    stopWatching();
    lab.store.set("view", STEPS[at].view);
    stopWatching = lab.store.on(STEPS[at].key, (value) => { if (isByHand(value) && !done.has(at)) { done.add(at); lab.announce("Done."); render(); } });
    render();
    el.querySelector("h2")?.focus({ preventScroll: true });
  }

  function end() {
    at = -1;
    stopWatching();
    remember();
    render();
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
  }

  function render() {
    el.hidden = at < 0;
    el.dataset.step = at < 0 ? "" : String(at + 1);
    if (at < 0) return clear(el);
    const { title, says, task } = STEPS[at];
    const noun = lab.run ? sampleNoun(lab.run) : "image";
    const last = at === STEPS.length - 1;
    const had = el.contains(document.activeElement) ? document.activeElement?.getAttribute("data-tour") : null;
    const button = (name, words, f, primary = false) => h("button", { type: "button", class: `button small${primary ? " primary" : ""}`, dataset: { tour: name }, on: { click: f } }, words);
    clear(el, h("div", { class: "row spread" }, h("h2", { tabindex: -1, dataset: { tour: "title" } }, `${at + 1} of ${STEPS.length}: ${title}`),
      h("div", { class: "row" }, at ? button("back", "Back", () => go(at - 1)) : null, last ? button("finish", "Finish", end, true) : button("next", "Next", () => go(at + 1), true), last ? null : button("skip", "Skip the tour", end))),
    h("p", {}, says(noun, lab.run)),
    h("p", { class: "tour-task", dataset: { done: String(done.has(at)) } }, icon(done.has(at) ? "check" : "step"), h("span", {}, h("b", {}, done.has(at) ? "Done. " : "Try it: "), task(noun))));
    if (had) el.querySelector(`[data-tour="${had}"]`)?.focus({ preventScroll: true });
    return undefined;
  }

  /** One line that offers the tour, once; it takes no focus. */
  function offer() {
    wasOffered = true;
    el.hidden = false;
    el.dataset.step = "offer";
    const close = (f) => () => { remember(); clear(el); el.hidden = true; f(); };
    clear(el, h("div", { class: "row spread" }, h("p", {}, h("b", {}, "New to autoencoders? "), "Five steps show what they do, in about two minutes."),
      h("div", { class: "row" }, h("button", { type: "button", class: "button small primary", dataset: { tour: "start" }, on: { click: close(start) } }, "Start the tour"),
        h("button", { type: "button", class: "button small", dataset: { tour: "later" }, on: { click: close(() => {}) } }, "Not now"))));
  }

  function update() {
    if (at >= 0 || wasOffered || !lab.run?.n_floats) return;
    if (isAsked) { wasOffered = true; return start(); }
    if (!isQuiet && !wasSeen() && lab.run.shape) offer();
    return undefined;
  }

  lab.store.on("view", () => { if (at >= 0 && lab.store.get("view") === STEPS[at].view) render(); });
  return { start, update };
}

/** Whether a value of the address was set by the user: views write the names of suggested thresholds there too. */
const isByHand = (value) => value !== null && !/^[a-z]/.test(value);

function wasSeen() {
  try {
    return localStorage.getItem(REMEMBERED) !== null;
  } catch {
    return true; // a browser that keeps nothing would be asked again at each visit
  }
}

function remember() {
  try {
    localStorage.setItem(REMEMBERED, "seen");
  } catch { /* It is offered no more on this page anyway. */ }
}

/** Kind, level and seed of the noise, with two animations: new seeds, or a sweep over the levels. */

import { clear, h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";

/** @typedef {{name: string, label: string, meaning: string, most: number, usual: number}} NoiseKind See `NoiseControl` in narrows/model/corruption.py. */

/** @param {{store: Store, reduced: boolean, prefetched: Record<string, number[]>|undefined, onChange: () => void}} o `prefetched`: the levels of each kind, evenly spaced from 0, if only these can be shown */
export function noiseControls({ store, reduced, prefetched, onChange }) {
  /** @type {NoiseKind[]} */
  let offered = [];
  let [timer, mode, rising] = [0, "", true];
  const kind = h("select", { dataset: { act: "kind" }, on: { change: () => { store.set("noise", kind.value); renderLevel(defaultLevel()); store.set("level", Number(box.value)); changed(); } } });
  const range = h("input", { type: "range", min: 0, step: 0.01, "aria-label": "Noise level", dataset: { act: "level" }, on: { input: () => setLevel(range.value) } });
  const box = h("input", { type: "number", min: 0, step: 0.01, "aria-label": "Noise level, number", dataset: { act: "level-box" },
    on: { change: () => setLevel(box.value) } });
  const meaning = h("span", { class: "note" });
  const seed = h("input", { type: "number", min: 0, step: 1, value: store.get("seed", 0), dataset: { act: "seed" }, on: { change: () => setSeed(seed.value) } });
  const newSeed = h("button", { type: "button", class: "button square", "aria-label": "New noise", title: "New noise", dataset: { act: "new-seed" },
    on: { click: () => setSeed(Number(seed.value) + 1) } }, icon("dice"));
  const animate = toggle("animate", "Animate", 700, () => setSeed(Number(seed.value) + 1));
  const sweep = toggle("sweep", "Sweep", reduced || prefetched ? 250 : 60, advance);
  const el = h("div", { class: "controls noise-controls", role: "group", "aria-label": "Noise" },
    h("label", { class: "field" }, h("span", {}, "Noise"), kind),
    h("div", { class: "field level-field" }, h("span", {}, "Level ", meaning), h("div", { class: "row" }, range, box)),
    h("div", { class: "field", hidden: Boolean(prefetched) }, h("span", {}, "Seed"), h("div", { class: "row" }, labelled(seed, "Seed of the noise"), newSeed)),
    h("div", { class: "row" }, prefetched ? null : animate, sweep));

  function labelled(input, words) {
    input.setAttribute("aria-label", words);
    return input;
  }

  function toggle(name, words, every, act) {
    const button = h("button", { type: "button", class: "button", "aria-pressed": "false", dataset: { act: name }, on: { click: () => {
      const on = mode !== name;
      stop();
      if (on) { mode = name; button.setAttribute("aria-pressed", "true"); el.dataset.mode = name; timer = setInterval(act, every); }
    } } }, words);
    return button;
  }

  function stop() {
    clearInterval(timer);
    mode = "";
    delete el.dataset.mode;
    for (const button of [animate, sweep]) button.setAttribute("aria-pressed", "false");
  }

  function advance() {
    const most = Number(range.max);
    const next = Number(range.value) + (rising ? 1 : -1) * Math.max(step(), most / 60);
    if (next >= most || next <= 0) rising = next <= 0;
    setLevel(Math.max(0, Math.min(most, next)));
  }

  const kinds = () => offered.filter(({ name }) => !prefetched || name in prefetched);
  const step = () => (prefetched ? prefetched[kind.value][1] : Number(range.max) / 100);
  const present = () => kinds().find(({ name }) => name === kind.value) || kinds()[0];
  const defaultLevel = () => present().usual;

  function renderLevel(level) {
    const { meaning: words, most } = present();
    range.max = box.max = most;
    if (prefetched) range.step = box.step = step();
    meaning.textContent = `(${words})`;
    setInputs(level);
  }

  function setInputs(level) {
    const most = Number(range.max);
    const wanted = Math.max(0, Math.min(most, Number(level) || 0));
    const now = prefetched ? Math.round(wanted / step()) * step() : wanted;
    range.value = now;
    box.value = Number(now.toFixed(3));
    range.setAttribute("aria-valuetext", `${box.value} ${present().meaning}`);
  }

  function setLevel(level) {
    setInputs(level);
    store.set("level", Number(box.value));
    changed();
  }

  function setSeed(next) {
    seed.value = Math.max(0, Math.round(Number(next) || 0));
    store.set("seed", Number(seed.value));
    changed();
  }

  function changed() {
    onChange();
  }

  return {
    el, stop, setLevel,
    /** @param {NoiseKind[]} next the kinds of noise that make sense for the rows shown */
    offer(next) {
      if (JSON.stringify(next) === JSON.stringify(offered)) return;
      offered = next;
      clear(kind, kinds().map(({ name, label }) => h("option", { value: name }, label)));
      kind.value = kinds().some(({ name }) => name === store.get("noise", "")) ? store.get("noise") : "gaussian";
      renderLevel(store.get("level", defaultLevel()));
    },
    value: () => ({ kind: kind.value, level: Number(box.value), seed: Number(seed.value) }),
    /** The label of a kind of noise; its name if the view does not offer it. */
    labelOf: (name) => offered.find((one) => one.name === name)?.label ?? name,
    most: () => Number(range.max),
    /** The step of the level. */
    step,
    destroy: stop,
  };
}

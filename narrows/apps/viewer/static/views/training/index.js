/** View 3: reconstructions of fixed rows and the loss, epoch by epoch; earlier epochs can be replayed. */

import { lineChart } from "../../core/chart.js";
import { segmented, slider } from "../../core/controls.js";
import { clear, h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { onKey } from "../../core/keyboard.js";
import { perFrame } from "../../core/timing.js";
import { lossAxis, sampleNoun } from "../shared/text.js";
import { createFrameStore } from "./frame-store.js";
import { mountGallery } from "./gallery.js";
import { mountRestartForm } from "./restart-form.js";
import { mountSlowStep } from "./slow-step.js";
import { statusText } from "./status-text.js";

export const title = "Training";

/** Epochs a second at 1×. */
const PACE = 6;

const epochWords = (epoch) => (epoch === undefined ? "–" : String(epoch));

/**
 * @param {HTMLElement} el
 * @param {MountedLab} lab
 * @returns {View}
 */
export function mount(el, lab) {
  const id = lab.run.id;
  const { store } = lab;
  const current = () => lab.state.runs.find((run) => run.id === id) || first;
  const first = lab.run;
  const frames = createFrameStore();
  const comparedFrames = createFrameStore();
  const unsubscribe = [];
  /** @type {number|null} */
  let shown = null;
  let follows = true;
  let replaying = 0;
  let speed = store.get("speed", 1);
  /** @type {string|null} */
  let comparedId = null;
  let destroyed = false;
  let loaded = false;
  let lastState = first.state;

  const caption = h("p", { class: "caption", dataset: { sentence: "true" } });
  const gallery = mountGallery(lab, first);
  const chartBox = h("div", { class: "chart-box" });
  const chart = lineChart(chartBox, { series: [], xLabel: "epoch", yLabel: lossAxis(first), log: store.get("log", false), whole: true, empty: "The loss appears after the first epoch", onCursor: (x) => seek(x, true), height: 260, cursor: null, label: "Loss over the epochs" });
  const scrub = slider({ label: "Epoch", min: 0, max: 1, step: 1, value: 0, format: (i) => epochWords(frames.epochs[i]), onInput: (i) => { stopReplay(); select(frames.epochs[i]); }, attrs: { "data-control": "scrub" } });
  const live = h("button", { type: "button", class: "button small live", dataset: { action: "live" }, hidden: !lab.can.follow, "aria-pressed": "true", title: "Follow the training ( l )", on: { click: followLive } }, h("span", { class: "live-dot", "aria-hidden": "true" }), "Live");
  const replay = h("button", { type: "button", class: "button small", dataset: { action: "replay" }, on: { click: toggleReplay } });
  const restartReplay = h("button", { type: "button", class: "button small", dataset: { action: "from-beginning" }, title: "Replay from the untrained network ( Shift+R )", on: { click: replayFromBeginning } }, icon("reset"), "From the beginning");
  const pace = segmented({ label: "Speed of the replay", value: String(speed), choices: [["1", "1×"], ["4", "4×"], ["16", "16×"]], onChoose: (v) => { speed = Number(v); store.set("speed", speed === 1 ? null : speed); } });
  const log = h("label", { class: "check" }, h("input", { type: "checkbox", checked: store.get("log", false), dataset: { control: "log" }, on: { change: (event) => { store.set("log", event.target.checked || null); plot(); } } }), "Logarithmic");
  const compare = h("select", { "aria-label": "Run to compare with", dataset: { control: "compare" }, on: { change: () => lab.compareWith(compare.value || null) } });
  const restart = mountRestartForm(lab, first);
  const slow = mountSlowStep(lab, first, { epoch: () => shown, positions: () => frames.positions });
  const replayControls = h("div", { class: "controls replaying" }, live, restartReplay, replay, pace.el, h("div", { class: "scrubber" }, scrub.el));
  const reading = h("span", {}, "Drag the line or use the arrow keys to see the reconstructions of an epoch.");
  /** A fitted model that came without its past: there is nothing to go back to. */
  const isStatic = () => loaded && (!lab.can.follow || current().state === "loaded") && frames.epochs.length < 2;

  clear(el, h("div", { class: "head" }, h("h2", {}, "Watch the reconstructions improve"), caption),
    h("div", { class: "panel stack training" }, gallery.el, gallery.legend, gallery.table, replayControls, h("div", { class: "row" }, slow.opener)), slow.el,
    h("figure", { class: "panel figure" }, h("div", { class: "row spread" }, h("h3", {}, "Loss"), h("div", { class: "row" }, log, h("label", { class: "check", hidden: !lab.can.follow }, "Compare with", compare))), chartBox,
      h("figcaption", {}, `Thin: training loss, averaged over the epoch. Bold: validation loss after the epoch, on held-out ${sampleNoun(first)}s. `, reading)),
    h("details", { class: "panel fold", hidden: !lab.can.train, open: store.get("settings", false), on: { toggle: (event) => store.set("settings", event.target.open || null) } }, h("summary", {}, "Change settings and start again"), restart.el),
    h("details", { class: "more" }, h("summary", {}, "How to read this"),
      h("p", {}, `The same ${sampleNoun(first)}s are shown for every epoch. Epoch 0 is the untrained network. After each epoch (one pass over the training ${sampleNoun(first)}s) their reconstructions are computed and kept. `,
        "Training minimises the loss: the reconstruction error plus the penalty of the variant. If the validation loss rises while the training loss still falls, the network overfits.")));

  async function load() {
    lab.load(current()).then(() => { if (!destroyed) plot(); });
    try {
      const answer = await lab.query("frames", { run: id });
      if (destroyed) return;
      frames.addAll(answer);
      loaded = true;
      build();
    } catch (error) {
      if (!error.dropped) clear(caption, error.message);
    }
  }

  function build() {
    const other = lab.compare && lab.compare.dataset === first.dataset ? lab.compare : null;
    comparedId = other?.id ?? null;
    gallery.build(frames, other && { run: other, name: `run ${other.number}` });
    el.dataset.compare = comparedId ?? "";
    updateRange();
    const wanted = store.get("epoch", -1);
    if (wanted >= 0 && follows && frames.at(wanted)) show(wanted, false);
    else if (follows || !frames.at(shown)) show(frames.epochs.at(-1), true);
    else show(shown, false);
    if (other) loadCompared(other);
    plot();
    el.dataset.ready = "true";
  }

  async function loadCompared(run) {
    await lab.load(run);
    try {
      comparedFrames.addAll(await lab.query("frames", { run: run.id }));
    } catch {
      // A run without a finished epoch has no pictures.
    }
    if (destroyed) return;
    showCompared();
    plot();
  }

  /** The compared run at the nearest kept epoch. */
  function showCompared() {
    if (!comparedId || !comparedFrames.epochs.length) return;
    const { positions } = frames;
    const same = positions && comparedFrames.positions?.every((p, i) => p === positions[i]);
    const epoch = comparedFrames.nearest(shown ?? 0);
    gallery.showCompared(comparedFrames, same ? comparedFrames.at(epoch) : null);
    el.dataset.comparedEpoch = epoch;
  }

  function updateRange() {
    scrub.input.max = Math.max(0, frames.epochs.length - 1);
    el.dataset.frames = String(frames.epochs.length);
    replayControls.hidden = reading.hidden = isStatic();
  }

  /** Brings the rows of a kept epoch. */
  function show(epoch, following) {
    if (epoch === undefined || epoch === null || !frames.at(epoch)) return;
    follows = following;
    shown = epoch;
    gallery.show(frames, frames.at(epoch));
    showCompared();
    scrub.set(frames.epochs.indexOf(epoch));
    live.setAttribute("aria-pressed", String(follows));
    el.dataset.epoch = epoch;
    el.dataset.live = String(follows);
    store.set("epoch", follows ? null : epoch);
    plot();
    updateCaption();
  }

  /** Shows an epoch that the user selected; the newest one follows the training. */
  function select(epoch) {
    show(epoch, epoch === frames.epochs.at(-1));
  }

  /** To the kept epoch nearest to x. */
  function seek(x, stop) {
    if (stop) stopReplay();
    const epoch = frames.nearest(Math.round(x));
    if (epoch !== shown || follows) select(epoch);
  }

  function followLive() {
    stopReplay();
    show(frames.epochs.at(-1), true);
  }

  function toggleReplay() {
    if (replaying) return stopReplay();
    const { epochs } = frames;
    if (epochs.length < 2) return undefined;
    let at = shown === epochs.at(-1) || shown === null ? epochs[0] : shown;
    let before = performance.now();
    show(frames.nearest(at), false);
    const tick = (now) => {
      at += (now - before) / 1000 * PACE * speed;
      before = now;
      const last = frames.epochs.at(-1);
      const epoch = [...frames.epochs].reverse().find((one) => one <= at) ?? frames.epochs[0];
      if (epoch !== shown) show(epoch, false);
      if (at >= last) return stopReplay();
      replaying = requestAnimationFrame(tick);
    };
    replaying = requestAnimationFrame(tick);
    renderReplay();
  }

  /** For a visitor who comes late: the whole training, whatever epoch is shown. */
  function replayFromBeginning() {
    stopReplay();
    if (frames.epochs.length < 2) return;
    show(frames.epochs[0], false);
    toggleReplay();
  }

  function stopReplay() {
    cancelAnimationFrame(replaying);
    replaying = 0;
    renderReplay();
  }

  function renderReplay() {
    clear(replay, icon(replaying ? "pause" : "play"), replaying ? "Pause" : "Replay");
    el.dataset.replaying = String(Boolean(replaying));
  }

  const plot = perFrame(() => {
    if (destroyed) return;
    const line = (records, key) => ({ x: records.map((r) => r.number), y: records.map((r) => r[key] ?? NaN) });
    const mine = lab.records(current());
    const validated = mine.some((r) => r.validation !== null);
    const series = [];
    const other = lab.compare;
    if (other && other.id === comparedId) {
      const theirs = lab.records(other);
      series.push({ name: `run ${other.number}`, ...line(theirs, theirs.some((r) => r.validation !== null) ? "validation" : "loss"), colour: "var(--muted)", width: 2, dashed: true });
    }
    series.push({ name: "training", ...line(mine, "loss"), colour: "var(--accent)", width: validated ? 1 : 2 });
    if (validated) series.push({ name: "validation", ...line(mine, "validation"), colour: "var(--accent)", width: 2.6 });
    const run = current();
    const last = Math.max(run.state === "running" || run.state === "paused" ? run.epochs || 0 : 0, mine.at(-1)?.number || 1, ...series.map((s) => s.x.at(-1) || 0));
    const start = Math.min(1, frames.epochs[0] ?? 1); // 0 where the untrained network was seen
    chart.update({ series, yLabel: lossAxis(run), log: store.get("log", false), cursor: shown === null || isStatic() ? null : Math.max(start, shown), onCursor: isStatic() ? null : (x) => seek(x, true), xRange: [start, Math.max(2, last)] });
    el.dataset.records = String(mine.length);
    updateCaption();
  });

  function updateCaption() {
    const run = current();
    const record = lab.records(run).find((r) => r.number === shown);
    const words = statusText({ run, shown, follows, record, last: frames.epochs.at(-1), connected: lab.connected, still: isStatic() });
    if (caption.textContent !== words) caption.textContent = words;
  }

  function renderChoices() {
    const runs = (lab.state?.runs || []).filter((run) => run.id !== id && run.dataset === first.dataset);
    clear(compare, h("option", { value: "" }, "no other run"), runs.map((run) => h("option", { value: run.id, selected: run.id === store.get("compare") }, `${run.number}. ${run.name}`)));
    compare.disabled = !runs.length;
  }

  unsubscribe.push(lab.on("snapshot", (push) => {
    const { run, epoch } = push;
    if (run === comparedId && push.arrays.share?.[0] > 0) return;
    if (run === comparedId && comparedFrames.original) { comparedFrames.add(epoch, push.arrays.rebuilt); showCompared(); return; }
    if (run !== id || !loaded) return;
    if (push.arrays.share?.[0] > 0) return showWithin(push);
    frames.add(epoch, push.arrays.rebuilt);
    updateRange();
    if (follows || epoch === shown) show(follows ? frames.epochs.at(-1) : epoch, follows);
    else scrub.set(frames.epochs.indexOf(shown));
  }));
  unsubscribe.push(lab.on("epoch", (message) => { if (message.run === id || message.run === comparedId) plot(); }));
  unsubscribe.push(lab.on("compare", () => { if (loaded) build(); renderChoices(); }));
  unsubscribe.push(lab.on("theme", () => { if (loaded && shown !== null) { gallery.show(frames, frames.at(shown)); showCompared(); } }));
  unsubscribe.push(lab.on("connection", (state) => { if (state === "open") load(); else updateCaption(); }));
  unsubscribe.push(onKey("ArrowLeft", () => seekStep(-1), "previous epoch", el), onKey("ArrowRight", () => seekStep(1), "next epoch", el),
    onKey("Shift+ArrowLeft", () => seekStep(-10), "", el), onKey("Shift+ArrowRight", () => seekStep(10), "", el),
    onKey("Home", () => { stopReplay(); show(frames.epochs[0], false); }, "first epoch", el), onKey("End", followLive, "last epoch", el),
    onKey("l", followLive, "follow the training", el), onKey("r", toggleReplay, "replay", el), ...(lab.can.follow ? [onKey("s", () => { stopReplay(); slow.open(); }, "one step in slow motion", el)] : []), onKey("Escape", () => (slow.isOpen ? slow.shut() : false), "", el),
    onKey("R", replayFromBeginning, "replay from the beginning", el));

  /** The reconstructions within an epoch, while the view follows the training; they are not kept. */
  function showWithin({ epoch, arrays }) {
    if (!follows || replaying || !gallery.el.firstChild) return;
    gallery.show(frames, arrays.rebuilt);
    el.dataset.within = String(arrays.share[0]);
    caption.textContent = `Within epoch ${epoch + 1}: the network has seen ${Math.round(100 * arrays.share[0])} % of the ${sampleNoun(first)}s${epoch ? "" : " once"}.`;
  }

  function seekStep(d) {
    stopReplay();
    const i = frames.epochs.indexOf(shown);
    select(frames.epochs[Math.max(0, Math.min(frames.epochs.length - 1, i + d))]);
  }

  renderReplay();
  renderChoices();
  load();
  return {
    update() {
      const run = current();
      if (!loaded) load();
      // At rest every epoch is known at the server; pushes may have passed some over.
      if (run.state !== lastState && ["paused", "done", "stopped", "diverged", "failed"].includes(run.state)) load();
      lastState = run.state;
      renderChoices();
      restart.update(run);
      // A compared run that was being prepared has pictures now.
      if (loaded && comparedId && !comparedFrames.original && lab.compare?.epoch) loadCompared(lab.compare);
      plot();
    },
    destroy() { destroyed = true; stopReplay(); for (const f of unsubscribe) f(); chart.destroy(); slow.destroy(); },
  };
}

/** View 5: rows with a large reconstruction error as anomalies. */

import { curve } from "../../core/chart.js";
import { clear, h } from "../../core/dom.js";
import { count, fixed, number } from "../../core/format.js";
import { onKey } from "../../core/keyboard.js";
import { debounce } from "../../core/timing.js";
import { cellTable, OBSERVED_EXPECTED } from "../shared/cell-table.js";
import { largestSize } from "../shared/layer-painting.js";
import { followRun, prepareView, refresher } from "../shared/refresh.js";
import { countOf, errorName, sampleNoun } from "../shared/text.js";
import { confusionMatrix } from "./confusion-matrix.js";
import { confusion, indicesOf, percentile, rocArea, rocCurve, sortedScores } from "./metrics.js";
import { normalClasses } from "./normal-classes.js";
import { sampleCard } from "./sample-cards.js";
import { thresholdPanel } from "./threshold-panel.js";

export const title = "Anomaly detection";
const introduction = (noun) => `A network that has seen normal ${noun}s only cannot rebuild other ones: a large reconstruction error raises an alarm.`;

/** @typedef {"first"|"second"} Card */

/**
 * @param {HTMLElement} el
 * @param {MountedLab} lab
 * @returns {View}
 */
export function mount(el, lab) {
  const noun = sampleNoun(lab.run);
  const caption = h("p", { class: "caption live-sentence", dataset: { sentence: "" } });
  const problem = h("p", { class: "message bad", role: "alert", hidden: true });
  const fail = (error) => { problem.hidden = false; problem.textContent = [error.message || String(error), error.hint].filter(Boolean).join(" "); };
  const normal = normalClasses({ lab, onChange: () => { source = "p95"; picks = {}; refresh(); }, onProblem: fail });
  const threshold = thresholdPanel({ onThreshold: (chosen) => moveThreshold(chosen) });
  const cards = { first: sampleCard({ kind: "first", onPick: (rank) => pick("first", rank) }), second: sampleCard({ kind: "second", onPick: (rank) => pick("second", rank) }) };
  const columns = cellTable("The largest column errors");
  const suggestions = h("div", { class: "row", role: "group", "aria-label": "Suggested thresholds" });
  const table = confusionMatrix();
  const rocBox = h("div", { class: "figure roc-figure" });
  const otherNote = h("p", { class: "caption", dataset: { otherNote: "" }, hidden: true });
  const detectorNote = h("p", { class: "caption", dataset: { detectorNote: "" }, hidden: true });
  const noRocNote = h("p", { class: "caption", dataset: { noRoc: "" }, hidden: true });
  const nextMiss = h("button", { type: "button", class: "button small", dataset: { act: "next-miss" }, on: { click: () => showNext("missed") } }, "Next miss");
  const nextFalseAlarm = h("button", { type: "button", class: "button small", dataset: { act: "next-false-alarm" }, on: { click: () => showNext("false") } }, "Next false alarm");
  const root = prepareView(el, "anomaly",
    h("header", {}, h("h2", {}, title), h("p", { class: "caption" }, introduction(noun)), caption), problem,
    h("div", { class: "panel" }, normal.el),
    h("div", { class: "anomaly-grid" },
      h("div", { class: "panel stack" }, cards.first.el, cards.second.el, h("p", { class: "note" }, "Both error maps use the same colour scale."), h("div", { class: "row" }, nextMiss, nextFalseAlarm), columns.el),
      h("div", { class: "panel stack" }, threshold.el, suggestions, h("div", { class: "verdict-grid" }, table.el, h("div", {}, rocBox, noRocNote, otherNote, detectorNote)))),
    explanationOfAlarms(noun));

  /** @type {import("./metrics.js").Scores} */
  let scores;
  /** @type {Record<string, any>} */
  let about;
  /** @type {number} */
  let value;
  let source = lab.store.get("threshold", "p95");
  /** @type {Partial<Record<Card, number>>} */
  let picks = {};
  /** @type {ReturnType<typeof curve>|null} */
  let roc = null;
  /** @type {Record<Card, number[]>} */
  let lists = { first: [], second: [] };
  let shownRun = "";
  let detectorKey = "";
  /** @type {{about: Record<string, any>, scores: Map<number, number>}|null} */
  let detector = null;
  if (Number.isFinite(Number(source))) { value = Number(source); source = "hand"; }

  const refresh = refresher(async () => {
    const run = lab.run;
    if (!run?.n_floats) return empty(run);
    normal.refresh();
    const classes = normal.value();
    const answer = await lab.query("scores", classes ? { normal: classes } : {});
    if (lab.run?.id !== run.id) return;
    if (shownRun && shownRun !== run.id) { picks = {}; source = source === "hand" ? "p95" : source; }
    shownRun = run.id;
    showScores(answer, run);
    await showSamples(run);
    await showOther(classes);
    detectorSoon(run, classes);
  }, fail);

  function showScores(answer, run) {
    problem.hidden = true;
    about = answer.about;
    scores = sortedScores(answer.arrays);
    const labelled = scores.anomalies > 0;
    // In a report only some rows have error maps; samples are chosen among these.
    const pictured = about.pictured && new Set(about.pictured);
    const indicesShown = (kind) => indicesOf(scores, kind).filter((i) => !pictured || pictured.has(scores.position[i]));
    lists = labelled ? { first: indicesShown("normal"), second: indicesShown("anomalous") } : { first: indicesShown("any"), second: indicesShown("any") };
    const words = labelled ? { normal: "normal", anomalous: "anomalous" } : { normal: `${noun}s`, anomalous: "" };
    threshold.fill(scores, `${errorName(run)} per ${noun}`, words, `${noun}s`);
    normal.setTrainedOn([about.trained_on, about.source].filter(Boolean).join(" "), about.anomalies_in_training > 0);
    renderSuggestions(labelled);
    renderRoc(labelled);
    for (const which of ["first", "second"]) picks[which] = Math.min(picks[which] ?? startOf(which, labelled), Math.max(0, lists[which].length - 1));
    Object.assign(root.dataset, { state: run.state ?? "", epoch: String(answer.epoch ?? 0), auc: about.auroc === null || about.auroc === undefined ? "" : String(about.auroc),
      normals: String(scores.normals), anomalies: String(scores.anomalies) });
    setThreshold(suggested() ?? value);
  }

  /** The default detector, fitted on the same training rows: its AUC next to that of the plain error, and its verdict on the samples. */
  async function showDetector(run, classes) {
    if (!lab.can.live || ["running", "preparing", "pausing", "paused"].includes(run.state)) return hideDetector();
    const wanted = `${run.id} ${classes}`;
    if (wanted !== detectorKey) {
      detectorKey = wanted;
      hideDetector();
      try {
        const found = await lab.query("detector_scores", classes ? { normal: classes } : {});
        if (lab.run?.id !== run.id || wanted !== detectorKey) return undefined;
        const { position, score } = found.arrays;
        detector = { about: found.about, scores: new Map(Array.from(position, (place, i) => [place, score[i]])) };
        if (pickScored()) await showSamples(run);
      } catch {
        detectorKey = ""; // replaced by a newer query, or too few rows for a detector
        return undefined;
      }
    }
    if (!detector) return undefined;
    const { auroc, error_auroc: plain } = detector.about;
    detectorNote.hidden = false;
    root.dataset.detectorAuc = String(auroc ?? "");
    detectorNote.textContent = auroc === null ? `The default detector of narrows flags ${noun}s above its score of ${number(detector.about.threshold, 3)}; it was fitted on the same training ${noun}s.`
      : `AUC of the plain error: ${fixed(plain, 3)}. AUC of the default detector of narrows, fitted on the same training ${noun}s: ${fixed(auroc, 3)}.`;
    return showDetectorVerdicts();
  }

  // The fit takes seconds, so it waits until the choice of classes rests.
  const detectorSoon = debounce((run, classes) => { showDetector(run, classes); }, 400);

  function hideDetector() {
    detector = null;
    detectorNote.hidden = true;
    root.dataset.detectorAuc = "";
    showDetectorVerdicts();
  }

  /** Of large data the detector scores a sample: the first rows shown are brought to the nearest ones in it. */
  function pickScored() {
    const before = { ...picks };
    for (const which of /** @type {Card[]} */ (["first", "second"])) {
      const start = startOf(which, scores.anomalies > 0);
      const isScored = (rank) => detector?.scores.has(scores.position[lists[which][rank] ?? -1]);
      if (picks[which] !== start) continue;
      for (let d = 0; d < lists[which].length && !isScored(picks[which] ?? 0); d++) picks[which] = isScored(start + d) ? start + d : isScored(start - d) ? start - d : start;
    }
    return before.first !== picks.first || before.second !== picks.second;
  }

  function showDetectorVerdicts() {
    for (const which of /** @type {Card[]} */ (["first", "second"])) {
      const place = scores && lists[which].length ? scores.position[lists[which][picks[which] ?? 0]] : -1;
      const score = detector?.scores.get(place);
      cards[which].showDetector(detector && { score, threshold: detector.about.threshold, n: detector.scores.size });
    }
  }

  /** The AUC of the network that differs only in its training rows. */
  async function showOther(classes) {
    const run = lab.can.follow ? normal.other() : null;
    const { auroc } = run ? (await lab.query("scores", { run: run.id, ...(classes ? { normal: classes } : {}) })).about : {};
    otherNote.hidden = !Number.isFinite(auroc);
    root.dataset.otherAuc = String(auroc ?? "");
    if (run && Number.isFinite(auroc)) otherNote.textContent = `${run.settings.normal?.length ? `Trained on normal ${noun}s only` : "Trained on everything"}, the same network has an AUC of ${fixed(auroc, 3)}; here it is ${fixed(about.auroc, 3)}.`;
  }

  /** The middle of each kind; without labels a usual and the most anomalous row. */
  const startOf = (which, labelled) => (labelled || which === "first" ? Math.floor(lists[which].length / 2) : lists[which].length - 1);

  function suggestedBy(name) {
    return about.thresholds?.[name] ?? { p95: () => percentile(scores, 0.95), p99: () => percentile(scores, 0.99) }[name]?.() ?? null;
  }

  function suggested() {
    if (source === "hand") return value;
    if (suggestedBy(source) === null) source = "p95";
    return suggestedBy(source);
  }

  function renderSuggestions(labelled) {
    const kinds = [["p95", labelled ? "allow 5 % false alarms" : `5 % of ${noun}s flagged`], ["p99", labelled ? "allow 1 % false alarms" : `1 % of ${noun}s flagged`]];
    if (labelled && scores.normals && suggestedBy("best_f1") !== null) kinds.push(["best_f1", "best F1"]);
    clear(suggestions, h("span", { class: "note" }, "Suggested"), kinds.map(([name, words]) => h("button", { type: "button", class: "button small", dataset: { suggest: name },
      on: { click: () => moveThreshold(suggestedBy(name), name) } }, words)));
  }

  function renderRoc(labelled) {
    const both = labelled && scores.normals > 0;
    rocBox.hidden = !both;
    noRocNote.hidden = both;
    table.el.hidden = !labelled;
    if (!both) {
      noRocNote.textContent = labelled ? `All ${noun}s are anomalous. A ROC curve needs normal ones too.`
        : normal.value() ? `All ${noun}s count as normal. A ROC curve needs anomalies too: mark a class above as anomalous.`
          : `Without labels there is no ROC curve, because it is not known which alarms are correct. Choose the threshold by the number of ${noun}s that you can inspect.`;
      return;
    }
    const { x, y } = rocCurve(scores);
    const area = about.auroc ?? rocArea(scores);
    const options = { x, y, diagonal: true, xLabel: "false positive rate", yLabel: "true positive rate", note: `AUC ${fixed(area, 3)}`, label: `ROC, area ${fixed(area, 3)}`, height: 270 };
    if (roc) roc.update(options);
    else roc = curve(rocBox, options);
  }

  /** Line, slider, box, colours, counts, ROC point and verdicts follow in the same frame. */
  function setThreshold(next) {
    const [low, high] = threshold.bounds();
    value = Math.max(low, Math.min(high, next));
    lab.store.set("threshold", source === "hand" ? Number(value.toPrecision(6)) : source);
    threshold.place(value);
    const verdict = confusion(scores, value);
    table.show(verdict, scores);
    if (scores.anomalies && scores.normals) roc?.update({ point: [verdict.falseAlarmRate, verdict.recall] });
    for (const button of suggestions.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.suggest === source));
    Object.assign(root.dataset, { threshold: String(value), caught: String(verdict.caught), missed: String(verdict.missed), falseAlarms: String(verdict.falseAlarms),
      cleared: String(verdict.cleared), flagged: String(verdict.flagged) });
    nextMiss.disabled = !verdict.missed;
    nextFalseAlarm.disabled = !verdict.falseAlarms;
    showVerdicts();
    updateCaption(verdict);
  }

  /** Sets the threshold by hand or from a suggestion, and announces the result. */
  function moveThreshold(next, by = "hand") {
    source = by;
    setThreshold(next);
    lab.announce(caption.textContent);
  }

  function updateCaption(v) {
    const at = `error of ${number(value, 3)}`;
    caption.textContent = !scores.anomalies
      ? `Above an ${at}, ${countOf(v.flagged, noun)} of ${count(scores.score.length)} are flagged (${fixed((100 * v.flagged) / scores.score.length, 1)} %).`
      : `Above an ${at}: ${count(v.caught)} of ${countOf(scores.anomalies, "anomaly", "anomalies")} detected, and ${count(v.falseAlarms)} false alarms among ${countOf(scores.normals, `normal ${noun}`)}.`;
  }

  function pick(which, rank) {
    picks[which] = rank;
    placeCards();
    showSoon();
  }

  const showSoon = refresher(() => showSamples(lab.run), fail);

  function placeCards() {
    const labelled = scores.anomalies > 0;
    const titles = labelled ? { first: "A normal sample", second: "An anomalous sample" } : { first: `A typical ${noun}`, second: `One ${noun} with a large error` };
    for (const which of ["first", "second"]) {
      if (!lists[which].length) cards[which].el.hidden = true;
      if (lists[which].length) cards[which].place({ title: titles[which], rank: picks[which], n: lists[which].length });
    }
    showVerdicts();
    showDetectorVerdicts();
  }

  function showVerdicts() {
    if (!scores || picks.first === undefined) return;
    for (const which of ["first", "second"]) {
      const i = lists[which][picks[which]];
      if (i === undefined) continue;
      const flagged = scores.score[i] > value;
      cards[which].showVerdict(flagged, scores.anomalies ? flagged === Boolean(scores.anomalous[i]) : null, value);
    }
  }

  /** One after the other, since a newer question of a view drops the older. */
  async function showSamples(run) {
    placeCards();
    /** @type {Record<string, any>} */
    const answers = {};
    for (const which of ["first", "second"]) {
      const i = lists[which][picks[which]];
      if (i === undefined) continue;
      const position = scores.position[i];
      answers[which] = { ...(await lab.query("error_map", { position })), position, run, score: scores.score[i] };
    }
    if (lab.run?.id !== run.id) return;
    const scale = Math.max(...Object.values(answers).map((one) => largestSize(one.arrays.map)));
    for (const [which, one] of Object.entries(answers)) cards[which].show({ ...one, scale });
    const explained = answers.second || answers.first;
    columns.show(run.shape ? null : explained?.about.columns || explained?.about.top, [...OBSERVED_EXPECTED, ["error", "Error"]], scores.score[lists.second[picks.second ?? 0]] > value ? "Why the second row raises an alarm: its largest column errors" : "The largest column errors of the second row");
    Object.assign(root.dataset, { ready: "true", scale: String(scale) });
  }

  const lastShown = { missed: -1, false: -1 };
  /** The miss or false alarm after the last one shown, in order of the score, round and round. */
  function showNext(kind) {
    const which = kind === "missed" ? "second" : "first";
    const wrong = lists[which].map((i, rank) => [i, rank]).filter(([i]) => (kind === "missed") !== scores.score[i] > value);
    if (!wrong.length && about.pictured) return lab.announce(`None among the ${noun}s on this page.`);
    if (!wrong.length || !scores.anomalies) return lab.announce(kind === "missed" ? "No anomaly is missed." : "No false alarm.");
    const after = wrong.find(([, rank]) => rank > lastShown[kind]) || wrong[0];
    lastShown[kind] = after[1];
    lab.announce(`${kind === "missed" ? "Miss" : "False alarm"}: error ${number(scores.score[after[0]], 3)}`);
    pick(which, after[1]);
  }

  function empty(run) {
    root.dataset.ready = "false";
    caption.textContent = run ? "The run is being prepared." : "No run yet. Open data and press Train.";
  }

  const nudge = (by) => { const [low, high] = threshold.bounds(); moveThreshold(value + (by * (high - low)) / 1000); };
  const offs = [
    onKey("n", () => showNext("missed"), "next missed anomaly", root), onKey("m", () => showNext("false"), "next false alarm", root),
    ...Object.entries({ ArrowLeft: -1, ArrowRight: 1, "Shift+ArrowLeft": -10, "Shift+ArrowRight": 10 }).map(([key, by]) =>
      onKey(key, () => scores && nudge(by), key.startsWith("Shift") ? "" : by < 0 ? "lower threshold" : "higher threshold", root)),
    ...followRun(lab, root, refresh, 500),
    lab.on("theme", () => scores && refresh()),
  ];
  refresh();
  return {
    update: refresh,
    destroy() { offs.forEach((off) => off()); detectorSoon.cancel(); threshold.destroy(); roc?.destroy(); clear(root); },
  };
}

function explanationOfAlarms(noun) {
  return h("details", { class: "explanation" }, h("summary", {}, "How to read this"),
    h("p", {}, `Filled bars are normal ${noun}s, outlined bars are anomalies; those to the right of the line are flagged. Drag the line, use the slider or the arrow keys to set the threshold.`),
    h("p", {}, `Recall is the share of anomalies that are detected, precision the share of alarms that are correct. The ROC curve shows all thresholds; the dot is the current one. The area under it (AUC) is the probability that an anomaly has a larger error than a normal ${noun}.`),
    h("p", {}, `Key n shows the next missed anomaly, m the next false alarm. Detection works best if the network was trained on normal ${noun}s only.`));
}

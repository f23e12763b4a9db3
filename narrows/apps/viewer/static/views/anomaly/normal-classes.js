/** Chooses the normal classes (or rows, for data without classes) and trains on these only. */

import { clear, h } from "../../core/dom.js";
import { countOf, joinNames, sampleNoun } from "../shared/text.js";

/**
 * @param {{lab: MountedLab, onChange: () => void, onProblem: (error: Failure) => void}} o
 */
export function normalClasses({ lab, onChange, onProblem }) {
  const chips = h("div", { class: "row", role: "group", "aria-label": "Normal classes" });
  const noun = sampleNoun(lab.run);
  const rowsBox = h("input", { type: "text", placeholder: "1-500, 720", dataset: { act: "normal-rows" }, "aria-label": `Normal ${noun}s` });
  const rowsField = h("label", { class: "field" }, h("span", {}, `Normal ${noun}s (the first is 1)`), rowsBox);
  const train = h("button", { type: "button", class: "button primary", dataset: { act: "train-normal" }, on: { click: () => start() } });
  const trainAll = h("button", { type: "button", class: "button", dataset: { act: "train-everything" }, on: { click: () => start(true) } });
  const trainedOnNote = h("p", { class: "trained-on", dataset: { trainedOn: "" } });
  const el = h("div", { class: "stack normal-classes" }, h("div", { class: "row" }, h("span", { class: "note" }, "Normal classes"), chips, rowsField, train, trainAll), trainedOnNote);
  /** @type {Set<string>} */
  let chosen = new Set();
  let signature = "";

  const classes = () => lab.dataset()?.classes || null;

  /** The classes to take as normal at first: those of the run, else those that the host suggests, else all but the last. */
  function initial(names) {
    const stored = lab.store.get("normal", []).filter((name) => names.includes(name));
    if (stored.length) return stored;
    return lab.run.settings.normal?.length ? lab.run.settings.normal.map(String) : lab.dataset()?.normal ?? names.slice(0, -1);
  }

  function refresh() {
    const names = classes();
    const key = `${lab.run.id} ${names}`;
    if (key !== signature) {
      signature = key;
      chosen = new Set(names ? initial(names) : []);
      chips.hidden = !names;
      rowsField.hidden = Boolean(names) || !lab.can.train;
      clear(chips);
      if (names) {
        const counts = lab.dataset()?.counts || [];
        clear(chips, names.map((name, i) => h("button", { type: "button", class: "chip normal-chip", dataset: { class: name }, on: { click: () => toggle(name) } },
          h("span", { class: "chip-mark", "aria-hidden": "true" }), name, counts[i] ? h("span", { class: "count" }, counts[i].toLocaleString("en")) : null)));
      }
    }
    renderChips();
  }

  function renderChips() {
    const names = classes();
    for (const chip of chips.children) {
      const on = chosen.has(chip.dataset.class);
      chip.setAttribute("aria-pressed", String(on));
      chip.disabled = !lab.can.live && !lab.prefetched?.classes;
      chip.setAttribute("aria-label", `class ${chip.dataset.class}: ${on ? "normal" : "anomalous"}`);
    }
    const same = names ? lab.run.settings.normal && sameSet(lab.run.settings.normal.map(String), chosen) : false;
    train.disabled = names ? !chosen.size || chosen.size === names.length : false;
    const isThere = Boolean(names && runTrainedOn(value()));
    const canTrain = lab.can.train && lab.run.can_train !== false;
    train.hidden = !(canTrain || isThere) || Boolean(same);
    train.textContent = !names ? `Train on these ${noun}s only` : isThere ? `Show the network trained on normal ${noun}s only` : `Train on normal ${noun}s only`;
    train.title = isThere ? "" : "Starts a training";
    trainAll.hidden = !names || !(canTrain || runTrainedOn(null)) || !lab.run.settings.normal?.length;
    trainAll.textContent = runTrainedOn(null) ? "Show the network trained on everything" : "Put the anomalies back into training";
    trainAll.title = runTrainedOn(null) ? "" : `Starts a training on all ${noun}s`;
  }

  /** The newest run with the settings of the one in view, but trained on these classes (null: on all). */
  function runTrainedOn(normal) {
    const { id, dataset, variant, settings } = lab.run;
    const text = (one) => JSON.stringify(Object.entries({ ...one, normal: null }).sort());
    return lab.state.runs.findLast((run) => run.id !== id && run.dataset === dataset && run.variant === variant && !["failed", "diverged"].includes(run.state)
      && (normal ? run.settings.normal && sameSet(run.settings.normal.map(String), new Set(normal)) : !run.settings.normal?.length) && text(run.settings) === text(settings));
  }

  function toggle(name) {
    if (chosen.has(name)) chosen.delete(name);
    else chosen.add(name);
    if (!chosen.size) chosen.add(name); // something has to be normal
    lab.store.set("normal", value());
    renderChips();
    onChange();
  }

  const value = () => classes()?.filter((name) => chosen.has(name)) ?? null;

  /** Shows the run on the normal rows, or on all of them; trains it if there is none. */
  async function start(onAll = false) {
    const { settings, dataset, variant } = lab.run;
    const more = classes() ? { normal: onAll ? null : value() } : { rows: rowRanges(rowsBox.value) };
    const known = classes() && runTrainedOn(more.normal);
    lab.store.set("normal", value());
    if (known) return lab.showHere(known.id);
    if (more.rows && !more.rows.length) return onProblem({ message: `Name the normal ${noun}s, for example 1-500, 720.` });
    train.disabled = trainAll.disabled = true;
    try {
      const answer = await lab.command("train.start", { dataset, variant, settings: { ...settings, ...more } });
      lab.showHere(answer.run);
      lab.announce(onAll ? `A network is training on all ${noun}s.` : classes() ? `A network is training on ${joinNames(value())}.` : `A network is training on these ${noun}s.`);
    } catch (error) {
      if (!error?.dropped) onProblem(error);
    }
    train.disabled = trainAll.disabled = false;
  }

  return {
    el, refresh, value,
    /** The finished run to compare with: trained on all rows if that in view is not, else on the normal ones. */
    other() {
      const run = classes() ? runTrainedOn(lab.run.settings.normal?.length ? null : value()) : null;
      return run?.state === "done" ? run : null;
    },
    /**
     * @param {string|null} words the server's sentence on the training rows
     * @param {boolean} sawAnomalies
     */
    setTrainedOn(words, sawAnomalies) {
      trainedOnNote.textContent = words || "";
      trainedOnNote.className = sawAnomalies ? "message warn trained-on" : "note trained-on";
      el.dataset.classes = value()?.join(",") ?? "";
    },
    words: () => (chosen ? `${chosen.size === 1 ? "class" : "classes"} ${joinNames(value())}` : countOf(lab.dataset()?.rows || 0, noun)),
  };
}

const sameSet = (names, set) => names.length === set.size && names.every((name) => set.has(name));

/** "1-500, 720" -> [[0, 499], [719, 719]]; parts that cannot be parsed are left out. */
export function rowRanges(text) {
  return text.split(",").map((part) => part.trim().match(/^(\d+)(?:\s*[-–]\s*(\d+))?$/)).filter(Boolean)
    .map(([, first, last]) => [Number(first) - 1, Number(last ?? first) - 1]).filter(([first, last]) => first >= 0 && last >= first);
}

/** The settings of the next run; an empty field means that narrows chooses. */

import { segmented } from "../../core/controls.js";
import { clear, h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { startRun, variantChoices } from "./run-actions.js";

/**
 * @param {Lab} lab
 * @param {() => void} close
 */
export function mountSettings(lab, close) {
  const el = h("form", { class: "stack settings", novalidate: true, on: { submit: send } });
  let variant = "";
  /** @type {Array<ReturnType<typeof makeField>>} */
  let fields = [];
  /** @type {Set<string>} */
  let normal = new Set();
  let origin = "";

  async function send(event) {
    event.preventDefault();
    const run = lab.run;
    const settings = { ...run?.settings };
    for (const { key, variants } of lab.state?.settings || []) if (variants.length) settings[key] = null;
    /** @type {any} */
    let firstWrong = null;
    for (const field of fields) {
      const { value, problem } = field.read();
      field.showProblem(problem);
      if (problem) firstWrong ||= field;
      settings[field.key] = value;
    }
    if (firstWrong) return firstWrong.input.focus();
    settings.normal = normal.size ? [...normal] : null;
    if (await startRun(lab, { dataset: run?.dataset || lab.state?.datasets[0].id, variant, settings })) close();
  }

  function build() {
    const run = lab.run;
    const set = lab.dataset();
    const settings = run?.settings || {};
    variant ||= run?.variant || "plain";
    normal = new Set(settings.normal || []);
    const auto = lab.state?.defaults?.[variant] || {};
    const specs = lab.state?.settings || [];
    /** @param {SettingField} spec */
    const make = (spec) => makeField(spec, settings[spec.key] ?? null, auto[spec.key]);
    const inSection = (name) => specs.filter((spec) => spec.section === name && !spec.variants.length).map(make);
    const own = specs.filter((spec) => spec.variants.includes(variant)).map(make);
    const [model, training, more] = [inSection("model"), inSection("training"), inSection("more")];
    const network = specs.find((spec) => spec.section === "images");
    const architecture = set?.kind === "images" && network ? networkField(network, settings[network.key]) : null;
    fields = [...model, ...training, ...more, ...own, ...(architecture ? [architecture] : [])];
    const choices = variantChoices(lab);
    const chooser = segmented({ label: "Variant", value: variant, choices, onChoose: (v) => { variant = v; build(); } });
    clear(el, h("section", { class: "stack tight" }, h("h3", {}, "Variant"), chooser.el, h("p", { class: "note" }, choices.find(([name]) => name === variant)?.[2]), own.map((f) => f.el)),
      h("section", { class: "stack tight" }, h("h3", {}, "Model"), architecture?.el, model.map((f) => f.el)),
      h("section", { class: "stack tight" }, h("h3", {}, "Training"), training.map((f) => f.el),
        h("details", {}, h("summary", {}, "More"), h("div", { class: "stack tight" }, more.map((f) => f.el)))),
      normalChooser(set),
      h("div", { class: "drawer-foot" }, h("button", { type: "submit", class: "button primary", dataset: { action: "train-settings" } }, icon("play"), "Train with these settings"),
        h("p", { class: "note" }, "The run in view stays in the list for comparison.")));
  }

  function normalChooser(set) {
    if (!set?.classes || set.classes.length < 2) return null;
    return h("details", { open: normal.size > 0 }, h("summary", {}, "Train on some classes only"),
      h("div", { class: "stack tight" }, h("p", { class: "note" }, "For anomaly detection: the normal classes. If none is selected, all classes are used."),
        h("div", { class: "row" }, set.classes.slice(0, 40).map((name) => {
          const button = h("button", { type: "button", class: "chip plain", "aria-pressed": String(normal.has(name)), dataset: { normal: name }, on: { click: () => {
            if (normal.has(name)) normal.delete(name);
            else normal.add(name);
            button.setAttribute("aria-pressed", String(normal.has(name)));
          } } }, name);
          return button;
        }))));
  }

  function update(force) {
    const current = `${lab.run?.id} ${lab.dataset()?.labels} ${Boolean(lab.state)}`;
    // A form that the user edits is not rebuilt.
    if (!force && current === origin) return;
    if (force && current === origin && el.firstChild) return;
    if (current !== origin) variant = "";
    origin = current;
    build();
  }

  return { el, update };
}

const NETWORK_LABELS = { mlp: "Layers", conv: "Convolutions" };

/**
 * @param {SettingField} spec
 * @param {any} value
 */
function networkField({ key, label, choices }, value) {
  let current = value || choices[0];
  const choice = segmented({ label, value: current, choices: choices.map((name) => [name, NETWORK_LABELS[name] || name]), onChoose: (v) => { current = v; } });
  return { key, el: h("div", { class: "field is-wide" }, h("span", { class: "field-name" }, label), choice.el), input: choice.el, read: () => ({ value: current, problem: null }), showProblem() {} };
}

/**
 * A field of the form; left empty it means "auto".
 * @param {SettingField} spec
 * @param {any} value of the run in view, null for "auto"
 * @param {any} auto the value of "auto" for the variant
 */
function makeField({ key, label, hint, kind, low, high, choices }, value, auto) {
  const autoText = auto === undefined || auto === null ? "auto" : `auto (${Array.isArray(auto) ? auto.join(", ") : auto})`;
  const text = value === null ? "" : Array.isArray(value) ? value.join(", ") : String(value);
  const attrs = { dataset: { setting: key }, autocomplete: "off", spellcheck: "false" };
  const input = kind === "name"
    ? h("select", attrs, h("option", { value: "" }, autoText), [...new Set([...choices, ...(value ? [value] : [])])].map((name) => h("option", { value: name, selected: name === value }, name)))
    : h("input", { ...attrs, type: "text", inputmode: kind === "sizes" ? "text" : "decimal", placeholder: autoText, value: text });
  const note = h("span", { class: "note" }, hint);
  const el = h("label", { class: "field" }, h("span", { class: "field-name" }, label), input, note);
  return {
    key, el, input,
    read() {
      const entered = input.value.trim();
      if (!entered) return { value: null, problem: null };
      if (kind === "name") return { value: entered, problem: null };
      if (kind === "sizes") {
        const sizes = entered.split(/[\s,]+/).filter(Boolean).map(Number);
        return sizes.every((n) => Number.isInteger(n) && n > 0) ? { value: sizes, problem: null } : { value: null, problem: "Enter whole numbers separated by commas, as in 64, 32." };
      }
      const number = Number(entered.replace(",", "."));
      if (!Number.isFinite(number) || (kind === "int" && !Number.isInteger(number))) return { value: null, problem: kind === "int" ? "Enter a whole number." : "Enter a number." };
      if (number < low || number > high) return { value: null, problem: kind === "int" ? `Enter a number between ${low} and ${high}.` : `Enter a number of at least ${low}.` };
      return { value: number, problem: null };
    },
    showProblem(problem) {
      note.textContent = problem || hint;
      note.classList.toggle("is-problem", Boolean(problem));
      input.setAttribute("aria-invalid", String(Boolean(problem)));
    },
  };
}

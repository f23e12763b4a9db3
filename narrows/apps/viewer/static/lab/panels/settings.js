/** The settings of the next run; an empty field means that narrows chooses. */

import { segmented } from "../../core/controls.js";
import { clear, h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { startRun, VARIANTS } from "./run-actions.js";

/**
 * Key, label, explanation, kind, limits; an empty field means "auto".
 * @typedef {[string, string, string, "whole"|"real"|"sizes"|"choice", {min?: number, max?: number, choices?: string[]}?]} SettingSpec
 */

/** @type {SettingSpec[]} */
const MODEL = [
  ["n_components", "Code size", "Numbers in the code of each row. Two can be drawn as a map.", "whole", { min: 1, max: 512 }],
  ["hidden_layer_sizes", "Hidden layers", "Units of the encoder layers, as in 64, 32; the decoder mirrors them.", "sizes"],
  ["activation", "Activation", "Function that each unit applies to its weighted sum.", "choice", { choices: ["relu", "gelu", "silu", "elu", "tanh", "sigmoid", "linear"] }],
];
/** @type {SettingSpec[]} */
const TRAINING = [
  ["epochs", "Epochs", "Passes over the training rows.", "whole", { min: 1, max: 5000 }],
  ["learning_rate", "Learning rate", "Size of each update of the weights. Too large a value makes the loss diverge.", "real", { min: 0 }],
  ["batch_size", "Batch size", "Rows per update.", "whole", { min: 1, max: 65536 }],
  ["optimizer", "Optimizer", "Algorithm that updates the weights.", "choice", { choices: ["adam", "adamw", "rmsprop", "sgd", "muon"] }],
  ["seed", "Seed", "The same seed gives the same run.", "whole", { min: 0, max: 2 ** 31 - 1 }],
];
/** @type {Record<string, SettingSpec[]>} */
const BY_VARIANT = {
  plain: [],
  denoising: [["corruption", "Noise", "Corruption of the input rows during training.", "choice", { choices: ["gaussian", "masking", "salt-and-pepper"] }],
    ["corruption_level", "Noise level", "Gaussian: standard deviation. Others: share of the values that are corrupted.", "real", { min: 0 }]],
  sparse: [["sparsity", "Sparsity weight", "Weight of the sparsity penalty.", "real", { min: 0 }]],
  contractive: [["contraction", "Contraction weight", "Weight of the contraction penalty.", "real", { min: 0 }]],
  variational: [["beta", "Beta", "Weight of the KL divergence to the prior. 1 is the standard VAE; less gives sharper pictures.", "real", { min: 0 }]],
};

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
    for (const list of Object.values(BY_VARIANT)) for (const [key] of list) settings[key] = null;
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
    const make = (spec) => makeField(spec, settings[spec[0]] ?? null, auto[spec[0]]);
    const model = MODEL.map(make);
    const training = TRAINING.map(make);
    const own = BY_VARIANT[variant].map(make);
    fields = [...model, ...training, ...own];
    const chooser = segmented({ label: "Variant", value: variant, choices: VARIANTS, onChoose: (v) => { variant = v; build(); } });
    const architecture = set?.kind === "images" ? architectureField(settings.architecture) : null;
    if (architecture) fields.push(architecture);
    clear(el, h("section", { class: "stack tight" }, h("h3", {}, "Variant"), chooser.el, h("p", { class: "note" }, VARIANTS.find(([name]) => name === variant)?.[2]), own.map((f) => f.el)),
      h("section", { class: "stack tight" }, h("h3", {}, "Model"), architecture?.el, model.map((f) => f.el)),
      h("section", { class: "stack tight" }, h("h3", {}, "Training"), training.slice(0, 2).map((f) => f.el),
        h("details", {}, h("summary", {}, "More"), h("div", { class: "stack tight" }, training.slice(2).map((f) => f.el)))),
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
    const current = `${lab.run?.id} ${lab.dataset()?.labels}`;
    // A form that the user edits is not rebuilt.
    if (!force && current === origin) return;
    if (force && current === origin && el.firstChild) return;
    if (current !== origin) variant = "";
    origin = current;
    build();
  }

  return { el, update };
}

function architectureField(value) {
  let current = value || "mlp";
  const choice = segmented({ label: "Network", value: current, choices: [["mlp", "Layers"], ["conv", "Convolutions"]], onChoose: (v) => { current = v; } });
  return { key: "architecture", el: h("div", { class: "field is-wide" }, h("span", { class: "field-name" }, "Network"), choice.el), input: choice.el, read: () => ({ value: current, problem: null }), showProblem() {} };
}

/**
 * @param {SettingSpec} spec
 * @param {any} value of the run in view, null for "auto"
 * @param {any} auto the value of "auto" for the variant
 */
function makeField([key, words, hint, kind, extras = {}], value, auto) {
  const autoText = auto === undefined || auto === null ? "auto" : `auto (${Array.isArray(auto) ? auto.join(", ") : auto})`;
  const text = value === null ? "" : Array.isArray(value) ? value.join(", ") : String(value);
  const attrs = { dataset: { setting: key }, autocomplete: "off", spellcheck: "false" };
  const input = kind === "choice"
    ? h("select", attrs, h("option", { value: "" }, autoText), [...new Set([...(extras.choices || []), ...(value ? [value] : [])])].map((name) => h("option", { value: name, selected: name === value }, name)))
    : h("input", { ...attrs, type: "text", inputmode: kind === "sizes" ? "text" : "decimal", placeholder: autoText, value: text });
  const note = h("span", { class: "note" }, hint);
  const el = h("label", { class: "field" }, h("span", { class: "field-name" }, words), input, note);
  return {
    key, el, input,
    read() {
      const entered = input.value.trim();
      if (!entered) return { value: null, problem: null };
      if (kind === "choice") return { value: entered, problem: null };
      if (kind === "sizes") {
        const sizes = entered.split(/[\s,]+/).filter(Boolean).map(Number);
        return sizes.every((n) => Number.isInteger(n) && n > 0) ? { value: sizes, problem: null } : { value: null, problem: "Enter whole numbers separated by commas, as in 64, 32." };
      }
      const number = Number(entered.replace(",", "."));
      if (!Number.isFinite(number) || (kind === "whole" && !Number.isInteger(number))) return { value: null, problem: kind === "whole" ? "Enter a whole number." : "Enter a number." };
      if (number < (extras.min ?? -Infinity) || number > (extras.max ?? Infinity)) return { value: null, problem: extras.max ? `Enter a number between ${extras.min} and ${extras.max}.` : `Enter a number of at least ${extras.min}.` };
      return { value: number, problem: null };
    },
    showProblem(problem) {
      note.textContent = problem || hint;
      note.classList.toggle("is-problem", Boolean(problem));
      input.setAttribute("aria-invalid", String(Boolean(problem)));
    },
  };
}

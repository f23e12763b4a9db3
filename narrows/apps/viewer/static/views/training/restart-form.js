/** A form with the three main settings that starts a new run; the run in view is kept for comparison. */

import { h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";

/**
 * @param {MountedLab} lab
 * @param {Run} run
 */
export function mountRestartForm(lab, run) {
  const field = (key, words, value) => {
    const input = h("input", { type: "text", inputmode: "decimal", value: value ?? "", placeholder: "auto", autocomplete: "off", dataset: { restart: key } });
    return { key, input, el: h("label", { class: "field" }, h("span", {}, words), input) };
  };
  const fields = [field("n_components", "Code size", run.settings?.n_components), field("learning_rate", "Learning rate", run.settings?.learning_rate), field("epochs", "Epochs", run.settings?.epochs)];
  const problem = h("p", { class: "note is-problem", role: "alert" });
  const submit = h("button", { type: "submit", class: "button primary", dataset: { action: "restart" } }, icon("play"), "Start again");
  const el = h("form", { class: "controls restart", novalidate: true, on: { submit: start } }, fields.map((one) => one.el), submit, problem);

  async function start(event) {
    event.preventDefault();
    const settings = { ...run.settings };
    for (const { key, input } of fields) {
      const text = input.value.trim().replace(",", ".");
      const value = text ? Number(text) : null;
      if (value !== null && (!(value > 0) || (key !== "learning_rate" && !Number.isInteger(value)))) {
        problem.textContent = key === "learning_rate" ? "The learning rate must be a number above 0." : "This must be a whole number of at least 1.";
        return input.focus();
      }
      settings[key] = value;
    }
    problem.textContent = "";
    submit.disabled = true;
    try {
      const response = await lab.command("train.start", { dataset: run.dataset, variant: run.variant, settings });
      lab.store.set("epoch", null);
      lab.store.set("compare", run.id);
      lab.show(response.run);
    } catch (error) {
      if (!error.dropped) problem.textContent = [error.message, error.hint].filter(Boolean).join(" ");
    }
    submit.disabled = false;
    return undefined;
  }

  return { el, update: (now) => { submit.disabled = !lab.connected || !lab.can.train || now.can_train === false; } };
}

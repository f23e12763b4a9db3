/** Chooses a second run to compare with, or trains the missing variant. */

import { clear, h } from "../../core/dom.js";

/** @param {{lab: MountedLab, onChange: () => void}} o */
export function runComparison({ lab, onChange }) {
  const select = h("select", { dataset: { act: "compare" }, on: { change: () => { lab.compareWith(select.value || null); onChange(); } } });
  const train = h("button", { type: "button", class: "button", dataset: { act: "train-other" }, on: { click: () => start() } });
  const field = h("label", { class: "row compare-field" }, h("span", { class: "note" }, "Compare with"), select);
  const el = h("div", { class: "row" }, field, train);
  let signature = "";

  const otherVariant = () => (lab.run?.variant === "denoising" ? "plain" : "denoising");
  const candidates = () => (lab.state?.runs || []).filter((run) => run.id !== lab.run?.id && run.dataset === lab.run?.dataset && run.n_floats === lab.run?.n_floats);

  async function start() {
    const { id, settings, dataset } = lab.run;
    train.disabled = true;
    try {
      const variant = otherVariant();
      const answer = await lab.command("train.start", { dataset, variant, settings: { ...settings, corruption: null, corruption_level: null } });
      // The new run is compared with the old one, which stays in view.
      if (lab.run?.id !== id) lab.show(id);
      lab.compareWith(answer.run);
      lab.announce(`A ${variant} run is training for comparison.`);
    } catch (error) {
      if (!error?.dropped) lab.announce(error.message || String(error));
    }
    train.disabled = false;
    onChange();
  }

  return {
    el,
    run: () => (lab.compare && candidates().includes(lab.compare) ? lab.compare : null),
    refresh() {
      const runs = candidates();
      const missing = !runs.some((run) => run.variant === otherVariant());
      const next = `${lab.run.id} ${runs.map((run) => `${run.id} ${run.name}`)} ${lab.compare?.id}`;
      if (next === signature) return;
      signature = next;
      field.hidden = !runs.length;
      clear(select, h("option", { value: "" }, "no other run"), runs.map((run) => h("option", { value: run.id }, `${run.number} · ${run.name}`)));
      select.value = lab.compare?.id || "";
      train.hidden = !missing || !lab.can.train || lab.run.can_train === false;
      train.textContent = `Train a ${otherVariant()} run to compare`;
    },
  };
}

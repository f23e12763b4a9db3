/** Says when a network was trained on other noise than the noise in view, and offers one trained on this noise. */

import { h } from "../../core/dom.js";

/** @param {{lab: MountedLab, labelOf: (kind: string) => string}} o */
export function noiseTraining({ lab, labelOf }) {
  const words = h("span", { class: "note" });
  const train = h("button", { type: "button", class: "button", dataset: { act: "train-noise" }, on: { click: () => start() } }, "Train on this noise");
  const el = h("div", { class: "row", hidden: true, dataset: { otherNoise: "true" } }, words, train);
  let chosen = { kind: "", level: 0 };

  async function start() {
    const { dataset, settings } = lab.run;
    const compared = lab.compare?.id ?? null;
    train.disabled = true;
    try {
      const run = await lab.findOrTrain({ dataset, variant: "denoising", settings: { ...settings, corruption: chosen.kind, corruption_level: chosen.level } });
      lab.showHere(run, compared);
      lab.announce(`Training started on other noise: ${labelOf(chosen.kind)}.`);
    } catch (error) {
      if (!error?.dropped) lab.emit("error", error);
    }
    train.disabled = false;
  }

  return {
    el,
    /**
     * @param {Run} run in view
     * @param {{kind: string, level: number}} noise in view
     */
    refresh(run, { kind, level }) {
      const trained = run.variant === "denoising" ? run.settings.corruption : null;
      el.hidden = !trained || trained === kind || !level || !lab.can.train || run.can_train === false;
      if (el.hidden) return;
      chosen = { kind, level };
      words.textContent = `This network was trained on other noise: ${labelOf(trained)}.`;
    },
  };
}

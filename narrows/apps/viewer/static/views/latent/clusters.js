/** The offer of a network whose code shows clusters, and the way back from it. */

import { clear, h } from "../../core/dom.js";
import { sampleNoun } from "../shared/text.js";

/** Where the probe and the pins stand: they belong to the map of one run. */
const PLACES = ["z", "a", "b"];

/**
 * @param {MountedLab} lab
 * @param {Run} run
 * @returns {{el: HTMLElement, refresh: () => void}}
 */
export function mountClusterOffer(lab, run) {
  const el = h("div", { class: "row", dataset: { clusters: "" }, hidden: true });
  const noun = sampleNoun(run);
  const isMap = run.settings.penalty === "neighbours";
  let shown = "";

  const button = (act, words, f, title = "") => h("button", { type: "button", class: "button small", title, dataset: { act }, on: { click: f } }, words);

  function leave(go) {
    for (const key of PLACES) lab.store.set(key, null);
    go();
  }

  /** Shows the network whose code keeps neighbours together; the server trains it if there is none. */
  async function open() {
    el.querySelector("button")?.setAttribute("disabled", "");
    try {
      const { run: example } = await lab.command("train.example", { view: "latent", dataset: run.dataset });
      leave(() => lab.showHere(example));
    } catch (error) {
      if (!error?.dropped) lab.emit("error", error);
      el.querySelector("button")?.removeAttribute("disabled");
    }
  }

  function refresh() {
    const before = lab.store.get("latent-run") && lab.runOfAllViews;
    const back = before && before.id !== run.id ? button("back", `Back to run ${before.number}`, () => leave(() => lab.store.set("latent-run", null))) : null;
    const hasClasses = (lab.dataset()?.classes?.length ?? 0) > 1;
    const canOffer = !isMap && !back && lab.can.train && run.can_train !== false && hasClasses;
    const isThere = lab.state.runs.some((one) => one.dataset === run.dataset && one.settings.penalty === "neighbours");
    const words = isMap ? `This network also had to keep similar ${noun}s near each other, as UMAP does${hasClasses ? "; it was not given the classes" : ""}.`
      : `A network that must also keep similar ${noun}s near each other shows the classes as clusters.`;
    el.hidden = !isMap && !canOffer && !back;
    const key = `${words} ${Boolean(canOffer)} ${back?.textContent} ${isThere}`;
    if (key === shown) return;
    shown = key;
    clear(el, h("p", { class: "note" }, words), back ?? (canOffer ? button("clusters", "Show clusters", open, isThere ? "" : "Starts a training") : null));
  }

  return { el, refresh };
}

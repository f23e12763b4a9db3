/** The offer of a network whose code shows clusters, and the way back from it. */

import { clear, h } from "../../core/dom.js";
import { sampleNoun } from "../shared/text.js";

/** Forgets where the probe and the pins are: these places belong to the map of one run. */
export const leavePlaces = (store) => ["z", "a", "b"].forEach((key) => store.set(key, null));

const TRAINING = new Set(["preparing", "running", "pausing", "paused"]);

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

  const newestMap = () => lab.state.runs.findLast((one) => one.dataset === run.dataset && one.settings.penalty === "neighbours");

  /** Shows the network whose code keeps neighbours together; the server trains it if there is none. */
  async function open() {
    el.querySelector("button")?.setAttribute("disabled", "");
    try {
      const map = newestMap();
      const example = map && (TRAINING.has(map.state) || !lab.can.train) ? map.id : (await lab.command("train.example", { view: "latent", dataset: run.dataset })).run;
      leavePlaces(lab.store);
      lab.showHere(example);
    } catch (error) {
      if (!error?.dropped) lab.emit("error", error);
      el.querySelector("button")?.removeAttribute("disabled");
    }
  }

  /** Shows the run of all views here too, also where the map would open by itself. */
  function goBack(id) {
    leavePlaces(lab.store);
    lab.store.set("latent-run", id);
  }

  function refresh() {
    const before = lab.store.get("latent-run") && lab.runOfAllViews;
    const back = before && before.id !== run.id ? button("back", `Back to run ${before.number}`, () => goBack(before.id)) : null;
    const hasClasses = (lab.dataset()?.classes?.length ?? 0) > 1;
    const map = newestMap();
    const canOffer = !isMap && !back && hasClasses && (lab.can.train ? run.can_train !== false : Boolean(map));
    const isTraining = Boolean(map && TRAINING.has(map.state));
    const words = isMap ? `This network also had to keep similar ${noun}s near each other, as UMAP does${hasClasses ? "; it was not given the classes" : ""}.`
      : `A network that must also keep similar ${noun}s near each other shows the classes as clusters.${canOffer && map && isTraining ? ` ${trainingSentence(map, lab.awaited?.run === map.id, lab.dataset()?.rows ?? 0)}` : ""}`;
    el.hidden = !isMap && !canOffer && !back;
    el.dataset.clusters = canOffer && isTraining ? "training" : "";
    const offer = isTraining ? "Watch it learn" : "Show clusters";
    const key = `${words} ${Boolean(canOffer)} ${back?.textContent} ${Boolean(map)} ${offer}`;
    if (key === shown) return;
    shown = key;
    clear(el, h("p", { class: "note" }, words), back ?? (canOffer ? button("clusters", offer, open, map ? "" : "Starts a training") : null));
  }

  return { el, refresh };
}

/** How far the training of the map is, how long it takes, and whether the map is then shown by itself. */
function trainingSentence({ epoch, epochs, seconds = 0 }, isAwaited, rows) {
  const left = epoch && epochs ? (seconds / epoch) * (epochs - epoch) : null;
  const time = left === null ? `it takes ${rows < 5000 ? "less than a minute" : "a few minutes"}` : left < 90 ? `about ${Math.max(5, 5 * Math.round(left / 5))} s left` : `about ${Math.round(left / 60)} min left`;
  return `It is in training${epoch ? `, epoch ${epoch} of ${epochs ?? "–"}` : ""}: ${time}.${isAwaited ? " The map shows it when it is done." : ""}`;
}

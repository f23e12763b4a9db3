/** Shows errors and a lost connection in one sentence, with what to do. */

import { clear, h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { startRun } from "./run-actions.js";

/**
 * @param {HTMLElement} el
 * @param {Lab} lab
 * @param {{onDrawer: Function, onRetry: Function}} how
 */
export function mountNotice(el, lab, { onDrawer, onRetry }) {
  /** @type {Failure|null} */
  let error = null;
  let timer = 0;
  let renderedKey = "";
  /** @type {string|null|undefined} undefined until the first state arrives */
  let removed;
  lab.on("state", (state) => {
    const news = removed !== undefined && state.removed && state.removed !== removed;
    removed = state.removed ?? null;
    if (news) lab.emit("error", { message: state.removed, hint: "Save a model that you want to keep." });
  });
  lab.on("error", (one) => {
    error = one;
    clearTimeout(timer);
    timer = setTimeout(() => { error = null; update(); }, 12000);
    update();
  });

  function retry(change = {}) {
    const { run } = lab;
    if (!run) return null;
    return startRun(lab, { dataset: run.dataset, variant: run.variant, settings: { ...run.settings, ...change } });
  }

  /**
   * Kind, tone, sentence, hint and buttons; null where there is nothing to say.
   * @returns {[string, string, string|undefined, string|null|undefined, Array<[string, Function]>]|null}
   */
  function currentNotice() {
    const run = lab.run;
    if (!lab.connected && lab.state && lab.refused) return ["refused", "warn", lab.refused.message, lab.refused.hint, [["Try now", onRetry]]];
    if (!lab.connected && lab.state) {
      return ["lost", "warn", `Reconnecting… ${run ? `Showing epoch ${run.epoch ?? 0}.` : ""}`, "The page shows the last data it received; a training continues on the server.", [["Try now", onRetry]]];
    }
    if (error) return ["error", "bad", error.message, error.hint, [["Dismiss", () => { error = null; update(); }]]];
    if (lab.state?.status === "failed") return ["server", "bad", lab.state.message || "The server could not start.", null, []];
    if (run?.state === "failed") return ["failed", "bad", run.message || "The training stopped with an error.", run.hint, [["Retry", () => retry()], ["Settings", () => onDrawer("settings")]]];
    if (run?.state === "diverged") {
      const rate = run.settings?.learning_rate;
      const slower = Number.isFinite(rate) ? Math.min(rate / 10, 0.001) : 0.0003;
      return ["diverged", "warn", run.message || `The loss became infinite at epoch ${run.epoch}.`, run.hint || "A smaller learning rate usually helps.",
        [[`Retry with learning rate ${slower}`, () => retry({ learning_rate: slower })], ["Settings", () => onDrawer("settings")]]];
    }
    return null;
  }

  /** The notice, without the buttons that a pupil's page must not have. */
  function allowedNotice() {
    const current = currentNotice();
    if (current && !lab.can.train && ["failed", "diverged"].includes(current[0])) current[4] = [];
    return current;
  }

  function update() {
    const current = allowedNotice();
    const key = current ? current.slice(0, 4).join("|") : "";
    if (key === renderedKey) return;
    renderedKey = key;
    el.hidden = !current;
    el.dataset.notice = current ? current[0] : "";
    if (!current) return clear(el);
    const [, tone, words, hint, buttons] = current;
    clear(el, h("div", { class: `message ${tone}` }, icon("warn"),
      h("div", { class: "message-words" }, h("b", {}, words), hint ? h("span", {}, ` ${hint}`) : null),
      h("div", { class: "message-buttons" }, buttons.map(([name, f]) => h("button", { type: "button", class: "button small", on: { click: f } }, name)))));
  }

  return { update };
}

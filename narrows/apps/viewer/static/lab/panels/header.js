/** The header: views, status of the training, and the buttons that control it. */

import { segmented } from "../../core/controls.js";
import { clear, h, svg } from "../../core/dom.js";
import { count, number } from "../../core/format.js";
import { icon } from "../../core/icons.js";
import { onKey } from "../../core/keyboard.js";
import { WHY_NOT } from "../../core/session.js";
import { VIEWS } from "../../core/view-names.js";
import { canResume, canSwitch, isBusy, isFinished, pauseOrResume, playPause, step, stop, switchVariant, variantChoices, variantTitle } from "./run-actions.js";
import { lossAxis } from "../../views/shared/text.js";

const SHIPPED = "This run was trained in advance and came with narrows. Train again trains it on this machine.";

function brand() {
  return h("a", { class: "brand", href: "#", "aria-label": "narrows lab, start" },
    svg("svg", { class: "brand-mark", viewBox: "0 0 24 24", width: 22, height: 22, "aria-hidden": "true" },
      svg("path", { d: "M3 3c0 6 6 6.5 6 9s-6 3-6 9M21 3c0 6-6 6.5-6 9s6 3 6 9", fill: "none", stroke: "currentColor", "stroke-width": 2.6, "stroke-linecap": "round" })), "narrows");
}

/**
 * @param {HTMLElement} el
 * @param {Lab} lab
 * @param {{pcaError: (run: Run) => number|null, onTheme: () => void, onHelp: () => void, onDrawer: (tab: string) => void, share: HTMLElement, presentation: HTMLElement}} how
 */
export function mountHeader(el, lab, { pcaError, onTheme, onHelp, onDrawer, share, presentation }) {
  const tabs = VIEWS.map(([name, words], i) => h("button", { type: "button", class: "tab", dataset: { tab: name }, on: { click: () => lab.store.set("view", name) } },
    h("span", { class: "tab-number", "aria-hidden": "true" }, i + 1), words));
  const status = h("p", { class: "lab-status", "aria-label": "Status" });
  const train = h("button", { type: "button", class: "button primary", dataset: { action: "train" }, on: { click: () => playPause(lab) } });
  const stepButton = h("button", { type: "button", class: "button square", title: "One epoch ( . )", "aria-label": "Train one epoch", dataset: { action: "step" }, on: { click: () => step(lab) } }, icon("step"));
  const stopButton = h("button", { type: "button", class: "button square", title: "Stop training", "aria-label": "Stop training", dataset: { action: "stop" }, on: { click: () => stop(lab) } }, icon("stop"));
  const themeButton = h("button", { type: "button", class: "button quiet square", dataset: { action: "theme" }, on: { click: onTheme } });
  const helpButton = h("button", { type: "button", class: "button quiet square", "aria-label": "Keys and help", title: "Keys and help ( ? )", dataset: { action: "help" }, on: { click: onHelp } }, icon("help"));
  const driving = h("div", { class: "driving", role: "group", "aria-label": "Training" }, train, stepButton, stopButton);
  const rejoin = h("button", { type: "button", class: "button small", dataset: { action: "rejoin" }, on: { click: () => lab.show(null) } }, "Show your teacher's run");
  const exploring = h("div", { class: "exploring" }, h("p", { class: "note" }, WHY_NOT), rejoin);
  const progress = h("div", { class: "lab-progress", "aria-hidden": "true" });
  const variantSlot = h("div", { class: "lab-variants" });
  /** @type {ReturnType<typeof segmented> | null} made once the session has said which variants there are */
  let variants = null;
  const data = h("button", { type: "button", class: "button small", dataset: { action: "data" }, on: { click: () => onDrawer("data") } });
  const settings = h("button", { type: "button", class: "button small", dataset: { action: "settings" }, on: { click: () => onDrawer("settings") } }, icon("settings"), "Settings");
  const runs = h("button", { type: "button", class: "button small", dataset: { action: "runs" }, on: { click: () => onDrawer("runs") } });

  clear(el,
    h("div", { class: "lab-bar" }, brand(), h("nav", { class: "tabs", "aria-label": "Views" }, tabs), status,
      driving,
      h("div", { class: "tools" }, presentation, themeButton, helpButton)),
    progress,
    h("div", { class: "lab-tools" }, variantSlot, h("div", { class: "lab-buttons" }, data, settings, runs, share)));

  VIEWS.forEach(([name], i) => onKey(String(i + 1), () => lab.store.set("view", name), i ? "" : "the five views"));
  onKey(" ", () => pauseOrResume(lab), "pause or resume the training", driving);
  onKey(".", () => step(lab), "one epoch (while paused)", driving);
  onKey("?", onHelp, "show this list");

  function update() {
    const { run } = lab;
    const view = lab.store.get("view", VIEWS[0][0]);
    for (const tab of tabs) {
      if (tab.dataset.tab === view) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    const set = lab.dataset();
    clear(data, icon("data"), set ? set.name : "Data");
    clear(runs, icon("list"), "Runs", h("span", { class: "count" }, lab.state?.runs.length ?? 0));
    if (!variants && lab.state?.variants) {
      variants = segmented({ label: "Variant of the autoencoder", value: null, choices: variantChoices(lab), onChoose: (v) => switchVariant(lab, v).then(update), attrs: { "data-variants": true } });
      clear(variantSlot, variants.el);
    }
    variants?.set(run?.variant);
    for (const [variant, button] of variants?.buttons || []) Object.assign(button, { title: variantTitle(lab, variant) }).disabled = !lab.connected || !canSwitch(lab, variant);
    if (lab.can.train !== driving.isConnected) (lab.can.train ? exploring : driving).replaceWith(lab.can.train ? driving : exploring);
    rejoin.hidden = !lab.store.get("run") || lab.runOfAllViews?.id === lab.state?.opens_on;
    settings.hidden = !lab.can.train;
    const [words, iconName] = canResume(run) ? ["Resume", "play"] : !run || run.state === "loaded" || isFinished(run) ? [run && run.epoch ? "Train again" : "Train", "play"]
      : run.state === "paused" ? ["Resume", "play"] : run.state === "pausing" ? ["Pausing…", "pause"] : run.state === "preparing" ? ["Preparing…", "pause"] : ["Pause", "pause"];
    if (train.dataset.words !== words) { clear(train, icon(iconName), words); train.dataset.words = words; }
    train.disabled = !lab.connected || !run || ["pausing", "preparing"].includes(run.state) || run.can_train === false;
    stepButton.disabled = !lab.connected || run?.state !== "paused";
    stopButton.disabled = !lab.connected || !run || isFinished(run);
    el.dataset.run = run?.id ?? "";
    el.dataset.runState = run?.state ?? "";
    el.dataset.epoch = String(run?.epoch ?? "");
    progress.style.setProperty("--share", run?.state === "done" ? 1 : run ? Math.min(1, (run.epoch || 0) / Math.max(1, run.epochs || 1)) : 0);
    progress.classList.toggle("is-running", isBusy(run));
    clear(status, ...statusWords(lab, run, set, run && pcaError(run)));
  }

  function theme(dark) {
    clear(themeButton, icon(dark ? "sun" : "moon"));
    const words = dark ? "Switch to light" : "Switch to dark";
    themeButton.setAttribute("aria-label", words);
    themeButton.title = words;
  }

  return { update, theme };
}

function statusWords(lab, run, set, pca) {
  if (!run) return [lab.state?.status === "ready" ? "No run yet" : "Starting…"];
  const shape = set?.shape ? `${set.shape.slice(0, 2).join("×")}${set.shape[2] === 3 ? " RGB" : set.shape[2] > 1 ? `×${set.shape[2]}` : ""}` : set?.columns ? `${set.columns.length} columns` : "";
  const loss = run.validation ?? run.loss;
  const parts = [h("span", { class: "status-data" }, set ? `${count(set.rows)} × ${shape}` : run.dataset),
    h("span", { title: run.shipped ? SHIPPED : run.message }, "epoch ", h("b", {}, run.epoch ?? 0), `/${run.epochs ?? "–"}`, run.shipped ? " (example)" : run.state === "done" && run.message ? " (ended early)" : "")];
  if (Number.isFinite(loss)) parts.push(h("span", { title: run.unit ? `loss: ${lossAxis(run)}, ${run.validation !== null ? "validation data" : "training data"}` : null }, "loss ", h("b", {}, number(loss, 4))));
  if (Number.isFinite(pca)) parts.push(h("span", { dataset: { pca: "" }, title: `the squared error of PCA with ${run.n_components} components, on the same rows` }, "PCA ", h("b", {}, number(pca, 4))));
  return parts;
}

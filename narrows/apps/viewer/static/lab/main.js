/** The page of the lab: mounts the header, the drawer, the notices and the view, and updates them with the session. */

import { theme } from "../core/colour.js";
import { clear, existing, h } from "../core/dom.js";
import { listenForKeys } from "../core/keyboard.js";
import { createSession, viewSession } from "../core/session.js";
import { createStore, syncHash } from "../core/store.js";
import { debounce } from "../core/timing.js";
import { VIEWS } from "../core/view-names.js";
import { droppedFiles, fetchHistory } from "./http-api.js";
import { describeData, sizeWords } from "./panels/data.js";
import { followExamples } from "./example-runs.js";
import { mountDiagnosis } from "./panels/diagnosis.js";
import { mountDrawer } from "./panels/drawer.js";
import { mountExport } from "./panels/export.js";
import { mountHeader } from "./panels/header.js";
import { mountHelp } from "./panels/help.js";
import { mountNotice } from "./panels/notice.js";
import { mountPresentation } from "./panels/presentation.js";
import { mountSetups } from "./panels/setups.js";
import { mountTour } from "./panels/tour.js";
import { socketTransport } from "./socket-transport.js";

/** @type {HTMLElement} */
const page = existing(".narrows-lab");
const asked = new URLSearchParams(location.search);
const test = asked.has("test");
const reduced = test || matchMedia("(prefers-reduced-motion: reduce)").matches;
const store = createStore(location.hash.slice(1));
const live = h("div", { class: "visually-hidden", "aria-live": "polite", role: "status", dataset: { live: "true" } });
const lab = createSession(store, {
  can: { train: true, follow: true, live: true, ask: true },
  reduced,
  history: fetchHistory,
  announce: debounce((text) => { live.textContent = text; }, 400),
});
const header = h("header", { class: "lab-header" });
const notice = h("div", { class: "lab-notice", role: "status", hidden: true });
const setupStrip = h("section", { class: "setup panel", "aria-label": "What to look for", hidden: true });
const view = h("section", { class: "view", "aria-label": "View" });
const main = h("main", { class: "lab-main" }, notice, setupStrip, view);
const dropOverlay = h("div", { class: "drop-veil", hidden: true, "aria-hidden": "true" }, h("p", {}, "Drop to open"));
const skeleton = existing(".lab-main .panel");
clear(page, header, main, live, dropOverlay);
view.append(skeleton);
syncHash(store);

const transport = socketTransport(lab.receive, lab.connection);
lab.attach(transport);
const drawer = mountDrawer(page, lab);
const share = mountExport(lab, () => view);
const setups = mountSetups(setupStrip, lab);
const tour = mountTour(main, lab, { isAsked: asked.get("tour") === "1", isQuiet: test && asked.get("tour") !== "offer" });
const help = mountHelp(page, { onTour: tour.start, onPresets: () => drawer.open("presets") });
const diagnosis = mountDiagnosis(lab, () => { diagnosis.update(); bar.update(); });
const presentation = mountPresentation(page, lab);
const bar = mountHeader(header, lab, { pcaError: diagnosis.pcaError, onTheme: () => setTheme(!theme.dark), onHelp: help, onDrawer: drawer.open, share: share.el, presentation: presentation.el });
const notices = mountNotice(notice, lab, { onDrawer: drawer.open, onRetry: transport.retry });
listenForKeys(document);

/** Sets the light or dark theme: the user's choice, else that of the system. */
function setTheme(dark, remember = true) {
  theme.dark = dark;
  page.dataset.theme = dark ? "dark" : "light";
  document.documentElement.style.colorScheme = page.dataset.theme;
  bar.theme(dark);
  if (remember) try { localStorage.setItem("narrows-theme", page.dataset.theme); } catch { /* A browser may refuse to keep anything. */ }
  lab.emit("theme", dark);
}

function storedTheme() {
  try {
    return localStorage.getItem("narrows-theme");
  } catch {
    return null;
  }
}

const system = matchMedia("(prefers-color-scheme: dark)");
setTheme(storedTheme() ? storedTheme() === "dark" : system.matches, false);
system.addEventListener("change", (event) => { if (!storedTheme()) setTheme(event.matches, false); });

/** @type {View|null} */
let mounted = null;
let mountedKey = "";
let mounting = 0;

let endSession = () => {};

function unmount() {
  endSession();
  // It stays in view until the next view is loaded.
  view.firstElementChild?.removeAttribute("data-ready");
  mounted?.destroy?.();
  mounted = null;
}

/** Whether the run in view has weights to look at. */
const hasWeights = (run) => run !== null && run.state !== "preparing" && !(run.state === "failed" && !run.epoch);

/** Mounts the view that the address names; again if the view, the run or its labels change. */
async function showView() {
  const name = VIEWS.some(([one]) => one === store.get("view")) ? store.get("view") : VIEWS[0][0];
  const run = lab.run;
  const as = run && hasWeights(run) ? `${name} ${run.id} ${lab.dataset()?.labels ?? ""}` : `waiting ${lab.refused?.message} ${lab.state?.status} ${run?.state ?? JSON.stringify(lab.state?.datasets)}`;
  if (as === mountedKey) return mounted?.update?.();
  mountedKey = as;
  const attempt = ++mounting;
  unmount();
  if (!hasWeights(run)) return clear(view, placeholder(run));
  try {
    const module = await import(`../views/${name}/index.js`);
    if (attempt !== mounting) return undefined;
    const el = h("div", { class: "stack", dataset: { view: name } });
    clear(view, el);
    document.title = `${module.title} · narrows lab`;
    const own = viewSession(lab);
    endSession = own.end;
    mounted = module.mount(el, own.lab);
    diagnosis.placeIn(el);
  } catch (error) {
    clear(view, h("div", { class: "panel empty" }, h("h2", {}, "This view could not be drawn"), h("p", {}, String(error?.message || error)),
      h("button", { type: "button", class: "button", on: { click: () => { mountedKey = ""; showView(); } } }, "Try again")));
    throw error;
  }
  return undefined;
}

/** The placeholder of a view. */
function placeholder(run) {
  const state = lab.state;
  if (state && state.status === "ready" && !run) return emptyState(lab.dataset() ?? state.datasets.at(-1));
  if (!state && lab.refused) return h("div", { class: "panel empty", dataset: { waiting: "refused" } }, h("h2", {}, lab.refused.message), h("p", {}, lab.refused.hint));
  if (run?.state === "failed" || state?.status === "failed") return h("div", { class: "panel empty", dataset: { waiting: "failed" } }, h("h2", {}, "There is no model to show"), h("p", {}, "The message above gives the reason."));
  const words = run ? "Preparing the rows and the network…" : state ? "Starting (a few seconds)…" : "Connecting…";
  return h("div", { class: "panel stack", "aria-busy": "true", dataset: { waiting: "loading" } }, h("div", { class: "skeleton sk-title" }), h("p", { class: "caption late" }, words), h("div", { class: "skeleton sk-block" }));
}

/** The placeholder without a run: the data, and a button to train. */
function emptyState(set) {
  if (!lab.can.train) return h("div", { class: "panel empty", dataset: { waiting: "empty" } }, h("h2", {}, "Nothing is trained yet"), h("p", { class: "caption" }, "This page shows the first network as soon as your teacher trains one."));
  const choose = h("button", { type: "button", class: `button ${set ? "small" : "primary"}`, on: { click: () => drawer.open("data") } }, set ? "Other data" : "Choose data");
  return h("div", { class: "panel empty", dataset: { waiting: "empty" } }, h("h2", {}, set ? `${set.name} is ready. Train an autoencoder on it` : "Nothing is trained yet"),
    h("p", { class: "caption" }, set ? `${sizeWords(set)}.` : "Choose data to train an autoencoder on."),
    set ? describeData(lab, set, { fail: (error) => lab.emit("error", error), onTrained() {} }) : null, choose);
}

function update() {
  page.dataset.state = lab.state?.status ?? "opening";
  page.dataset.connected = String(lab.connected);
  bar.update();
  share.update();
  presentation.update();
  notices.update();
  diagnosis.update();
  drawer.update();
  setups.update();
  tour.update();
  showView();
}

/** Tells the server which run the visitor looks at, so that the next start opens on it. */
function noteShown() {
  const run = lab.runOfAllViews;
  if (!run || run.id === noted || lab.state?.status !== "ready" || !lab.can.train) return;
  noted = run.id;
  lab.command("run.shown", { run: run.id }).catch(() => { noted = ""; });
}

let noted = "";

lab.on("state", update);
followExamples(lab, (isOpening) => { page.dataset.openingExample = String(isOpening); }, setups.isOpening);
lab.on("run", update);
lab.on("run", noteShown);
lab.on("state", noteShown);
lab.on("compare", update);
lab.on("connection", (state) => { page.classList.toggle("is-lost", state === "lost"); update(); });
lab.on("epoch", () => bar.update());
store.on("view", () => { update(); scrollTo(0, 0); });

let depth = 0;
const carriesFiles = (event) => lab.can.train && [...(event.dataTransfer?.types || [])].includes("Files");
addEventListener("dragenter", (event) => { if (carriesFiles(event)) { depth++; dropOverlay.hidden = false; } });
addEventListener("dragleave", (event) => { if (carriesFiles(event) && --depth <= 0) { depth = 0; dropOverlay.hidden = true; } });
addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
addEventListener("drop", async (event) => {
  depth = 0;
  dropOverlay.hidden = true;
  if (!carriesFiles(event) || event.defaultPrevented) return;
  event.preventDefault();
  if (event.dataTransfer) drawer.receiveFiles(await droppedFiles(event.dataTransfer));
});

update();
transport.connect();

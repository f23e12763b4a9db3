/** The five views under tabs, inside an element of a host page. */

import { theme } from "../core/colour.js";
import { clear, h } from "../core/dom.js";
import { listenForKeys, onKey } from "../core/keyboard.js";
import { createSession, viewSession } from "../core/session.js";
import { debounce } from "../core/timing.js";
import { VIEWS } from "../core/view-names.js";
import * as anomaly from "../views/anomaly/index.js";
import * as denoise from "../views/denoise/index.js";
import * as flow from "../views/flow/index.js";
import * as latent from "../views/latent/index.js";
import * as training from "../views/training/index.js";

/** @type {Record<string, ViewModule>} */
const MODULES = { flow, latent, training, denoise, anomaly };

/**
 * @param {HTMLElement} host
 * @param {{store: Store, can: Abilities, state: SessionState, prefetched?: any, first: string, dark: () => boolean, transport: (lab: Lab) => Transport}} how `prefetched` describes the data in the page where no model answers, or returns that for a run; `first` is the view to open with; `dark` says whether the host's page is
 * @returns {{lab: Lab, destroy: () => void, remount: () => void, restyle: () => void}}
 */
export function embed(host, { store, can, state, prefetched = null, first, dark, transport }) {
  const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const live = h("div", { class: "visually-hidden", "aria-live": "polite", role: "status" });
  const problem = h("p", { class: "message bad", role: "alert", hidden: true });
  const panel = h("div", { class: "embed-panel", role: "tabpanel", tabindex: -1, "aria-label": "View" });
  const tabs = VIEWS.map(([name, words]) => h("button", { type: "button", role: "tab", class: "embed-tab", title: MODULES[name].title, dataset: { tab: name }, on: { click: () => store.set("view", name) } }, words));
  const bar = h("div", { class: "embed-tabs", role: "tablist", "aria-label": "Views", on: { keydown: moveTab } }, tabs);
  // Jupyter's shortcuts are off while the focus is inside.
  const root = h("div", { class: "narrows-lab embed", "data-lm-suppress-shortcuts": "true" }, bar, h("div", { class: "embed-view" }, problem, panel), live);
  const lab = createSession(store, {
    can, reduced,
    history: async (run) => (await lab.query("history", { run })).about.records,
    announce: debounce((text) => { live.textContent = text; }, 400),
  });
  lab.attach(transport(lab));
  /** @type {View|null} */
  let mounted = null;
  let [mountedName, mountedKey] = ["", ""];
  let endSession = () => {};

  function unmount() {
    endSession();
    mounted?.destroy?.();
    mounted = null;
  }

  const chosen = () => VIEWS.find(([name]) => name === store.get("view")) || VIEWS.find(([name]) => name === first) || VIEWS[0];

  function show() {
    const [name] = chosen();
    tabs.forEach((tab) => { tab.setAttribute("aria-selected", String(tab.dataset.tab === name)); tab.tabIndex = tab.dataset.tab === name ? 0 : -1; });
    const key = `${name} ${lab.run?.id}`;
    if (key === mountedKey) return;
    [mountedName, mountedKey] = [name, key];
    unmount();
    lab.prefetched = typeof prefetched === "function" ? prefetched(lab.run) : prefetched;
    problem.hidden = true;
    const el = h("div", { class: "stack", dataset: { view: name } });
    clear(panel, el);
    const own = viewSession(lab);
    endSession = own.end;
    mounted = MODULES[name].mount(el, own.lab);
  }

  function moveTab(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const next = tabs[(tabs.findIndex((tab) => tab.dataset.tab === mountedName) + by + tabs.length) % tabs.length];
    store.set("view", next.dataset.tab);
    next.focus();
  }

  function restyle() {
    const scheme = dark() ? "dark" : "light";
    if (root.dataset.theme === scheme) return;
    theme.dark = scheme === "dark";
    root.dataset.theme = scheme;
    lab.emit("theme", theme.dark);
  }

  host.append(root);
  restyle();
  const unsubscribe = [listenForKeys(root), store.on("view", show), lab.on("run", show), ...VIEWS.map(([name], i) => onKey(String(i + 1), () => store.set("view", name), "", root)),
    lab.on("error", (error) => { problem.hidden = false; problem.textContent = [error.message, error.hint].filter(Boolean).join(" "); })];
  lab.receive({ t: "state", state });
  show();
  return { lab, restyle, remount() { mountedKey = ""; show(); }, destroy() { unmount(); for (const f of unsubscribe) f(); root.remove(); } };
}

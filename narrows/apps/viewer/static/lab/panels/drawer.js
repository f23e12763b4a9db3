/** The drawer on the left with four tabs: data, settings of the next run, runs, presets. */

import { segmented } from "../../core/controls.js";
import { clear, h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { mountData } from "./data.js";
import { mountPresets } from "./preset-list.js";
import { mountRuns } from "./runs.js";
import { mountSettings } from "./settings.js";

/**
 * @param {HTMLElement} page
 * @param {Lab} lab
 */
export function mountDrawer(page, lab) {
  const body = h("div", { class: "drawer-body" });
  const tabs = segmented({ label: "Tabs of the drawer", value: "data", choices: [["data", "Data"], ["settings", "Settings"], ["runs", "Runs"], ["presets", "Presets"]], onChoose: show });
  const dialog = h("dialog", { class: "drawer", "aria-label": "Data, settings, runs and presets" },
    h("div", { class: "drawer-head" }, tabs.el, h("button", { type: "button", class: "button quiet square", "aria-label": "Close", dataset: { action: "close-drawer" }, on: { click: () => dialog.close() } }, icon("close"))), body);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  page.append(dialog);
  const close = () => dialog.close();
  const panels = { data: mountData(lab, close), settings: mountSettings(lab, close), runs: mountRuns(lab, close), presets: mountPresets(close) };
  let tab = "data";

  function show(name) {
    tab = name;
    tabs.set(name);
    panels[name].update(true);
    clear(body, panels[name].el);
    dialog.dataset.tab = name;
  }

  return {
    open(name) { show(name); if (!dialog.open) dialog.showModal(); },
    close,
    update() {
      const settings = tabs.buttons.get("settings");
      if (settings) settings.hidden = !lab.can.train;
      if (dialog.open) panels[tab].update(false);
    },
    /** Files from a drop anywhere on the page. */
    receiveFiles(files) { this.open("data"); panels.data.receiveFiles(files); },
  };
}

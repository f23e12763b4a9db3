/** Presentation mode: the view fills the screen in larger text, without what a class does not need; a code to join. */

import { h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { onKey } from "../../core/keyboard.js";

/**
 * @param {HTMLElement} page
 * @param {Lab} lab
 */
export function mountPresentation(page, lab) {
  const { store } = lab;
  const toggle = h("button", { type: "button", class: "button quiet square", dataset: { action: "present" }, on: { click: change } }, icon("screen"));
  const join = h("button", { type: "button", class: "button quiet square", hidden: true, "aria-label": "Show the address as a code", title: "Show the address as a code, for phones and other machines", dataset: { action: "join" }, on: { click: showCode } }, icon("code"));
  const picture = h("img", { class: "address-code", alt: "The address of this page as a QR code", width: 320, height: 320 });
  const address = h("p", { class: "class-address" });
  const who = h("p", { class: "note" });
  const dialog = h("dialog", { class: "sheet", "aria-label": "Open this page on another machine" },
    h("div", { class: "row spread" }, h("h2", {}, "Open this page on another machine"),
      h("button", { type: "button", class: "button quiet square", "aria-label": "Close", on: { click: () => dialog.close() } }, icon("close"))),
    picture, address, who);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  page.append(dialog);

  const isOn = () => store.get("present", false);

  function change() {
    const on = !isOn();
    store.set("present", on || null);
    // A browser fills the screen only at a press; a link opens the same layout in its window.
    if (on) document.documentElement.requestFullscreen?.().catch(() => {});
    else if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
  }

  function apply() {
    const on = isOn();
    page.toggleAttribute("data-present", on);
    toggle.setAttribute("aria-pressed", String(on));
    const words = on ? "End the presentation" : "Presentation";
    toggle.setAttribute("aria-label", words);
    toggle.title = `${words} ( p )`;
    dispatchEvent(new Event("resize")); // charts and maps measure their text and width again
  }

  function showCode() {
    const forPupils = lab.state?.pupil_address ?? null;
    // Without a run in the address, the pages of pupils follow the teacher's run.
    const state = new URLSearchParams({ view: store.get("view", "flow"), ...(lab.run && !forPupils ? { run: lab.run.id } : {}) });
    address.textContent = forPupils ?? "";
    address.hidden = !forPupils;
    who.textContent = forPupils ? "For pupils in the same network: scan the code, or type the address. Pupils explore; only the teacher's page trains."
      : "Scan the code in the same network. It holds the token: whoever scans it can train and stop too.";
    picture.src = `api/address.svg?state=${encodeURIComponent(String(state))}`;
    dialog.showModal();
  }

  store.on("present", apply);
  // Escape ends the full screen, and with it the presentation.
  document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement && isOn()) store.set("present", null); });
  onKey("p", change, "presentation mode");
  apply();
  return { el: h("div", { class: "presenting" }, join, toggle), update() { join.hidden = !lab.state?.joinable; } };
}

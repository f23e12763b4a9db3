/** The report's own script: unpacks what the page holds and mounts the views on it. Without it the still figures remain. */

import { createStore } from "../core/store.js";
import { embed } from "./embed.js";
import { staticTransport, unpackHeld } from "./prefetched-transport.js";

const section = document.getElementById("hold-section");
const host = section?.querySelector(".hold");
const held = document.getElementById("held");

if (section && host instanceof HTMLElement && held instanceof HTMLTemplateElement && "DecompressionStream" in globalThis) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  unpackHeld(held.content.textContent.trim()).then(([session, ...answers]) => {
    section.hidden = false;
    const shown = embed(host, {
      store: createStore(""), can: { train: false, live: false, upload: false, save: false },
      state: session.about.state, held: session.about.held, first: "latent", dark: () => system.matches, transport: () => staticTransport(answers),
    });
    system.addEventListener("change", shown.restyle);
    section.dataset.ready = "true";
  });
}

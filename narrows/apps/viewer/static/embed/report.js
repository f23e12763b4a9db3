/** The report's own script: unpacks what the page holds and mounts the views on it. Without it the static figures remain. */

import { createStore } from "../core/store.js";
import { embed } from "./embed.js";
import { prefetchedTransport, unpackFrames } from "./prefetched-transport.js";

const section = document.getElementById("hold-section");
const host = section?.querySelector(".hold");
const held = document.getElementById("held");

if (section && host instanceof HTMLElement && held instanceof HTMLTemplateElement && "DecompressionStream" in globalThis) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  unpackFrames(held.content.textContent.trim()).then(([session, ...answers]) => {
    section.hidden = false;
    const embedded = embed(host, {
      store: createStore(""), can: { train: false, follow: false, live: false, ask: false },
      state: session.about.state, prefetched: session.about.held, first: "latent", dark: () => system.matches, transport: () => prefetchedTransport(answers),
    });
    system.addEventListener("change", embedded.restyle);
    section.dataset.ready = "true";
  });
}

/** The notebook widget: the views, with queries and frames as custom messages of an anywidget model. */

import { decodeQueue } from "../core/decode-queue.js";
import { context2d } from "../core/dom.js";
import { KIND, packDecode, unpackFrame } from "../core/protocol.js";
import { createStore } from "../core/store.js";
import { embed } from "./embed.js";

/**
 * What anywidget calls.
 * @param {{model: WidgetModel, el: HTMLElement}} given
 * @returns {() => void}
 */
export function render({ model, el }) {
  const store = createStore(model.get("hash"));
  const transport = commTransport(model);
  const embedded = embed(el, {
    store, can: { train: false, follow: false, live: true, ask: true }, state: model.get("state"), first: "latent",
    dark: () => isDark(el), transport: () => transport,
  });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", embedded.restyle);
  // Notebooks switch to dark by an attribute of the page.
  const themeObserver = new MutationObserver(embedded.restyle);
  for (const page of [document.documentElement, document.body]) themeObserver.observe(page, { attributes: true });
  const stopSync = store.on("*", () => model.set("hash", String(store)));
  return () => { stopSync(); themeObserver.disconnect(); system.removeEventListener("change", embedded.restyle); embedded.destroy(); transport.close(); };
}

/** @param {WidgetModel} model */
export function commTransport(model) {
  const pending = new Map();
  const latest = new Map();
  let seq = 0;
  const decoder = decodeQueue((run, z) => {
    model.send({ t: "decode" }, undefined, [packDecode(run, ++seq, z)]);
    return seq;
  });

  function settle(number, f) {
    const entry = pending.get(number);
    pending.delete(number);
    if (entry) f(entry);
  }

  function receive(content, buffers) {
    if (content.t === "err") {
      if (!decoder.release(content.seq)) settle(content.seq, (entry) => entry.reject({ message: content.msg, hint: content.hint }));
      return;
    }
    const frame = unpackFrame(copyBuffer(buffers[0]));
    if (frame.kind === KIND.decoded) decoder.receive(frame);
    else settle(frame.seq, (entry) => entry.resolve({ about: frame.about, arrays: frame.arrays, epoch: frame.epoch }));
  }

  model.on("msg:custom", receive);
  return {
    query(view, run, params) {
      return new Promise((resolve, reject) => {
        // A newer query of a view replaces the older one.
        settle(latest.get(view), (older) => older.reject({ dropped: true }));
        latest.set(view, ++seq);
        pending.set(seq, { resolve, reject });
        model.send({ t: "ask", seq, view, run, params });
      });
    },
    decode: (run, z, isImage) => decoder.add(run, z, isImage),
    command: () => Promise.reject({ message: "A notebook widget cannot train; use narrows lab." }),
    close() { model.off("msg:custom", receive); decoder.drop(); },
  };
}

/** A copy of the bytes as an ArrayBuffer of its own. */
function copyBuffer(given) {
  if (given instanceof ArrayBuffer) return given;
  return given.buffer.slice(given.byteOffset, given.byteOffset + given.byteLength);
}

/** Whether the background of an element is dark: from the nearest painted ancestor, else from the system. */
function isDark(el) {
  // Colours may be written in any colour space; a painted pixel converts them.
  const pixel = context2d(Object.assign(document.createElement("canvas"), { width: 1, height: 1 }), { willReadFrequently: true });
  for (let at = el; at; at = at.parentElement ?? at.getRootNode().host) {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = getComputedStyle(at).backgroundColor;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b, alpha] = pixel.getImageData(0, 0, 1, 1).data;
    if (alpha > 127) return 0.2126 * r + 0.7152 * g + 0.0722 * b < 128;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

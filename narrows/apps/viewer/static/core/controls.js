/** Form controls that several views share: a labelled slider and a group of toggle buttons. */

import { h } from "./dom.js";
import { number } from "./format.js";

/**
 * A labelled range input that shows its value.
 * @param {{label: string, min: number, max: number, step?: number|string, value: number, format?: (v: number) => string, onInput: (v: number) => void, attrs?: Object}} options `format` writes the value
 */
export function slider({ label, min, max, step = "any", value, format = number, onInput, attrs = {} }) {
  const out = h("output", { class: "slider-value" }, format(value));
  const input = h("input", { type: "range", min, max, step, value, "aria-label": label, "aria-valuetext": format(value), ...attrs,
    on: { input: () => { showValue(Number(input.value)); onInput(Number(input.value)); } } });
  const showValue = (v) => { out.textContent = format(v); input.setAttribute("aria-valuetext", format(v)); };
  const el = h("label", { class: "slider" }, h("span", { class: "slider-name" }, label), input, out);
  return { el, input, set(v) { input.value = v; showValue(Number(v)); } };
}

/** A group of buttons of which one is pressed. `choices` are [value, words, title?]; `onChoose(value)`. */
export function segmented({ label, choices, value, onChoose, attrs = {} }) {
  const buttons = new Map();
  const el = h("div", { class: "segmented", role: "group", "aria-label": label, ...attrs },
    choices.map(([key, words, title]) => {
      const button = h("button", { type: "button", class: "segment", title, dataset: { value: key }, "aria-pressed": String(key === value),
        on: { click: () => { set(key); onChoose(key); } } }, words);
      buttons.set(key, button);
      return button;
    }));
  function set(key) {
    for (const [k, button] of buttons) button.setAttribute("aria-pressed", String(k === key));
  }
  return { el, set, buttons };
}

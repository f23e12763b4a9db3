/** Buttons at the waist of the network: one number fewer or one more in the code. */

import { h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { debounce } from "../../core/timing.js";
import { countOf } from "../shared/text.js";

/** The button that was pressed: the view is mounted again for the new run, and the button gets the focus back. */
let pressed = "";

/** @param {MountedLab} lab */
export function codeHandles(lab) {
  const limits = lab.state.settings?.find((field) => field.key === "n_components");
  const [fewer, more] = [handle("minus", -1), handle("plus", 1)];
  const size = h("output", { "aria-label": "Numbers in the code" });
  const el = h("div", { class: "code-handles", role: "group", "aria-label": "Size of the code", hidden: true }, fewer, size, more);
  /** @type {number|null} */
  let wanted = null;
  let isNew = true;

  function handle(name, by) {
    const words = by < 0 ? "One number fewer in the code" : "One number more in the code";
    return h("button", { type: "button", class: "button square", "aria-label": words, title: `${words}: shows the network, or trains it`, dataset: { handle: name },
      on: { click: () => { pressed = name; change(by); } } }, icon(name));
  }

  const sizeNow = () => wanted ?? lab.run.n_components ?? 1;

  function change(by) {
    wanted = sizeNow() + by;
    render();
    lab.announce(`Code of ${countOf(wanted, "number")}`);
    train();
  }

  // Several presses in a row train one network.
  const train = debounce(async () => {
    const { id, dataset, variant, settings, n_components: now } = lab.run;
    const n = wanted;
    try {
      if (n === null || n === now) return;
      const run = await lab.findOrTrain({ dataset, variant, settings: { ...settings, n_components: n } });
      lab.store.set("compare", id);
      lab.show(run);
    } catch (error) {
      pressed = "";
      if (!error?.dropped) lab.emit("error", error);
    } finally {
      if (wanted === n) wanted = null;
      render();
    }
  }, 300);

  function render() {
    size.textContent = String(sizeNow());
    fewer.disabled = sizeNow() <= (limits?.low ?? 1);
    more.disabled = sizeNow() >= (limits?.high ?? Infinity);
  }

  return {
    el,
    /** Shows the buttons where the run in view can be trained again. */
    refresh() {
      el.hidden = !lab.can.train || lab.run.can_train === false;
      render();
      if (!isNew) return;
      isNew = false;
      if (pressed && document.activeElement === document.body) (pressed === "minus" ? fewer : more).focus({ preventScroll: true });
      pressed = "";
    },
    destroy: train.cancel,
  };
}

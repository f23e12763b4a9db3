/** What can be shared: a link to this state, Python code that repeats the run, a PNG, the model, a report, a static page. */

import { textScale } from "../../core/colour.js";
import { context2d, h } from "../../core/dom.js";
import { icon } from "../../core/icons.js";
import { fetchRecipe, fetchReport, fetchStaticPage, modelAddress } from "../http-api.js";
import { sharedLink } from "../shared-link.js";

/**
 * @param {Lab} lab
 * @param {() => HTMLElement} viewElement the element to draw into the PNG
 */
export function mountExport(lab, viewElement) {
  const button = (name, iconName, words, f) => h("button", { type: "button", class: "button small quiet", dataset: { action: name }, title: words, on: { click: f } }, icon(iconName), h("span", { class: "share-words" }, words));
  const python = button("python", "copy", "Copy Python", async () => {
    try {
      const text = await fetchRecipe(lab.run?.id);
      el.dataset.python = text;
      await copy(text);
      confirm(python, "Copied");
    } catch (error) {
      lab.emit("error", error.message ? error : { message: "The Python could not be copied." });
    }
  });
  const link = button("link", "link", "Copy link", async () => {
    try {
      el.dataset.link = sharedLink(lab);
      await copy(el.dataset.link);
      confirm(link, "Copied");
    } catch {
      lab.emit("error", { message: "The link could not be copied." });
    }
  });
  const png = button("png", "image", "Save PNG", async () => {
    try {
      download(await viewAsPng(viewElement(), sourceOf(lab)), `narrows-${lab.store.get("view", "flow")}.png`);
      confirm(png, "Saved");
    } catch {
      lab.emit("error", { message: "This browser could not make a PNG of the view." });
    }
  });
  const model = button("model", "download", "Save model", () => {
    h("a", { href: modelAddress(lab.run?.id), download: "" }).click();
    confirm(model, "Saved");
  });
  const report = button("report", "report", "Save report", async () => {
    report.disabled = true;
    lab.announce("The report is being made.");
    try {
      download(await fetchReport(lab.run?.id), `narrows-${lab.run?.variant}-report.html`);
      confirm(report, "Saved");
    } catch (error) {
      lab.emit("error", error);
    }
    report.disabled = false;
  });
  report.title = "Save report: this run as one HTML file, to hand in";
  const site = button("site", "folder", "Export page", async () => {
    site.disabled = true;
    lab.announce("The page is being made.");
    try {
      download(await fetchStaticPage(lab.run?.id), "narrows-page.zip");
      confirm(site, "Saved");
    } catch (error) {
      lab.emit("error", error);
    }
    site.disabled = false;
  });
  site.title = "Export page: the finished runs on these data as a folder for any web server";
  const el = h("div", { class: "share", role: "group", "aria-label": "Share" }, link, report, png, python, model, site);

  function confirm(one, words) {
    const text = one.querySelector(".share-words");
    const before = text.textContent;
    text.textContent = words;
    lab.announce(words);
    setTimeout(() => { text.textContent = before; }, 1600);
  }

  return { el, update() {
    const ready = Boolean(lab.run && lab.run.epoch > 0) || lab.run?.state === "loaded";
    link.disabled = !lab.run || !lab.dataset();
    python.disabled = !lab.run || !lab.connected;
    model.disabled = !ready || !lab.connected;
    report.disabled = !ready || !lab.connected || !lab.dataset();
    site.disabled = !ready || !lab.connected || !lab.dataset();
    png.disabled = !lab.run;
  } };
}

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without https a page on another machine has no clipboard of its own.
  const area = h("textarea", { class: "visually-hidden" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

function download(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** What is used, not read: it is left out of a picture. */
const CONTROLS = "details, select, .controls, .button, .segmented, .slider, .check, .code-handles, .own-input, [hidden]";

/** "digits · run 3: plain, code of 2 · epoch 60 · narrows 0.1": where a picture comes from. */
function sourceOf(lab) {
  const { run, state } = lab;
  return [lab.dataset()?.name, run && `run ${run.number}: ${run.variant}, code of ${run.n_components}`, run && `epoch ${lab.store.get("view") === "training" ? lab.store.get("epoch", run.epoch) : run.epoch}`, `narrows ${state?.version ?? ""}`].filter(Boolean).join(" · ");
}

/** The current view as a PNG at twice the resolution, without its controls, with a line on its source. */
async function viewAsPng(view, source) {
  const page = view.closest(".narrows-lab");
  const { width } = view.getBoundingClientRect();
  const copyOf = view.cloneNode(true);
  const drawings = view.querySelectorAll("canvas");
  copyOf.querySelectorAll("canvas").forEach((canvas, i) => {
    const image = h("img", { src: drawings[i].toDataURL(), class: canvas.getAttribute("class"), style: { width: `${drawings[i].clientWidth}px`, height: `${drawings[i].clientHeight}px` } });
    canvas.replaceWith(image);
  });
  // The height of a map follows the window, which a picture does not have.
  const maps = view.querySelectorAll(".map");
  copyOf.querySelectorAll(".map").forEach((map, i) => Object.assign(map.style, { height: `${maps[i].clientHeight}px`, maxHeight: "none", aspectRatio: "auto" }));
  for (const control of copyOf.querySelectorAll(CONTROLS)) control.remove();
  copyOf.firstElementChild?.append(h("p", { class: "note" }, source));
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).map((rule) => rule.cssText).join("\n").concat("\n.narrows-lab * { scrollbar-width: none; }");
  const { fontFamily, fontSize, lineHeight } = getComputedStyle(page);
  const ground = h("div", { class: page.className, "data-theme": page.dataset.theme || "light", style: { width: `${width + 48}px`, padding: "24px", "font-family": fontFamily, "font-size": fontSize, "line-height": lineHeight, "min-height": "0", "--text": String(textScale(page)) } }, copyOf);
  ground.setAttribute("xmlns", "http://www.w3.org/1999/xhtml");
  const style = h("style", {});
  style.textContent = rules;
  ground.prepend(style);
  document.body.append(ground); // to learn its height
  const height = ground.scrollHeight;
  ground.remove();
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="${width + 48}" height="${height}"><foreignObject width="100%" height="100%">${new XMLSerializer().serializeToString(ground)}</foreignObject></svg>`;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture)}`;
  await image.decode();
  const canvas = h("canvas", { width: Math.round(2 * (width + 48)), height: Math.round(2 * height) });
  const context = context2d(canvas);
  context.scale(2, 2);
  context.drawImage(image, 0, 0);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png"));
}

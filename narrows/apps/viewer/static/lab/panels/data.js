/** Chooses the data: built-in sets, or a file or folder to upload; describes what was read. */

import { clear, h } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { icon } from "../../core/icons.js";
import { drawPicture } from "../../core/picture.js";
import { WHY_NOT } from "../../core/session.js";
import { chosen, droppedFiles, fetchPreview, IMAGES, upload } from "../http-api.js";
import { startRun } from "./run-actions.js";

/**
 * @param {Lab} lab
 * @param {() => void} close
 */
export function mountData(lab, close) {
  const list = h("div", { class: "cards", role: "radiogroup", "aria-label": "Data" });
  const offered = h("div", { class: "cards" });
  const about = h("div", { class: "stack tight", dataset: { about: "data" } });
  const progress = h("div", { class: "upload-progress", hidden: true }, h("div", { class: "upload-bar" }), h("p", { class: "note" }));
  const message = h("div", { class: "message bad", role: "alert", hidden: true, dataset: { uploadError: "true" } });
  const file = h("input", { type: "file", class: "visually-hidden", tabindex: -1, "aria-label": "A file of rows", accept: [".csv", ".tsv", ".gz", ".parquet", ".pq", ".npy", ".npz", ...IMAGES].join(","), multiple: true, dataset: { input: "file" }, on: { change: () => receiveFiles(chosen(file)) } });
  const folder = h("input", { type: "file", class: "visually-hidden", tabindex: -1, "aria-label": "A folder of images", webkitdirectory: true, dataset: { input: "folder" }, on: { change: () => receiveFiles(chosen(folder)) } });
  const zone = h("div", { class: "drop-zone" }, icon("upload"),
    h("p", {}, h("b", {}, "Drop your own data here"), h("br"), h("span", { class: "note" }, "A CSV, TSV, Parquet or NumPy file, or a folder of images (a sub-folder is a class). The data stay on this machine.")),
    h("div", { class: "row" },
      h("button", { type: "button", class: "button small", dataset: { action: "choose-file" }, on: { click: () => file.click() } }, icon("file"), "Choose a file"),
      h("button", { type: "button", class: "button small", dataset: { action: "choose-folder" }, on: { click: () => folder.click() } }, icon("folder"), "Choose a folder")), file, folder);
  const el = h("div", { class: "stack" }, zone, progress, message, h("h3", {}, "Available data"), list, offered, about);
  /** @type {string|null} */
  let selected = null;
  let renderedKey = "";

  async function receiveFiles({ files, folder: name }) {
    if (!files.length) return;
    file.value = folder.value = "";
    message.hidden = true;
    progress.hidden = false;
    const showProgress = (share) => {
      progress.firstChild.style.setProperty("--share", share);
      progress.lastChild.textContent = share < 1 ? `Sending ${name || files[0].path}… ${Math.round(100 * share)} %` : "Reading it…";
    };
    showProgress(0);
    try {
      const dataset = await upload(files, name, showProgress);
      selected = dataset.id;
      lab.announce(`${dataset.name}: ${count(dataset.rows)} ${dataset.kind === "images" ? "images" : "rows"}.`);
      el.dataset.opened = dataset.id;
    } catch (error) {
      fail(error);
    }
    progress.hidden = true;
    update(true);
  }

  function fail(error) {
    message.hidden = false;
    clear(message, icon("warn"), h("div", {}, h("b", {}, error.message || String(error)), error.hint ? ` ${error.hint}` : null));
  }

  for (const name of ["dragover", "dragleave", "drop"]) {
    zone.addEventListener(name, async (event) => {
      event.preventDefault();
      event.stopPropagation();
      zone.classList.toggle("is-over", name === "dragover");
      if (name === "drop") receiveFiles(await droppedFiles(event.dataTransfer));
    });
  }

  async function open(id) {
    message.hidden = true;
    try {
      const response = await lab.command("data.open", { id });
      selected = response.dataset || id;
      update(true);
    } catch (error) {
      if (!error.dropped) fail(error);
    }
  }

  function update(force) {
    const state = lab.state;
    if (!state) return;
    zone.hidden = offered.hidden = !lab.can.train;
    // An uploaded set may be selected before the state that lists it arrives.
    const current = [selected, lab.dataset()?.id].find((id) => state.datasets.some((set) => set.id === id)) ?? state.datasets[0]?.id ?? null;
    const key = JSON.stringify([state.datasets, state.offered, current]);
    if (!force && key === renderedKey) return;
    renderedKey = key;
    clear(list, state.datasets.map((set) => h("button", { type: "button", class: "card", role: "radio", "aria-checked": String(set.id === current), dataset: { dataset: set.id }, on: { click: () => { selected = set.id; update(true); } } },
      h("b", {}, set.name), h("span", { class: "note" }, sizeWords(set)))));
    const more = state.offered.filter((one) => !state.datasets.some((set) => set.id === one.id));
    clear(offered, more.map((one) => h("div", { class: "card is-offer" }, h("b", {}, one.name), h("span", { class: "note" }, one.here || !one.how ? `${count(one.rows)} images` : [`${count(one.rows)} images, not on this machine yet. Fetch them in a terminal: `, h("code", {}, one.how)]),
      h("button", { type: "button", class: "button small", hidden: !one.here, dataset: { open: one.id }, on: { click: () => open(one.id) } }, "Open"))));
    describe(state.datasets.find((set) => set.id === current));
  }

  function describe(set) {
    clear(about, set ? describeData(lab, set, { fail: (error) => { fail(error); update(true); }, onTrained: close }) : null);
  }

  return { el, update, receiveFiles };
}

/**
 * The description of a dataset: preview, classes, notes, and a button that trains on it.
 * @param {Lab} lab
 * @param {Dataset} set
 * @param {{fail: (error: Failure) => void, onTrained: () => void}} how
 */
export function describeData(lab, set, { fail, onTrained }) {
  const preview = h("div", { class: "data-preview" });
  const train = h("button", { type: "button", class: "button primary", dataset: { action: "train-data" }, on: { click: async () => {
    train.disabled = true;
    const settings = set.id === lab.run?.dataset ? lab.run.settings : {};
    if (await startRun(lab, { dataset: set.id, variant: lab.run?.variant || "plain", settings })) onTrained();
    train.disabled = false;
  } } }, icon("play"), `Train on ${set.name}`);
  fetchPreview(set.id).then((seen) => showPreview(preview, seen), () => preview.remove());
  return [preview, lab.can.train ? labelChooser(lab, set, fail) : null, classesOf(set), set.notes.length ? h("ul", { class: "notes" }, set.notes.map((note) => h("li", {}, note))) : null,
    h("div", { class: "row" }, lab.can.train ? train : h("p", { class: "note" }, WHY_NOT))];
}

function labelChooser(lab, set, fail) {
  if (!set.columns) return null;
  const chooser = h("select", { dataset: { input: "label" }, "aria-label": "Column that holds the classes", on: { change: async () => {
    try {
      await lab.command("data.label", { dataset: set.id, column: chooser.value || null });
    } catch (error) {
      if (!error.dropped) fail(error);
    }
  } } }, h("option", { value: "" }, "none"), set.columns.map((name) => h("option", { value: name, selected: name === set.labels }, name)));
  return h("label", { class: "field" }, h("span", {}, "Which column holds the classes? It colours the map and is not used in training."), chooser);
}

export function sizeWords(set) {
  const rows = count(set.rows);
  const what = set.kind === "images" ? `${rows} images of ${set.shape.slice(0, 2).join("×")}${set.shape[2] === 3 ? " in colour" : set.shape[2] > 1 ? ` with ${set.shape[2]} channels` : ""}` : `${rows} rows, ${set.columns ? count(set.columns.length) : "?"} columns`;
  return set.classes ? `${what}, ${set.classes.length} ${set.classes.length === 1 ? "class" : "classes"}` : what;
}

function classesOf(set) {
  if (!set.classes) return null;
  const few = set.classes.slice(0, 12);
  return h("p", { class: "note" }, "Classes: ", few.map((name, i) => `${name} (${count(set.counts[i])})`).join(", "), set.classes.length > few.length ? ` and ${set.classes.length - few.length} more` : "");
}

function showPreview(el, seen) {
  if (seen.images) {
    clear(el, h("div", { class: "preview-images" }, seen.images.map((text, i) => {
      const canvas = h("canvas", { role: "img", "aria-label": seen.labels ? `class ${seen.labels[i]}` : `image ${i + 1}`, title: seen.labels ? String(seen.labels[i]) : null });
      drawPicture(canvas, Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), { shape: seen.shape });
      return canvas;
    })));
  } else if (seen.head) {
    clear(el, h("div", { class: "preview-table", tabindex: 0, role: "region", "aria-label": "The first rows" },
      h("table", {}, h("thead", {}, h("tr", {}, seen.columns.map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, seen.head.map((row) => h("tr", {}, row.map((v) => h("td", {}, v ?? ""))))))));
  }
}

/** HTTP requests to the server: history, files of a run, previews, uploads. */

async function checked(response) {
  if (response.ok) return response;
  const content = await response.json().catch(() => null);
  throw { message: content?.msg || `The server answered ${response.status} ${response.statusText}.`, hint: content?.hint || null };
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw { message: "The server could not be reached.", hint: "Is narrows lab still running?" };
  }
  return checked(response);
}

export const fetchHistory = async (run) => {
  const content = await (await request(`api/runs/${run}/history`)).json();
  return Array.isArray(content) ? content : content.records;
};

export const fetchPreview = async (dataset) => (await request(`api/data/${dataset}/preview`)).json();

export const fetchRecipe = async (run) => (await request(`api/runs/${run}/recipe.py`)).text();

export const fetchStaticPage = async (run) => (await request(`api/runs/${run}/page.zip`)).blob();

export const fetchReport = async (run) => (await request(`api/runs/${run}/report.html`)).blob();

export const modelAddress = (run) => `api/runs/${run}/model.zip`;

/** The endings of images that narrows reads. */
export const IMAGES = [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".webp", ".bmp", ".dib", ".gif", ".avif",
  ".pgm", ".ppm", ".pbm", ".pnm", ".pfm", ".jp2", ".j2k", ".jpf", ".jpx", ".jpc", ".j2c", ".tga", ".pcx", ".qoi"];
const isImage = (path) => IMAGES.some((ending) => path.toLowerCase().endsWith(ending));
const SIDE = /(^|\/)(\.[^/]*|thumbs\.db|desktop\.ini)$/i;
const TOGETHER = 6;

/**
 * Sends one file, or a folder of images, and opens it.
 * @param {{path: string, file: File}[]} files paths inside the folder; one file: its name
 * @param {string|null} folder the folder's name
 * @param {(share: number) => void} onProgress 0..1; of files that are not images only the names are sent, so that the server can report them.
 * @returns {Promise<Dataset>}
 */
export async function upload(files, folder, onProgress) {
  const body = (file) => ({ method: "PUT", body: file, headers: { "Content-Type": "application/octet-stream" } });
  let id;
  if (folder === null) {
    id = (await (await request(`api/upload?name=${encodeURIComponent(files[0].path)}`, body(files[0].file))).json()).upload;
  } else {
    const sent = files.filter(({ path }) => !SIDE.test(path) && !path.split("/").some((part) => part.startsWith(".")));
    if (!sent.length) throw { message: `The folder “${folder}” contains no files.`, hint: "Choose a folder of images; a sub-folder is a class." };
    id = (await (await request(`api/upload?name=${encodeURIComponent(folder)}`, body(""))).json()).upload;
    let [next, done] = [0, 0];
    const worker = async () => {
      while (next < sent.length) {
        const { path, file } = sent[next++];
        await request(`api/upload/${id}/${path.split("/").map(encodeURIComponent).join("/")}`, body(isImage(path) ? file : ""));
        onProgress(++done / sent.length);
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, worker));
  }
  onProgress(1);
  return (await request(`api/upload/${id}/open`, { method: "POST" })).json();
}

/**
 * The dropped files, with those in folders.
 * @param {DataTransfer} transfer
 * @returns {Promise<{files: {path: string, file: File}[], folder: string|null}>}
 */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => !!entry);
  if (!entries.length) return { files: [...transfer.files].map((file) => ({ path: file.name, file })), folder: null };
  const folder = entries.length === 1 && entries[0].isDirectory ? entries[0].name : entries.length > 1 ? "images" : null;
  const files = [];
  const walk = async (entry, path) => {
    if (entry.isFile) return files.push({ path, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) });
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) return undefined;
      for (const one of some) await walk(one, path ? `${path}/${one.name}` : one.name);
    }
  };
  for (const entry of entries) await walk(entry, folder !== null && entries.length === 1 ? "" : entry.name);
  return { files, folder };
}

/**
 * The files of a file input.
 * @param {HTMLInputElement} input
 */
export function chosen(input) {
  const files = [...(input.files || [])];
  const inFolder = files[0]?.webkitRelativePath;
  if (!inFolder) return files.length > 1 ? { files: files.map((file) => ({ path: file.name, file })), folder: "images" } : { files: files.map((file) => ({ path: file.name, file })), folder: null };
  return { files: files.map((file) => ({ path: file.webkitRelativePath.split("/").slice(1).join("/"), file })), folder: inFolder.split("/")[0] };
}

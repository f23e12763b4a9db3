/** The decoded grid under the points: a small picture at each node, paler far from all rows. */

import { css, diverging } from "../../core/colour.js";
import { context2d } from "../../core/dom.js";
import { gridAt, onGrid } from "../../core/grid-interpolation.js";
import { pixelColour } from "../../core/picture.js";

/** Decoded tiles are about as wide as this, in CSS pixels. */
const TILE = 44;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {PointRaster} raster whose view it follows
 * @param {DecodedGrid|null} grid
 */
export function drawDecodedGrid(canvas, raster, grid) {
  if (!grid) {
    if (canvas.width > 1) canvas.width = canvas.height = 1;
    return;
  }
  const [w, hgt] = [raster.image.width, raster.image.height];
  if (canvas.width !== w || canvas.height !== hgt) Object.assign(canvas, { width: w, height: hgt });
  const context = context2d(canvas);
  context.setTransform(raster.ratio, 0, 0, raster.ratio, 0, 0);
  context.clearRect(0, 0, raster.width, raster.height);
  context.imageSmoothingEnabled = false;
  const side = grid.x.length;
  const [stepX, stepY] = [Math.abs(grid.x[1] - grid.x[0]), Math.abs(grid.y[1] - grid.y[0])];
  const size = Math.min(stepX, stepY) * raster.view.scale * 0.94;
  grid.tiles ||= makeTiles(grid);
  for (let r = 0; r < side; r++) {
    for (let c = 0; c < side; c++) {
      const [px, py] = raster.toPixel(grid.x[c], grid.y[r]);
      if (px < -size || py < -size || px > raster.width + size || py > raster.height + size) continue;
      context.globalAlpha = grid.far[r * side + c] > 1.5 ? 0.22 : 1;
      context.drawImage(grid.tiles[r * side + c], px - size / 2, py - size / 2, size, size);
    }
  }
  context.globalAlpha = 1;
}

/** One small canvas for each node; a table's row is a bar code, a stripe per float. */
function makeTiles({ decoded, x, run }) {
  const n = x.length * x.length;
  const size = decoded.length / n;
  return Array.from({ length: n }, (_, i) => {
    const values = decoded.subarray(i * size, (i + 1) * size);
    return run.shape ? pictureTile(values, run.shape) : stripes(values);
  });
}

/** An image of uint8 pixels as a canvas of as many. */
export function pictureTile(values, shape) {
  const [height, width, channels = 1] = shape;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = context2d(canvas);
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    pixelColour(values, i, channels, 255).forEach((v, c) => { image.data[4 * i + c] = v; });
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function stripes(values) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: values.length, height: 1 });
  const context = context2d(canvas);
  values.forEach((v, i) => {
    context.fillStyle = css(diverging(v / 2.5));
    context.fillRect(i, 0, 1, 1);
  });
  return canvas;
}

/**
 * Queries the decoded grid and keeps it under the points while it is shown.
 * @param {{lab: MountedLab, run: Run, map: LatentMap, el: HTMLElement, isDestroyed: () => boolean}} what el: the view, for its data-*
 */
export function mountDecodedGrid({ lab, run, map, el, isDestroyed }) {
  // Without a live decoder, pictures are interpolated from the grid.
  let needed = !lab.can.live;
  const isWanted = () => lab.store.get("overlay") === "tiles" || needed;

  const overlay = () => lab.store.get("overlay", "none");

  /** Loads the grid and keeps it, shown or not. */
  async function load() {
    if (map.now.grid || needed) return;
    needed = true;
    await refresh();
  }

  async function refresh() {
    if (!isWanted()) {
      map.now.grid = null;
      el.classList.remove("has-tiles");
      el.dataset.overlay = overlay();
      return map.draw();
    }
    try {
      const side = Math.max(10, Math.min(15, Math.round(map.raster.width / TILE)));
      const { arrays, epoch } = await lab.query("decoded_grid", { run: run.id, side });
      if (isDestroyed() || !isWanted()) return undefined;
      map.now.grid = /** @type {DecodedGrid} */ ({ .../** @type {any} */ (arrays), run });
      map.now.showTiles = lab.store.get("overlay") === "tiles";
      el.classList.toggle("has-tiles", map.now.showTiles);
      el.dataset.overlay = overlay();
      el.dataset.overlayEpoch = String(epoch);
      map.draw();
    } catch (error) {
      if (!error.dropped) lab.emit("error", error);
    }
    return undefined;
  }

  /** The row interpolated at (x, y), and whether the point lies on the grid. */
  const at = (x, y) => {
    const { grid } = map.now;
    return grid ? { values: gridAt(grid, x, y), inside: onGrid(grid, x, y) } : null;
  };

  return { refresh, load, at };
}

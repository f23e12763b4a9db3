/** Thumbnails of rows at their codes, without overlap; the one under the pointer is in front. */

import { css } from "../../core/colour.js";
import { context2d } from "../../core/dom.js";
import { pictureTile } from "./decoded-grid.js";

const MOST = 400;
/** About as many CSS pixels are the longer side, on a narrow map fewer; pixels of small images are enlarged by whole numbers. */
const [SIDE, NARROW_SIDE, NARROW] = [24, 16, 420];
const FRAME = 2;
const IN_FRONT = 2;
const MOST_HELD = 4000;

/**
 * Pictures of rows by their position in the data, queried when they become visible.
 * @param {{lab: MountedLab, run: ImageRun, redraw: () => void}} what
 */
export function thumbnailSource({ lab, run, redraw }) {
  const tiles = new Map();
  /** @type {Int32Array} */
  let positions = new Int32Array(0);
  let loading = false;

  /** One query at a time; the next drawing requests the missing pictures. */
  async function request(rows) {
    if (loading || !rows.length) return;
    loading = true;
    try {
      const { arrays } = await lab.query("sheet", { run: run.id, positions: rows.map((i) => positions[i]) });
      if (tiles.size > MOST_HELD) tiles.clear();
      const size = arrays.original.length / arrays.position.length;
      arrays.position.forEach((position, k) => tiles.set(position, pictureTile(arrays.original.subarray(k * size, (k + 1) * size), run.shape)));
    } catch (error) {
      if (!error?.dropped) return lab.emit("error", error); // no further queries
    }
    loading = false;
    return redraw();
  }

  return {
    request,
    /**
     * CSS pixels of a picture on a map so wide.
     * @returns {[number, number]}
     */
    size(mapWidth) {
      const [height, width] = run.shape;
      const side = mapWidth < NARROW ? NARROW_SIDE : SIDE;
      const longer = Math.max(height, width);
      const scale = longer > 1.3 * side ? 1.3 * side / longer : Math.max(1, Math.round(side / longer));
      return [scale * width, scale * height];
    },
    /** @param {[number, number]} size */
    isSmooth: (size) => size[0] < run.shape[1],
    /** Row numbers in an order that has nothing to do with how the data are sorted, always the same. */
    order: new Uint32Array(0),
    /** @param {Int32Array} of the position in the data of each row on the map */
    place(of) {
      positions = of;
      const rank = Uint32Array.from(of, (position) => Math.imul(position + 1, 2654435761) >>> 0);
      this.order = Uint32Array.from(rank.keys()).sort((a, b) => rank[a] - rank[b]);
    },
    positionOf: (i) => positions[i],
    tile: (i) => tiles.get(positions[i]),
  };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {PointRaster} raster whose points and view it follows
 * @param {ReturnType<typeof thumbnailSource>|null} sheet null clears
 * @param {number} ring the row that is drawn in front, -1 none
 * @param {Array<{x: number, y: number, name: string, cls: number}>} names class names on the map, which stay readable
 */
export function drawThumbnails(canvas, raster, sheet, ring, names) {
  if (!sheet) {
    if (canvas.width > 1) canvas.width = canvas.height = 1;
    return;
  }
  Object.assign(canvas, { width: raster.image.width, height: raster.image.height });
  const context = context2d(canvas);
  context.setTransform(raster.ratio, 0, 0, raster.ratio, 0, 0);
  const size = sheet.size(raster.width);
  const front = ring >= 0 && isWanted(raster, raster.slotClass[ring]) ? ring : -1;
  context.imageSmoothingEnabled = sheet.isSmooth(size);
  const rows = withoutOverlap(raster, sheet.order, size, names);
  for (const i of rows) drawTile(context, raster, sheet.tile(i), i, size);
  if (front >= 0) drawTile(context, raster, sheet.tile(front), front, [IN_FRONT * size[0], IN_FRONT * size[1]]);
  canvas.dataset.rows = rows.filter((i) => sheet.tile(i)).map(sheet.positionOf).join(",");
  canvas.dataset.front = front >= 0 && sheet.tile(front) ? String(sheet.positionOf(front)) : "";
  sheet.request((front >= 0 ? [...rows, front] : rows).filter((i) => !sheet.tile(i)));
}

function drawTile(context, raster, tile, i, [w, h]) {
  if (!tile) return;
  const [px, py] = raster.toPixel(raster.xy[2 * i], raster.xy[2 * i + 1]);
  // On whole pixels of the screen, so that those of the picture are all alike.
  const [x, y] = [px - w / 2, py - h / 2].map((v) => Math.round(v * raster.ratio) / raster.ratio);
  context.fillStyle = css(raster.colours[raster.slot[i]] || [113, 117, 129]);
  context.fillRect(x - FRAME, y - FRAME, w + 2 * FRAME, h + 2 * FRAME);
  context.drawImage(tile, x, y, w, h);
}

/** Shown rows whose pictures lie in sight and not on one another: the first in the sheet's order have the right of way. */
function withoutOverlap(raster, order, size, names) {
  const [w, h] = size.map((v) => v + 2 * FRAME + 1);
  const [columns, lines] = [Math.ceil(raster.width / w), Math.ceil(raster.height / h)];
  // A cell is as large as a picture, so it contains at most one centre.
  const cells = new Int32Array(columns * lines).fill(-1);
  const middles = new Map();
  const words = names.filter(({ cls }) => isWanted(raster, cls)).map(({ x, y, name }) => [...raster.toPixel(x, y), 5 * name.length + w / 2, 11 + h / 2]);
  const isFree = (column, line, px, py) => {
    for (let r = Math.max(0, line - 1); r <= Math.min(lines - 1, line + 1); r++) {
      for (let c = Math.max(0, column - 1); c <= Math.min(columns - 1, column + 1); c++) {
        const other = middles.get(cells[r * columns + c]);
        if (other && Math.abs(other[0] - px) < w && Math.abs(other[1] - py) < h) return false;
      }
    }
    return words.every(([x, y, reachX, reachY]) => Math.abs(x - px) >= reachX || Math.abs(y - py) >= reachY);
  };
  for (const i of order) {
    if (middles.size >= MOST) break;
    if (!isWanted(raster, raster.slotClass[i])) continue;
    const [px, py] = raster.toPixel(raster.xy[2 * i], raster.xy[2 * i + 1]);
    if (!(px >= w / 2 && py >= h / 2 && px <= raster.width - w / 2 && py <= raster.height - h / 2)) continue;
    const [column, line] = [Math.floor(px / w), Math.floor(py / h)];
    if (!isFree(column, line, px, py)) continue;
    cells[line * columns + column] = i;
    middles.set(i, [px, py]);
  }
  return [...middles.keys()];
}

const isWanted = (raster, cls) => !raster.hidden.has(cls) && (raster.isolated === null || raster.isolated === cls);

/** Decodes the probe; while a slow decoder is busy, a preview is interpolated from the decoded grid. */

/** Milliseconds after which a picture is late. */
const LATE = 50;

/**
 * @param {{lab: MountedLab, run: Run, map: LatentMap, panel: ReturnType<typeof import("./probe.js").mountProbe>, grid: ReturnType<typeof import("./decoded-grid.js").mountDecodedGrid>, el: HTMLElement, isDestroyed: () => boolean, isFlat: () => boolean}} what isFlat: whether the code lies in the plane that the grid covers
 * @returns {(z: Float32Array, epoch: number) => Promise<void>}
 */
export function createDecoding({ lab, run, map, panel, grid, el, isDestroyed, isFlat }) {
  /** @type {Float32Array|null} */
  let latest = null;
  let isSlow = false;

  return async function decodeCode(z, epoch) {
    latest = z;
    const [x, y] = map.now.probe || [0, 0];
    if (!lab.can.live) {
      const found = grid.at(x, y);
      if (!found) return;
      panel.showDecoded(found.values, z, epoch);
      panel.preview(found.inside);
      el.dataset.decoded = String(Number(el.dataset.decoded || 0) + 1);
      return;
    }
    let hasAnswer = false;
    const canPreview = () => !hasAnswer && latest === z && !isDestroyed() && Boolean(map.now.grid) && isFlat();
    const preview = () => {
      if (!canPreview()) return;
      panel.showPreview(grid.at(x, y)?.values);
      el.dataset.previews = String(Number(el.dataset.previews || 0) + 1);
    };
    if (isSlow) preview();
    const late = setTimeout(() => { isSlow = true; grid.load().then(preview); }, LATE);
    const got = await lab.decode(z, run);
    clearTimeout(late);
    hasAnswer = true; // also for a grid that is still on its way
    if (!got || isDestroyed()) return;
    isSlow = got.ms > LATE;
    // A late picture of a place that was left does not cover the preview of the place one is at.
    if (isSlow && latest !== z && map.now.grid) return;
    panel.showDecoded(got.values, z, got.epoch);
    el.dataset.decoded = String(Number(el.dataset.decoded || 0) + 1);
    el.dataset.ms = got.ms.toFixed(1);
  };
}

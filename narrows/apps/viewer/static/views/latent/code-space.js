/** Maps points of the plane to codes and back, with an offset for codes that lie off the plane. */

/** @param {{origin: Float32Array, axes: Float32Array, mean: Float32Array, low: Float32Array, high: Float32Array}} arrays of the `codes` payload */
export function codeSpace(arrays) {
  let { origin, axes } = arrays;
  const k = origin.length;
  let off = new Float32Array(k);

  const lift = (x, y) => Float32Array.from({ length: k }, (_, j) => origin[j] + x * axes[j] + y * axes[k + j] + off[j]);

  /**
   * Projects a code onto the map.
   * @returns {[number, number]}
   */
  function project(z) {
    let [x, y] = [0, 0];
    for (let j = 0; j < k; j++) {
      x += (z[j] - origin[j]) * axes[j];
      y += (z[j] - origin[j]) * axes[k + j];
    }
    return [x, y];
  }

  return {
    k, mean: arrays.mean, low: arrays.low, high: arrays.high, lift, project,

    /** Moves the plane through this code: the map then shows the slice in which it lies. */
    through(z) {
      const [x, y] = project(z);
      off = Float32Array.from({ length: k }, (_, j) => z[j] - origin[j] - x * axes[j] - y * axes[k + j]);
      return [x, y];
    },

    /** Back to the plane of the rows. */
    straighten() { off = new Float32Array(k); },

    get isOff() { return off.some((v, j) => Math.abs(v) > 1e-3 * Math.max(1e-6, arrays.high[j] - arrays.low[j])); },

    /** The plane turned, as it does while the network learns. */
    turn(newOrigin, newAxes) { origin = newOrigin; axes = newAxes; },
  };
}

/** Adds a vertical jitter to a code of one number, the same for the same row. */
export function jittered(xy, position) {
  const spread = Float32Array.from(xy);
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < xy.length; i += 2) { low = Math.min(low, xy[i]); high = Math.max(high, xy[i]); }
  const tall = 0.3 * (high - low || 1);
  for (let i = 0; i < position.length; i++) {
    const hash = Math.imul(position[i] + 1, 2654435761) >>> 0;
    spread[2 * i + 1] = tall * (hash / 4294967296 - 0.5);
  }
  return spread;
}

/** How far apart neighbours usually lie: ten times the median gap, at least 2 % of the map; beyond, no row is near. */
export function nearDistance(raster) {
  const { xy, n } = raster;
  if (n < 3) return Infinity;
  const gaps = [];
  const stride = Math.max(1, Math.floor(n / 200));
  for (let i = 0; i < n; i += stride) {
    const [x, y] = [xy[2 * i], xy[2 * i + 1]];
    const other = raster.nearestExcept(i, x, y);
    if (other >= 0) gaps.push(Math.hypot(xy[2 * other] - x, xy[2 * other + 1] - y));
  }
  gaps.sort((a, b) => a - b);
  const span = Math.min(raster.width, raster.height) / raster.home.scale;
  return Math.max(10 * (gaps[gaps.length >> 1] || 0), 0.03 * span);
}

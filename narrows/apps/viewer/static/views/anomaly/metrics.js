/** Detection metrics of a threshold, computed on sorted scores in the page, so that dragging needs no server. */

/** @typedef {{score: Float32Array, anomalous: Uint8Array, position: Int32Array, normals: number, anomalies: number, before: Int32Array}} Scores sorted by score; `before[i]` anomalies among the first i */

/** @returns {Scores} */
export function sortedScores({ score, anomalous, position }) {
  const before = new Int32Array(score.length + 1);
  for (let i = 0; i < score.length; i += 1) before[i + 1] = before[i] + (anomalous[i] ? 1 : 0);
  const anomalies = before[score.length];
  return { score, anomalous, position, before, anomalies, normals: score.length - anomalies };
}

/** How many scores do not pass `threshold`. */
export function rank(scores, threshold) {
  let [low, high] = [0, scores.score.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (scores.score[middle] > threshold) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The confusion matrix of a threshold and its rates; null for a rate without rows. */
export function confusion(scores, threshold) {
  const passed = rank(scores, threshold);
  const missed = scores.before[passed];
  const caught = scores.anomalies - missed;
  const cleared = passed - missed;
  const falseAlarms = scores.normals - cleared;
  const share = (a, b) => (b ? a / b : null);
  return {
    caught,
    missed,
    falseAlarms,
    cleared,
    flagged: caught + falseAlarms,
    precision: share(caught, caught + falseAlarms),
    recall: share(caught, scores.anomalies),
    falseAlarmRate: share(falseAlarms, scores.normals),
  };
}

/** The ROC: one point for each distinct score, thinned to at most `most`; from (0, 0) to (1, 1). */
export function rocCurve(scores, most = 400) {
  /** @type {number[]} */
  const x = [];
  /** @type {number[]} */
  const y = [];
  const n = scores.score.length;
  const step = Math.max(1, Math.floor(n / most));
  for (let i = n; i >= 0; i -= 1) {
    if (i > 0 && i < n && (scores.score[i] === scores.score[i - 1] || (n - i) % step)) continue;
    const missed = scores.before[i];
    x.push((scores.normals - (i - missed)) / scores.normals);
    y.push((scores.anomalies - missed) / scores.anomalies);
  }
  return { x, y };
}

/** The area under all of the ROC, ties halved: the probability that an anomaly scores higher than a normal row. */
export function rocArea(scores) {
  const n = scores.score.length;
  let [area, i] = [0, 0];
  while (i < n) {
    let j = i;
    while (j < n && scores.score[j] === scores.score[i]) j += 1;
    const tied = scores.before[j] - scores.before[i];
    const normals = j - i - tied;
    area += normals * (scores.anomalies - scores.before[j] + tied / 2);
    i = j;
  }
  return area / (scores.normals * scores.anomalies);
}

/**
 * Bins over the scores; the last takes in every larger score, so that one outlier does not compress the histogram.
 * @returns {{edges: number[], cut: boolean}}
 */
export function binEdges(scores, bins = 40) {
  const n = scores.score.length;
  const [low, high] = [scores.score[0], scores.score[n - 1]];
  const at = (share) => scores.score[Math.min(n - 1, Math.floor(share * n))];
  let last = Math.min(high, Math.max(at(0.99), 3 * at(0.9) - 2 * at(0.5)));
  if (!(last > low)) last = low + Math.max(Math.abs(low), 1) * 1e-3;
  const edges = Array.from({ length: bins + 1 }, (_, i) => low + ((last - low) * i) / bins);
  return { edges, cut: high > last };
}

/** The threshold that a share of the normal scores does not pass. */
export function percentile(scores, share) {
  const normal = scores.anomalies && scores.normals ? scores.score.filter((_, i) => !scores.anomalous[i]) : scores.score;
  return normal[Math.max(0, Math.min(normal.length - 1, Math.ceil(share * normal.length) - 1))];
}

/** The indices, in order of the score, of one kind: "normal", "anomalous" or "any". */
export function indicesOf(scores, kind) {
  const all = [];
  for (let i = 0; i < scores.score.length; i += 1) {
    if (kind === "any" || Boolean(scores.anomalous[i]) === (kind === "anomalous")) all.push(i);
  }
  return all;
}

/** Decode requests in flight, of which only the newest picture counts. */

import { decodedValues } from "./protocol.js";

/** @typedef {{run: number, z: Float32Array, isImage: boolean, resolve: (decoded: Decoded|undefined) => void, sent: number}} Request */

/**
 * Keeps at most K requests in flight, K from the round trip; one waits, and a newer one replaces it.
 * Replaced requests and outdated answers resolve to undefined.
 * @param {(run: number, z: Float32Array) => number} send returns the request's number
 */
export function decodeQueue(send) {
  const flying = new Map();
  /** @type {Request|null} */
  let waiting = null;
  let trip = 16;
  let newest = 0;
  const limit = () => Math.max(1, Math.min(6, Math.ceil(trip / 16)));

  function launch(one) {
    one.sent = performance.now();
    flying.set(send(one.run, one.z), one);
  }

  function add(run, z, isImage) {
    return new Promise((resolve) => {
      const one = { run, z, isImage, resolve, sent: 0 };
      if (flying.size < limit()) return launch(one);
      waiting?.resolve(undefined);
      waiting = one;
    });
  }

  function receive(frame) {
    const one = flying.get(frame.seq);
    // The server answers in order: earlier requests without an answer were skipped.
    for (const [number, older] of flying) if (number < frame.seq) { flying.delete(number); older.resolve(undefined); }
    flying.delete(frame.seq);
    next();
    if (!one) return;
    const ms = performance.now() - one.sent;
    trip += 0.2 * (ms - trip);
    if (frame.seq < newest) return one.resolve(undefined);
    newest = frame.seq;
    one.resolve({ values: decodedValues(frame, one.isImage), epoch: frame.epoch, ms });
  }

  /**
   * Resolves a request that the server skipped.
   * @returns {boolean} whether it was one of these
   */
  function release(number) {
    const one = flying.get(number);
    if (!one) return false;
    flying.delete(number);
    one.resolve(undefined);
    next();
    return true;
  }

  function next() {
    if (!waiting || flying.size >= limit()) return;
    const one = waiting;
    waiting = null;
    launch(one);
  }

  function drop() {
    for (const one of flying.values()) one.resolve(undefined);
    flying.clear();
    waiting?.resolve(undefined);
    waiting = null;
  }

  return { add, receive, release, drop };
}

/** The connection to the server: one WebSocket that reconnects, numbered requests, and a decode queue. */

import { decodeQueue } from "../core/decode-queue.js";
import { KIND, packDecode, unpackFrame } from "../core/protocol.js";

const WAITS = [250, 500, 1000, 2000, 4000];

/**
 * @param {(message: any) => void} onMessage text messages and pushed frames ({kind, run, epoch, about, arrays})
 * @param {(state: "connecting"|"open"|"lost") => void} onConnection
 */
export function socketTransport(onMessage, onConnection) {
  /** @type {WebSocket|null} */
  let socket = null;
  let tries = 0;
  let seq = 0;
  let closed = false;
  let timer = 0;
  const pending = new Map();
  const latest = new Map();
  const decoder = decodeQueue((run, z) => {
    const number = ++seq;
    socket?.send(packDecode(run, number, z));
    return number;
  });

  function connect() {
    clearTimeout(timer);
    if (closed) return;
    const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
    onConnection("connecting");
    socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => { tries = 0; onConnection("open"); });
    socket.addEventListener("message", (event) => receive(event.data));
    socket.addEventListener("close", () => {
      decoder.drop();
      for (const { reject } of pending.values()) reject({ dropped: true, lost: true });
      pending.clear();
      latest.clear();
      onConnection("lost");
      timer = setTimeout(connect, WAITS[Math.min(tries++, WAITS.length - 1)]);
    });
  }

  function receive(data) {
    if (typeof data !== "string") {
      const frame = unpackFrame(data);
      if (frame.kind === KIND.decoded) decoder.receive(frame);
      else if (frame.kind === KIND.answer) settle(frame.seq, (entry) => entry.resolve({ about: frame.about, arrays: frame.arrays, epoch: frame.epoch }));
      else onMessage(frame);
      return;
    }
    const message = JSON.parse(data);
    if (message.t === "refused") tries = WAITS.length - 1; // it was accepted only to say so
    // Skipped or failed decode requests are answered by a text message.
    if (["dropped", "err"].includes(message.t) && !pending.has(message.seq) && decoder.release(message.seq)) return;
    if (message.t === "ok") settle(message.seq, (entry) => entry.resolve(message));
    else if (message.t === "dropped") settle(message.seq, (entry) => entry.reject({ dropped: true }));
    // Errors of replaced queries are ignored.
    else if (message.t === "err" && message.seq) settle(message.seq, (entry) => entry.reject({ message: message.msg, hint: message.hint }));
    else onMessage(message);
  }

  function settle(number, f) {
    const entry = pending.get(number);
    if (!entry) return;
    pending.delete(number);
    if (latest.get(entry.slot) === number) latest.delete(entry.slot);
    f(entry);
  }

  /**
   * Sends a text message; resolves with the answer, rejects with {message, hint} or {dropped: true}.
   * @param {Record<string, any>} message
   * @param {string} [slot] a newer request of the same slot replaces the older one
   * @returns {Promise<any>}
   */
  function request(message, slot) {
    return new Promise((resolve, reject) => {
      if (socket?.readyState !== WebSocket.OPEN) return reject({ dropped: true, lost: true });
      const number = ++seq;
      if (slot) {
        const older = latest.get(slot);
        if (older) settle(older, (entry) => entry.reject({ dropped: true }));
        latest.set(slot, number);
      }
      pending.set(number, { resolve, reject, slot });
      socket.send(JSON.stringify({ ...message, seq: number }));
    });
  }

  return {
    connect,
    query: (view, run, params) => request({ t: "ask", view, run, params }, `${view} ${run}`),
    command: (t, params) => request({ ...params, t }),
    decode: (run, z, isImage) => (socket?.readyState === WebSocket.OPEN ? decoder.add(run, z, isImage) : Promise.resolve(undefined)),
    /** Reconnects at once. */
    retry() { if (socket?.readyState === WebSocket.CLOSED) { tries = 0; connect(); } },
    close() { closed = true; socket?.close(); },
  };
}

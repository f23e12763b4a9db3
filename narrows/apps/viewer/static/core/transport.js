/** The line to the server: one socket that comes back by itself, questions by number, and decodes of which the newest wins. */

import { KIND, decodedValues, packDecode, unpackFrame } from "./frames.js";

const WAITS = [250, 500, 1000, 2000, 4000];

/**
 * @param {(message: Object) => void} onMessage text messages and pushed frames ({kind, run, epoch, about, arrays})
 * @param {(state: "connecting"|"open"|"lost") => void} onConnection
 */
export function socketTransport(onMessage, onConnection) {
  let socket = null;
  let tries = 0;
  let seq = 0;
  let closed = false;
  let timer = 0;
  const asked = new Map();
  const current = new Map();
  const decoder = decodeQueue((run, z) => {
    const number = ++seq;
    socket.send(packDecode(run, number, z));
    return number;
  });

  function connect() {
    clearTimeout(timer);
    if (closed) return;
    const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
    onConnection("connecting");
    socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { tries = 0; onConnection("open"); };
    socket.onmessage = (event) => receive(event.data);
    socket.onclose = () => {
      decoder.drop();
      for (const { reject } of asked.values()) reject({ dropped: true, lost: true });
      asked.clear();
      current.clear();
      onConnection("lost");
      timer = setTimeout(connect, WAITS[Math.min(tries++, WAITS.length - 1)]);
    };
  }

  function receive(data) {
    if (typeof data !== "string") {
      const frame = unpackFrame(data);
      if (frame.kind === KIND.decoded) decoder.receive(frame);
      else if (frame.kind === KIND.answer) settle(frame.seq, (one) => one.resolve({ about: frame.about, arrays: frame.arrays, epoch: frame.epoch }));
      else onMessage(frame);
      return;
    }
    const message = JSON.parse(data);
    // What was passed over, or could not be decoded, is answered in words.
    if (["dropped", "err"].includes(message.t) && !asked.has(message.seq) && decoder.release(message.seq)) return;
    if (message.t === "ok") settle(message.seq, (one) => one.resolve(message));
    else if (message.t === "dropped") settle(message.seq, (one) => one.reject({ dropped: true }));
    // What went wrong with a question that a newer one has taken the place of is nobody's concern.
    else if (message.t === "err" && message.seq) settle(message.seq, (one) => one.reject({ message: message.msg, hint: message.hint }));
    else onMessage(message);
  }

  function settle(number, f) {
    const one = asked.get(number);
    if (!one) return;
    asked.delete(number);
    if (current.get(one.slot) === number) current.delete(one.slot);
    f(one);
  }

  /** Sends a text message; resolves with the answer, rejects with {message, hint} or {dropped: true}. */
  function request(message, slot = null) {
    return new Promise((resolve, reject) => {
      if (socket?.readyState !== WebSocket.OPEN) return reject({ dropped: true, lost: true });
      const number = ++seq;
      if (slot) {
        const older = current.get(slot);
        current.set(slot, number);
        if (older) settle(older, (one) => one.reject({ dropped: true }));
        current.set(slot, number);
      }
      asked.set(number, { resolve, reject, slot });
      socket.send(JSON.stringify({ ...message, seq: number }));
    });
  }

  return {
    connect,
    ask: (view, run, params) => request({ t: "ask", view, run, params }, `${view} ${run}`),
    command: (t, params) => request({ ...params, t }),
    decode: (run, z, isImage) => (socket?.readyState === WebSocket.OPEN ? decoder.add(run, z, isImage) : Promise.resolve(undefined)),
    /** At once, rather than when the wait is over. */
    retry() { if (socket?.readyState === WebSocket.CLOSED) { tries = 0; connect(); } },
    close() { closed = true; socket?.close(); },
  };
}

/**
 * At most K requests in flight, K from the round trip; one waits, and a newer one takes its place.
 * What is passed over resolves to undefined, as does an answer older than one already given.
 * @param {(run: number, z: Float32Array) => number} send returns the request's number
 */
export function decodeQueue(send) {
  const flying = new Map();
  let waiting = null;
  let trip = 16;
  let newest = 0;
  const window_ = () => Math.max(1, Math.min(6, Math.ceil(trip / 16)));

  function launch(one) {
    one.sent = performance.now();
    flying.set(send(one.run, one.z), one);
  }

  function add(run, z, isImage) {
    return new Promise((resolve) => {
      const one = { run, z, isImage, resolve, sent: 0 };
      if (flying.size < window_()) return launch(one);
      waiting?.resolve(undefined);
      waiting = one;
    });
  }

  function receive(frame) {
    const one = flying.get(frame.seq);
    // The server answers in order: what was asked earlier and is still unanswered was passed over there.
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

  /** A request that will have no picture. @returns {boolean} whether it was one of these */
  function release(number) {
    const one = flying.get(number);
    if (!one) return false;
    flying.delete(number);
    one.resolve(undefined);
    next();
    return true;
  }

  function next() {
    if (!waiting || flying.size >= window_()) return;
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

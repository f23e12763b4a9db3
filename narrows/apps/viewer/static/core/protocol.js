/** Binary frames, little-endian: a header of 24 bytes, meta as JSON, padding to 8, arrays. The mirror of protocol.py. */

export const KIND = { decode: 1, decoded: 2, snapshot: 3, codes: 5, answer: 10 };
const HEADER = 24;
const TYPES = { u1: Uint8Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array };

/**
 * A request to decode z.
 * @param {number} run number of the run
 * @returns {ArrayBuffer}
 */
export function packDecode(run, seq, z) {
  const buffer = new ArrayBuffer(HEADER + 4 * z.length);
  const view = new DataView(buffer);
  view.setUint8(0, KIND.decode);
  view.setUint8(1, 1);
  view.setUint16(2, run, true);
  view.setUint32(4, seq, true);
  for (let i = 0; i < z.length; i++) view.setFloat32(HEADER + 4 * i, z[i], true);
  return buffer;
}

/** @param {ArrayBuffer} buffer */
export function unpackFrame(buffer) {
  const view = new DataView(buffer);
  const frame = { kind: view.getUint8(0), run: view.getUint16(2, true), seq: view.getUint32(4, true), epoch: view.getUint32(8, true), flags: view.getUint32(16, true) };
  const length = view.getUint32(12, true);
  let start = HEADER + length;
  if (!length) return { ...frame, about: {}, arrays: {}, body: buffer, start };
  const meta = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, HEADER, length)));
  start = Math.ceil(start / 8) * 8;
  const arrays = {};
  for (const [name, { dtype, shape, offset }] of Object.entries(meta.arrays || {})) {
    const size = shape.reduce((a, b) => a * b, 1);
    const type = TYPES[dtype];
    const at = start + offset;
    // An array that is not aligned in the frame is copied to where it is.
    const typed = at % type.BYTES_PER_ELEMENT ? new type(buffer.slice(at, at + size * type.BYTES_PER_ELEMENT)) : new type(buffer, at, size);
    arrays[name] = Object.assign(typed, { shape });
  }
  return { ...frame, view: meta.view, about: meta.about || {}, arrays, body: buffer, start };
}

/** What a decoded frame carries: pixels of an image, or the floats of a table's row. */
export function decodedValues(frame, isImage) {
  return isImage ? new Uint8Array(frame.body, frame.start) : new Float32Array(frame.body.slice(frame.start));
}

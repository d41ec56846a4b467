/** Bun's functions that compress at once, over Node's zlib. */
import zlib from "node:zlib";

import { wrongType } from "../lib/wrong.js";

/** Settings by Bun's names, which are zlib's own. */
function settingsOf({ level, memLevel, windowBits, strategy } = {}) {
  const settings = { level, memLevel, windowBits, strategy };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function inputOf(data) {
  if (typeof data === "string" || ArrayBuffer.isView(data) || data instanceof ArrayBuffer) {
    return data;
  }
  throw wrongType("data must be a string, ArrayBuffer or ArrayBufferView");
}

/** A Uint8Array of its own, and no Buffer, as under Bun. */
function plain(buffer) {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

const compressor = (method) => (data, options) =>
  plain(zlib[method](inputOf(data), settingsOf(options)));

export const gzipSync = compressor("gzipSync");
export const gunzipSync = compressor("gunzipSync");
/** Without the head and the sum that Node's function of this name writes. */
export const deflateSync = compressor("deflateRawSync");
export const inflateSync = compressor("inflateRawSync");

function zstdSettings({ level } = {}) {
  return level === undefined ? {} : { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } };
}

export function zstdCompressSync(data, options) {
  return zlib.zstdCompressSync(inputOf(data), zstdSettings(options));
}

export function zstdDecompressSync(data) {
  return zlib.zstdDecompressSync(inputOf(data));
}

function later(method, data, settings) {
  return new Promise((resolve, reject) => {
    zlib[method](inputOf(data), settings, (error, result) =>
      error ? reject(error) : resolve(result),
    );
  });
}

export async function zstdCompress(data, options) {
  return later("zstdCompress", data, zstdSettings(options));
}

export async function zstdDecompress(data) {
  return later("zstdDecompress", data, {});
}

/** Bun.stringWidth(): how many columns of a terminal a text takes. */
const { stripVTControlCharacters } = process.getBuiltinModule("node:util");

const NOTHING = /^[\p{Cc}\p{Cf}\p{Mn}\p{Me}\u1160-\u11ff\u200b-\u200f\ufeff]*$/u;
const EMOJI = /^\p{Emoji_Presentation}|^\p{Extended_Pictographic}.*\ufe0f/u;
/** Where Unicode's East Asian Width is Wide or Fullwidth. */
const WIDE = new RegExp(
  "^[\\u1100-\\u115f\\u2329\\u232a\\u2e80-\\u303e\\u3041-\\u33ff\\u3400-\\u4dbf\\u4e00-\\ua4cf" +
    "\\ua960-\\ua97f\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe10-\\ufe19\\ufe30-\\ufe6f\\uff01-\\uff60" +
    "\\uffe0-\\uffe6\\u{16fe0}-\\u{18d08}\\u{1b000}-\\u{1b2fb}\\u{1f200}-\\u{1f251}" +
    "\\u{20000}-\\u{3fffd}]",
  "u",
);

let segmenter = null;

export function stringWidth(text, { countAnsiEscapeCodes = false, ambiguousIsNarrow = true } = {}) {
  if (!ambiguousIsNarrow) {
    throw new Error("ambiguousIsNarrow: false of Bun.stringWidth() is not part of bao yet");
  }
  const given = String(text ?? "");
  const shown = countAnsiEscapeCodes ? given : stripVTControlCharacters(given);
  if (/^[\x20-\x7e]*$/.test(shown)) return shown.length;
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  let width = 0;
  for (const { segment } of segmenter.segment(shown)) width += widthOf(segment);
  return width;
}

function widthOf(segment) {
  if (NOTHING.test(segment)) return 0;
  return EMOJI.test(segment) || WIDE.test(segment) ? 2 : 1;
}

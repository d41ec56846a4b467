/**
 * Modules made of data: JSON, whose members are exports, too, and text.
 */

/** What resolve.js hangs on a URL. */
const MARK = /[?&]bao-(json|text)$/;

/** @returns {"json" | "text" | null} */
export function dataType(url) {
  return /** @type {any} */ (MARK.exec(url)?.[1] ?? null);
}

/** The source of a module that exports what a file of data holds. */
export function moduleOfData(type, path, text) {
  if (type === "text") return `export default ${literal(text)};\n`;
  const bare = text.replace(/^\uFEFF/, "");
  let value;
  try {
    value = JSON.parse(bare);
  } catch (error) {
    throw new SyntaxError(`${path}: ${error.message}`);
  }
  const whole = `const value = JSON.parse(${literal(bare)});\nexport default value;\n`;
  if (value === null || typeof value !== "object" || Array.isArray(value)) return whole;
  return whole + Object.keys(value).map(exportOf).join("");
}

/** Any name may be exported as a string, so that reserved words need no list. */
function exportOf(name, index) {
  if (name === "default" || !name.isWellFormed()) return "";
  const [member, key] = [`member${index}`, literal(name)];
  return `const ${member} = value[${key}];\nexport { ${member} as ${key} };\n`;
}

function literal(text) {
  return JSON.stringify(text);
}

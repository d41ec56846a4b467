/** Bun.inspect.table(): rows and columns as text. */
import { inspect } from "./inspect.js";

/** Columns are what the rows' members are called, or `columns`. */
export function table(data, columns) {
  if (data === null || typeof data !== "object") return "";
  const isMap = data instanceof Map;
  const rows = isMap
    ? [...data].map(([key, value], i) => [i, { Key: key, Values: value }])
    : Object.entries(data instanceof Set ? [...data] : data);
  const isPlain = (value) => typeof value !== "object" || value === null;
  const names = new Set(Array.isArray(columns) ? columns : []);
  if (!Array.isArray(columns)) {
    for (const [, row] of rows) if (!isPlain(row)) Object.keys(row).forEach((name) => names.add(name));
  }
  const hasValues = rows.some(([, row]) => isPlain(row));
  const heads = ["", ...names, ...(hasValues ? ["Values"] : [])];
  const lines = rows.map(([key, row]) => {
    const cells = [...names].map((name) => (isPlain(row) || !(name in row) ? "" : shown(row[name])));
    return [String(key), ...cells, ...(hasValues ? [isPlain(row) ? shown(row) : ""] : [])];
  });
  return drawn(heads, lines);
}

function shown(value) {
  return typeof value === "string" ? value : inspect(value, { compact: true });
}

function drawn(heads, lines) {
  const widths = heads.map((head, i) =>
    Math.max(1, head.length, ...lines.map((line) => line[i].length)),
  );
  const rule = (left, middle, right) =>
    left + widths.map((width) => "─".repeat(width + 2)).join(middle) + right;
  const row = (cells) => `│${cells.map((cell, i) => ` ${cell.padEnd(widths[i])} `).join("│")}│`;
  const body = [rule("┌", "┬", "┐"), row(heads), rule("├", "┼", "┤"), ...lines.map(row)];
  return `${[...body, rule("└", "┴", "┘")].join("\n")}\n`;
}

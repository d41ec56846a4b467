// Makes media_types_table.h of npm's mime-db, which gathers the registries of IANA, Apache and nginx:
//
//     npm install --prefix /tmp/mime-db mime-db
//     node src/http/generate_media_types.mjs /tmp/mime-db/node_modules/mime-db > src/http/media_types_table.h

import { readFileSync } from "node:fs";

const folder = process.argv[2];
const database = JSON.parse(readFileSync(`${folder}/db.json`, "utf8"));
const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));

// Where the registries contradict what browsers and programs make of a file.
const chosen = {
  cjs: "text/javascript",
  cts: "text/javascript",
  ico: "image/x-icon",
  js: "text/javascript",
  jsx: "text/javascript",
  mjs: "text/javascript",
  mts: "text/javascript",
  ts: "text/javascript",
  tsx: "text/javascript",
  xml: "application/xml",
  xsl: "application/xslt+xml",
  "3gpp": "video/3gpp",
};

// Of several types that claim an extension: one without a prefix goes before `vnd.`, `x-` and
// `prs.`, a registered one before others, a special one before `application/`, a short one before a
// long one.
function rank(type) {
  const subtype = type.split("/")[1];
  const prefixes = ["prs.", "x-", "vnd."];
  const prefix = prefixes.findIndex((begin) => subtype.startsWith(begin));
  const { source } = database[type];
  return [
    prefix < 0 ? prefixes.length : prefix,
    source === "iana" ? 2 : source ? 1 : 0,
    type.startsWith("application/") ? 0 : 1,
    -type.length,
  ];
}

function goesBefore(type, other) {
  const [a, b] = [rank(type), rank(other)];
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && a[at] > b[at];
}

// What a text is encoded in must be said, or browsers guess. XML says it itself, and the other types
// have rules of their own.
function withCharset(type) {
  return type.startsWith("text/") || type === "application/json" ? `${type};charset=utf-8` : type;
}

const types = new Map(Object.entries(chosen));
for (const [type, { extensions = [] }] of Object.entries(database)) {
  for (const extension of extensions) {
    if (extension in chosen) continue;
    const known = types.get(extension);
    if (!known || goesBefore(type, known)) types.set(extension, type);
  }
}

// What an unknown extension means anyway.
for (const [extension, type] of types) {
  if (type === "application/octet-stream") types.delete(extension);
}

const entries = [...types].sort(([a], [b]) => (a < b ? -1 : 1));
let lines = [];
let line = "    ";
for (const [extension, type] of entries) {
  const entry = `{"${extension}","${withCharset(type)}"},`;
  if (line.length + entry.length > 100) {
    lines.push(line);
    line = "    ";
  }
  line += entry;
}
lines.push(line);

console.log(`#pragma once

#include <array>
#include <string_view>

// Made by generate_media_types.mjs of mime-db ${version}. Do not edit.
namespace bao::http {

struct MediaTypeOfExtension {
  std::string_view extension;  ///< in lower case, without its dot
  std::string_view type;
};

/// Sorted by extension.
// clang-format off
inline constexpr std::array<MediaTypeOfExtension, ${entries.length}> kMediaTypes{{
${lines.join("\n")}
}};
// clang-format on

}  // namespace bao::http`);

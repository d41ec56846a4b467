/**
 * .env files in the working folder, which Bun reads by itself: what the environment has already,
 * stays.
 */
// Not imported: see "The same in JavaScript" in docs/architecture.md.
const { readFileSync } = process.getBuiltinModule("node:fs");

/** @param {Record<string, string | undefined>} environment is added to */
export function readEnvFiles(environment) {
  const mode = environment.NODE_ENV || "development";
  // The first that names a variable wins. Tests are to be the same everywhere, so they read nothing
  // local.
  const files = mode === "test" ? [] : [".env.local"];
  files.push(`.env.${mode}`, ".env");
  const fromFiles = {};
  for (const file of files) {
    for (const [name, value] of Object.entries(valuesOf(file))) fromFiles[name] ??= value;
  }
  for (const [name, value] of Object.entries(fromFiles)) {
    environment[name] ??= expanded(value, environment, fromFiles);
  }
}

function valuesOf(file) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return {};
  }
  return process.getBuiltinModule("node:util").parseEnv(text);
}

/** With the values of other variables where it names them. */
function expanded(value, environment, fromFiles) {
  return value.replace(/(\\)?\$(?:\{(\w+)\}|(\w+))/g, (whole, escaped, braced, bare) => {
    if (escaped) return whole.slice(1);
    const name = braced ?? bare;
    return environment[name] ?? fromFiles[name] ?? "";
  });
}

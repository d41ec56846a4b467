/** How a program tells the driver what it has to tell: one line of JSON each. */

function line(...parts: unknown[]): void {
  console.log(JSON.stringify(parts, (_, value) => (value === undefined ? "(undefined)" : value)));
}

/** Something that the driver waits for. */
export function call(name: string, value: unknown = null): void {
  line("call", name, value);
}

/** A case that needs no client: what the program has found out. */
export function fact(name: string, value: unknown): void {
  line("fact", name, value);
}

/** The servers can be asked: each by its port, or the path of its socket. */
export function ready(servers: Record<string, { port?: number } | string>): void {
  const places = Object.entries(servers).map(([name, server]) => [
    name,
    typeof server === "string" ? server : server.port,
  ]);
  call("ready", Object.fromEntries(places));
}

/** What an action comes to: its value, or the kind of error that it throws and its code. */
export function outcome(action: () => unknown): unknown {
  try {
    return action();
  } catch (error: any) {
    const code = /^E[A-Z]+$/.exec(error?.code)?.[0];
    return code ? { throws: error.name, code } : { throws: error?.name ?? String(error) };
  }
}

/** As `outcome`, of a promise. */
export async function outcomeOf(action: () => unknown): Promise<unknown> {
  try {
    return await action();
  } catch (error: any) {
    return { throws: error?.name ?? String(error) };
  }
}

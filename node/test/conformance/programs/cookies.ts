// Cookies: the two classes, and what a server makes of them.
import { fact, outcome, ready } from "./say";

const { Cookie, CookieMap } = Bun as any;

/** All that a map shows. */
const shown = (map: any) => [[...map], map.size, map.toJSON(), map.toSetCookieHeaders()];
const all = (list: unknown[], action: (value: any) => unknown) =>
  list.map((value) => outcome(() => action(value)));

const full = {
  domain: "x.com",
  path: "/p",
  expires: new Date(1e12),
  maxAge: 5,
  secure: true,
  httpOnly: true,
  sameSite: "none",
  partitioned: true,
};
const VALUE = "b c;d,e\"f\\g%h=i+\u00e9\u20ac\u{1f600}/?:@!'()*~-_.&$#[]{}|^`<>\r\n\0\ud800";
const ODD = [undefined, null, 5, true, "", "x"];

fact("text", [
  new Cookie("a", "b").toString(),
  new Cookie("a", "b", full).serialize(),
  new Cookie("a", VALUE).toString(),
  new Cookie({ name: "a", value: "b", ...full }).toString(),
  new Cookie(new Cookie("a", "b", { path: "/z" })).toString(),
]);
fact("JSON", [
  new Cookie("a", "b"),
  new Cookie("a", "b", full),
  Object.keys(new Cookie("a", "b", full).toJSON()),
  Object.getPrototypeOf(new Cookie("a", "b").toJSON()),
]);
fact(
  "names",
  all(
    ["", "a b", "a;b", "a=b", "a\r", "a\n", "\u00e9", "a\0", "a\t", "\x7f", "a,b", 'a"', "a/b", "__Host-x"],
    (name) => new Cookie(name, "v").toString(),
  ),
);
fact(
  "paths",
  all(
    ["", "x", "/a;b", "/a\r\n", "/\u00e9", "/a b", "/a%3B", "/\0", "/\x7f", "/\x01", null, undefined, 5],
    (path) => new Cookie("n", "v", { path }).toString(),
  ),
);
fact(
  "domains",
  all(
    ["", "x.com", ".x.com", "X.Com", "a;b", "a\r\n", "a b", "a_b", "a:80", "[::1]", null, undefined, 5],
    (domain) => new Cookie("n", "v", { domain }).toString(),
  ),
);
fact(
  "sameSite",
  all(["strict", "lax", "none", "Strict", ...ODD], (sameSite) =>
    new Cookie("n", "v", { sameSite }).toString(),
  ),
);
fact(
  "expires",
  all(
    [0, 1, -1, 1e9, 1.5, 1e20, NaN, Infinity, "bad", "", "2020-01-01", null, undefined, true, {}]
      .concat([new Date(NaN), new Date(0), new Date(1e12)] as any)
      .concat(["Wed, 21 Oct 2015 07:28:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"] as any),
    (expires) => {
      const cookie = new Cookie("n", "v", { expires });
      return [cookie.toString(), cookie.expires?.getTime(), cookie.isExpired()];
    },
  ),
);
fact(
  "maxAge",
  all([0, 1, -1, 1.5, NaN, Infinity, 1e20, 1e21, "5", null, undefined, true, {}], (maxAge) => {
    const cookie = new Cookie("n", "v", { maxAge });
    return [cookie.toString(), String(cookie.maxAge), cookie.isExpired()];
  }),
);
fact(
  "flags",
  ["secure", "httpOnly", "partitioned"].map((name) =>
    all([1, 0, "false", {}, ...ODD], (value) => new Cookie("n", "v", { [name]: value }).toString()),
  ),
);
fact("made of", [
  ...all([[], [undefined], [null], [5], [{}], [["a", "b"]], ["a=b"], ["ab"], ["", ""]], (list) =>
    new Cookie(...list).toString(),
  ),
  ...all(
    [[5, 6], ["n", undefined], ["n", null], ["n", "v", "x"], ["n", "v", null], ["n", "v", 5]],
    (list) => new Cookie(...list).toString(),
  ),
  ...all([{ name: "b" }, { name: "b", value: undefined }, { name: "", value: "x" }], (init) =>
    new Cookie(init).toString(),
  ),
  outcome(() => Cookie("n", "v")),
  ...all([["a", "b", { httpOnly: true }], ["a"], []], (list) => Cookie.from(...list).toString()),
]);
fact(
  "parsed",
  all(
    [
      ..."a=b|a|;|=b|a=|a;b=c|a b=c|a=b=c|a=%20b|a=+b|a=b,c=d".split("|"),
      ' a=b | a = b ; x|a="b c"|a=b; secure=false|a=b; SAMESITE=NONE|a=b; samesite=foo'.trim(),
      ..."a=b; path|a=b; path=|a=b; Path=x|a=b; path=/x; path=/y|a=b; Domain=.X.com".split("|"),
      ..."a=b; Domain=|a=b; Domain=a_b|a=b; max-age=x|a=b; max-age=-5|a=b; max-age=1.5".split("|"),
      ..."a=b; max-age=5abc|a=b; max-age=99999999999999999999|a=b; expires=bad".split("|"),
      ..."a=b; expires=2020-01-01|a=b; expires=Wed, 21 Oct 2015 07:28:00 GMT".split("|"),
      ..."a=b;httponly;Partitioned;unknown=x|a=b\r\nc|a=\u00e9".split("|"),
      "a=b; Max-Age=1; Secure; HttpOnly; Path=/q; Domain=x.com; SameSite=Strict",
    ],
    (text) => Cookie.parse(text),
  ),
);
fact("parsed nothing", [outcome(() => Cookie.parse()), outcome(() => Cookie.parse(5))]);

const changed = new Cookie("a", "b");
const assign = (name: string, value: unknown) =>
  outcome(() => {
    changed[name] = value;
    return [changed.toString(), String(changed[name])];
  });
fact("assigned", [
  outcome(() => ((changed as any).name === "a" ? changed.name : 0)),
  assign("value", "z y"),
  assign("value", 5),
  assign("domain", "d.com"),
  assign("domain", "d;com"),
  assign("domain", ""),
  assign("path", "/q"),
  assign("path", "/;"),
  assign("maxAge", 7),
  assign("maxAge", NaN),
  assign("maxAge", undefined),
  assign("secure", "x"),
  assign("sameSite", "none"),
  assign("sameSite", "Foo"),
  assign("httpOnly", 1),
  assign("partitioned", 1),
  outcome(() => {
    changed.expires = 1e9;
    return [changed.toString(), +changed.expires];
  }),
  outcome(() => (changed.expires = "bad")),
  assign("expires", undefined),
]);
const members = (Class: any) =>
  Object.entries(Object.getOwnPropertyDescriptors(Class.prototype)).map(([name, own]) => [
    name,
    own.enumerable,
    typeof own.get,
    typeof own.set,
    own.value?.length,
  ]);
fact("members", [
  members(Cookie).sort(),
  members(CookieMap).sort(),
  Object.getOwnPropertyNames(Cookie).sort(),
  Object.getOwnPropertyNames(CookieMap).sort(),
  [Cookie.name, Cookie.length, CookieMap.name, CookieMap.length],
  [String(Object.prototype.toString.call(changed)), Object.prototype.toString.call(new CookieMap())],
  CookieMap.prototype[Symbol.iterator] === CookieMap.prototype.entries,
  outcome(() => CookieMap.prototype.get.call({}, "a")),
  outcome(() => Cookie.prototype.toString.call({})),
]);

// -- Maps

fact(
  "map of",
  all(
    [
      ...["", "a=b; c=d", "a", "a=b; a=c", "=x", " a = b ", "a=%20", "a=%zz%2", 'a="q"', "a=b\r\nc=d"],
      ..."a=b, c=d|a=|__proto__=x; b=c|a=%2520|\u00e9=\u00fc".split("|"),
      ...[undefined, null, 5, true, [], [["a", "b"]], [["a"]], [["a", "b", "c"]], ["ab"], [[1, 2]]],
      ...[{ a: "b" }, { b: "1", a: 2 }, { a: null }, { "a b": "c" }, { "": "x" }, [["a;", ""]]],
      ...[new Map([["a", "b"]]), new CookieMap("z=y"), [new Set(["a", "b"])]],
    ],
    (init) => shown(new CookieMap(init)),
  ),
);

/** What becomes of a map, step by step. */
const steps = (init: string, ...actions: ((map: any) => unknown)[]) => {
  const map = new CookieMap(init);
  return actions.map((action) => [outcome(() => action(map)), shown(map)]);
};
const held = new Cookie("f", "7");
fact(
  "map set",
  steps(
    "a=1; b=2",
    (map) => [map.get("a"), map.get("zz"), map.get("A"), map.has("a"), map.has("zz")],
    (map) => map.set("c", "3"),
    (map) => map.set("a", "9"),
    (map) => map.set("c", "4"),
    (map) => map.set("d", "5", { maxAge: 10, path: "/x", httpOnly: true }),
    (map) => map.set({ name: "e", value: "6", secure: true }),
    (map) => map.set(held),
    () => (held.value = "8"),
    (map) => map.set("g"),
    (map) => map.set(),
    (map) => map.set(null),
    (map) => map.set(7, 5),
    (map) => map.set("a b", "c"),
    (map) => map.set("crlf", "a\r\nb"),
    (map) => map.set("x", "y", "z"),
    (map) => map.set("x", "y", null),
    (map) => map.set("x", "y", { sameSite: "q" }),
    (map) => map.set("nm", "v", { name: "other", value: "zz" }),
    (map) => map.set("a", ""),
    (map) => map.set({}),
    (map) => map.set("b", "v", { maxAge: 0 }),
  ),
);
fact(
  "map delete",
  steps(
    "a=1; b=2; b=3",
    (map) => map.delete("a"),
    (map) => [map.get("a"), map.has("a")],
    (map) => map.delete("zz"),
    (map) => map.delete("a"),
    (map) => map.delete("b", { path: "/p", domain: "x.com" }),
    (map) => map.delete({ name: "c", path: "/q", domain: "y.com" }),
    (map) => map.delete({ path: "/q" }),
    (map) => map.delete(),
    (map) => map.delete(null),
    (map) => map.delete(5),
    (map) => map.delete("a b"),
    (map) => map.delete(""),
    (map) => map.delete("q", { path: "/;" }),
    (map) => map.delete("q", { path: "", secure: true, sameSite: "none" }),
    (map) => map.delete("q", { path: null, domain: null }),
    (map) => map.delete(new Cookie("ck", "v", { path: "/x", domain: "d.com" })),
    (map) => map.delete("q", "x"),
    (map) => map.set("a", "new"),
    (map) => map.delete("a"),
  ),
);
const order = new CookieMap("b=1; a=2; b=3");
order.set("z", "1");
order.set("a", "7");
const calls: unknown[] = [];
order.forEach(function (this: any, value: string, name: string, map: unknown) {
  calls.push([value, name, map === order, this.q]);
}, { q: 5 });
fact("map order", [
  shown(order),
  [...order.keys()],
  [...order.values()],
  [...order.entries()],
  calls,
  outcome(() => order.forEach(5)),
]);
const walk = (init: string, action: (map: any, count: number) => void) => {
  const map = new CookieMap(init);
  const seen: string[] = [];
  for (const [name] of map) {
    seen.push(name);
    action(map, seen.length);
  }
  return seen;
};
fact("map changed while walked", [
  walk("a=1; b=2", (map, count) => count < 5 && map.set("n" + count, "x")),
  walk("a=1; b=2; c=3", (map) => map.delete("b")),
]);

// -- Servers

let shared: Response;
const set = (req: any) => req.cookies.set("a", "b c");
const handlers: Record<string, (req: any) => any> = {
  read: (req) => Response.json([...req.cookies]),
  set: (req) => (set(req), new Response("x", { headers: { "set-cookie": "own=1; Path=/q" } })),
  plain: (req) => (set(req), new Response("x")),
  many: (req) => {
    req.cookies.set("b", "1");
    req.cookies.set("a", "2");
    req.cookies.delete("z");
    req.cookies.set("b", "3");
    return new Response("x");
  },
  throws: (req) => {
    set(req);
    throw new Error("x");
  },
  rejects: async (req) => {
    set(req);
    await 1;
    throw new Error("x");
  },
  later: async (req) => {
    await Bun.sleep(1);
    set(req);
    await Bun.sleep(1);
    return new Response("y");
  },
  stream: (req) => {
    set(req);
    return new Response(async function* () {
      yield "1";
      await Bun.sleep(5);
      yield "2";
    } as any);
  },
  redirect: (req) => (set(req), Response.redirect("/x")),
  "no content": (req) => (set(req), new Response(null, { status: 204 })),
  "not modified": (req) => (set(req), new Response(null, { status: 304 })),
  unchanged: (req) => new Response(req.cookies.get("z")),
  assigned: (req) => new Response(String(outcome(() => (req.cookies = 5)) as any)),
  same: (req) => new Response(String(req.cookies === req.cookies)),
  cloned: (req) => {
    set(req);
    const copy = req.clone();
    copy.cookies.set("copy", "1");
    return Response.json([copy.cookies === req.cookies, copy.cookies.get("a")]);
  },
  shared: (req) => (set(req), (shared ??= new Response("shared")).clone()),
  json: (req) => (set(req), Response.json({}, { status: 201 })),
};
fact("made requests", typeof (new Request("http://x/", { headers: { cookie: "a=b" } }) as any).cookies);

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  development: false,
  routes: Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => [`/${name.replaceAll(" ", "-")}`, handler]),
  ) as any,
  fetch: (req: any) => Response.json(req.cookies?.get("z") ?? null),
  error: () => new Response("error", { status: 500 }),
});
ready({ main: server });

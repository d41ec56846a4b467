/**
 * Request, Response and Headers as programs use them, beside the platform's, and what must be
 * refused.
 */
import { Headers, Request, Response } from "bao";

async function* chunks(): AsyncGenerator<string> {
  yield "a";
}

const responses: Response[] = [
  new Response(),
  new Response(null, { status: 204 }),
  new Response("x", { status: 404, statusText: "No", headers: { a: "b", c: 5 } }),
  new Response(new Uint8Array(1), { headers: [["a", "b"]] }),
  new Response(new ArrayBuffer(1), { headers: new Map([["a", "b"]]) }),
  new Response(Buffer.from("x"), { headers: new globalThis.Headers() }),
  new Response(new Blob(["x"]), { headers: new Headers({ a: "b" }) }),
  new Response(new FormData()),
  new Response(new URLSearchParams()),
  new Response(new ReadableStream()),
  new Response(chunks()),
  new Response(chunks),
  new Response(chunks, { trailers: { a: "b" } }),
  new Response(chunks, { trailers: () => new Headers() }),
  new Response(chunks, { trailers: async () => undefined }),
  new Response("x", new globalThis.Response()),
  Response.json({ a: 1 }),
  Response.json([1], { status: 201 }),
  Response.json(null, 404),
  Response.redirect("/x"),
  Response.redirect(new URL("http://a/"), 301),
  Response.redirect("/x", { status: 307, headers: { a: "b" } }),
  Response.error(),
];

async function reading(response: Response, request: Request): Promise<void> {
  const text: string = await response.text();
  const { name }: { name: string } = await request.json();
  const bytes: Uint8Array = await response.bytes();
  const buffer: ArrayBuffer = await response.arrayBuffer();
  const blob: Blob = await response.blob();
  const form: FormData = await request.formData();
  const values: [boolean, number, string, boolean] = [
    response.ok,
    response.status,
    response.statusText,
    response.bodyUsed,
  ];
  const copy: Response = response.clone();
  const header: string | null = copy.headers.get("a");
  const cookies: string[] = response.headers.getSetCookie();
  const aborted: boolean = request.signal.aborted;
  for (const [field, value] of request.headers) console.log(field.length + value.length);
  const object: Record<string, string | string[]> = request.headers.toJSON();
  console.log(text, name, bytes, buffer, blob, form, values, header, cookies, aborted, object);
}

class Mine extends Response {
  readonly mine = this.status + 1;
}
const mine: Response = new Mine("x");
console.log(mine);

const request = new Request("http://a/", {
  method: "POST",
  body: "x",
  signal: AbortSignal.timeout(1),
});
const made: Request[] = [new Request(request), new Request(new URL("http://a")), request.clone()];

// Ours can be given where the platform's are wanted.
const platforms: [globalThis.Request, globalThis.Response, globalThis.Headers] = [
  request,
  new Response(),
  new Headers(),
];
new Request(new globalThis.Request("http://a/"));
console.log(responses, made, platforms, reading);

// @ts-expect-error a status is a number
new Response("x", { status: "404" });
// @ts-expect-error a number is no body
new Response(12);
// @ts-expect-error an object is no body: that is for Response.json
new Response({ a: 1 });
// @ts-expect-error fields are texts
new Headers({ a: {} });
// @ts-expect-error a Request needs a URL
new Request();
// @ts-expect-error no such mode
new Request("http://a", { mode: "bad" });
// @ts-expect-error it cannot be set
request.url = "http://b/";
// @ts-expect-error only Set-Cookie has several
request.headers.getAll("a");

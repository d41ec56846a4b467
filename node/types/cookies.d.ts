/** Types of cookies; bao.d.ts gives them to programs. */

/** What a cookie is made with, beside its name and value. */
export interface CookieAttributes {
  /** The host that it is for, with the hosts below it; none: only the host that sets it. */
  domain?: string | null;
  /** Where the paths begin that it is for: "/" by default; "": the client chooses. */
  path?: string | null;
  /** When it ends: a Date, seconds since 1970, or the date as HTTP writes it. */
  expires?: Date | number | string | null;
  /** How many seconds it lasts; 0 or less ends it. Wins over `expires`. */
  maxAge?: number | null;
  /** Sent over TLS only. */
  secure?: boolean;
  /** Kept from the page's scripts. */
  httpOnly?: boolean;
  /** One for each site in which it is embedded. */
  partitioned?: boolean;
  /** Which requests of other sites it goes along with: "lax" by default. */
  sameSite?: CookieSameSite | null;
}
export type CookieSameSite = "strict" | "lax" | "none";
export interface CookieInit extends CookieAttributes {
  name?: string;
  value?: string;
}

/** A cookie as a reply sets it. Wrong attributes are TypeErrors. */
export declare class Cookie {
  constructor(name: string, value: string, options?: CookieAttributes | null);
  /** @param cookie the value of a Set-Cookie field, or an object */
  constructor(cookie: string | CookieInit);
  static parse(setCookie: string): Cookie;
  static from(name: string, value: string, options?: CookieAttributes | null): Cookie;
  readonly name: string;
  value: string;
  get domain(): string | null;
  set domain(domain: string);
  path: string;
  get expires(): Date | undefined;
  set expires(expires: Date | number | string | null | undefined);
  get maxAge(): number | undefined;
  set maxAge(seconds: number | null | undefined);
  secure: boolean;
  httpOnly: boolean;
  partitioned: boolean;
  sameSite: CookieSameSite;
  isExpired(): boolean;
  /** The value of its Set-Cookie field. */
  serialize(): string;
  toString(): string;
  toJSON(): CookieInit;
}

/** The cookies of a request, and what is changed about them. */
export declare class CookieMap implements Iterable<[string, string]> {
  /** @param init the value of a Cookie field, pairs, or an object */
  constructor(init?: string | string[][] | Record<string, string> | null);
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string, options?: CookieAttributes | null): void;
  set(cookie: Cookie | CookieInit): void;
  /** The client lets go of it only if domain and path are those with which it was set. */
  delete(name: string, options?: Pick<CookieAttributes, "domain" | "path"> | null): void;
  delete(cookie: Pick<CookieAttributes, "domain" | "path"> & { name: string }): void;
  /** A value of Set-Cookie for each cookie that was set or deleted. */
  toSetCookieHeaders(): string[];
  readonly size: number;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
  forEach(callback: (value: string, name: string, map: CookieMap) => void, self?: unknown): void;
  toJSON(): Record<string, string>;
}

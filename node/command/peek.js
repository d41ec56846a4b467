/** Bun.peek(): what has become of a promise, without waiting for it. */
import { Session } from "node:inspector";
import { types } from "node:util";

/** What V8 calls the states of promises. */
const STATES = { pending: "pending", fulfilled: "fulfilled", rejected: "rejected" };

let session = null;
/** Where V8's inspector, which alone can look into a promise, takes it from and puts what it finds. */
const exchange = { promise: null, result: undefined };
const PLACE = Symbol("exchange");

function ask(method, parameters) {
  let answer;
  // Within the same thread it answers at once.
  session.post(method, parameters, (error, result) => {
    if (error) throw error;
    answer = result;
  });
  return answer;
}

function idOfExchange() {
  globalThis[PLACE] = exchange;
  try {
    const name = "Object.getOwnPropertySymbols(globalThis).find((it) => globalThis[it]?.isExchange)";
    return ask("Runtime.evaluate", { expression: `globalThis[${name}]` }).result.objectId;
  } finally {
    delete globalThis[PLACE];
  }
}

function facts(promise) {
  if (session === null) {
    session = new Session();
    session.connect();
    exchange.isExchange = true;
    exchange.id = idOfExchange();
  }
  exchange.promise = promise;
  const call = (functionDeclaration, more) =>
    ask("Runtime.callFunctionOn", { objectId: exchange.id, functionDeclaration, ...more });
  const { objectId } = call("function () { return this.promise; }").result;
  try {
    const { internalProperties } = ask("Runtime.getProperties", { objectId, ownProperties: true });
    const value = (name) => internalProperties.find((property) => property.name === name).value;
    const state = STATES[value("[[PromiseState]]").value];
    const result = value("[[PromiseResult]]");
    const argument =
      result.objectId !== undefined
        ? { objectId: result.objectId }
        : "unserializableValue" in result
          ? { unserializableValue: result.unserializableValue }
          : { value: result.value };
    call("function (result) { this.result = result; }", { arguments: [argument] });
    if (result.objectId !== undefined) ask("Runtime.releaseObject", { objectId: result.objectId });
    return { state, result: exchange.result };
  } finally {
    ask("Runtime.releaseObject", { objectId });
    exchange.promise = null;
    exchange.result = undefined;
  }
}

/** What a promise was fulfilled or rejected with, or the promise itself while it is pending. */
export function peek(promise) {
  if (!types.isPromise(promise)) return promise;
  const { state, result } = facts(promise);
  if (state === "pending") return promise;
  // It has been looked at, as under Bun.
  if (state === "rejected") promise.catch(() => {});
  return result;
}

/** "pending", "fulfilled" or "rejected"; what is no promise is fulfilled. */
peek.status = (promise) => (types.isPromise(promise) ? facts(promise).state : "fulfilled");

/**
 * Connections for whoever wants to know of them, which is bao/http: it is loaded by few programs,
 * and after the addon has been given its table.
 */

let told = () => {};

/** `listener` is called as the table's function `connection`. */
export function tellOfConnections(listener) {
  told = listener;
}

/** The table's function: something happened to a connection that JavaScript knows. */
export function connection(number, event, table, value, payload) {
  told(number, event, table, value, payload);
}

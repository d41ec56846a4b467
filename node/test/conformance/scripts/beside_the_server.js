/** The program finds out everything by itself. */
export default async function (script) {
  await script.start();
}

// A process that another one starts, and that talks with it.
process.on("message", (message: any) => {
  if (message.last) return process.disconnect();
  process.send!({ kind: Object.prototype.toString.call(message), type: typeof message });
});
process.on("disconnect", () => console.log("left"));
process.send!(`hello, ${process.argv.slice(2).join(" ")}`);

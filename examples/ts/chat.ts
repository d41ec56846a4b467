// A chat: everybody who has joined hears what the others write. Try it in two tabs.
import { serve } from "bun";

const TOPIC = "chat";

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Chat</title>
<ul id="messages"></ul>
<form id="form"><input id="text" autofocus autocomplete="off"> <button>Send</button></form>
<script>
  const address = new URL("/chat" + location.search, location);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address);
  socket.onmessage = ({ data }) => {
    const line = document.createElement("li");
    line.textContent = data;
    messages.append(line);
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    socket.send(text.value);
    text.value = "";
  };
</script>
`;

const server = serve({
  routes: {
    "/": new Response(PAGE, { headers: { "Content-Type": "text/html;charset=utf-8" } }),
  },
  fetch(req, server) {
    const url = new URL(req.url);
    const name = (url.searchParams.get("name") ?? "somebody").slice(0, 40);
    if (url.pathname === "/chat" && server.upgrade(req, { data: { name } })) return;
    return new Response("not here\n", { status: 404 });
  },
  websocket: {
    data: {} as { name: string }, // the type of ws.data
    open(ws) {
      ws.subscribe(TOPIC);
      announce(`${ws.data.name} has come`);
    },
    message(ws, message) {
      server.publish(TOPIC, `${ws.data.name}: ${message}`);
    },
    close(ws) {
      announce(`${ws.data.name} has gone`);
    },
    maxPayloadLength: 4096, // nobody writes more at a time
    perMessageDeflate: true,
  },
});

function announce(what: string) {
  server.publish(TOPIC, `${what} (${server.subscriberCount(TOPIC)} here)`);
}

console.log(`listening on ${server.url}`);

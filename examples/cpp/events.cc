// Server-sent events: each browser tab that shows the page sees what the others say.
// Try it: open http://localhost:3000/ twice, or curl -N http://localhost:3000/events

#include <algorithm>
#include <deque>
#include <iostream>
#include <string>

#include <bao/bao.h>

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kKept = 100;

// What was said last, numbered, and who waits for more. A loop is one thread, so nothing is locked.
struct Room {
  std::deque<std::string> messages;
  std::size_t first = 0;  // the number of messages.front()

  std::size_t end() const { return first + messages.size(); }
  void say(std::string text) {
    messages.push_back(std::move(text));
    if (messages.size() > kKept) {
      messages.pop_front();
      ++first;
    }
  }
};

constexpr const char* kPage = R"(<!doctype html>
<title>Events</title>
<form><input name="text" autofocus> <button>Say it</button></form>
<ul></ul>
<script>
  new EventSource("/events").onmessage = ({ data }) => {
    const line = document.createElement("li");
    line.textContent = data;
    document.querySelector("ul").append(line);
  };
  document.querySelector("form").onsubmit = (event) => {
    event.preventDefault();
    fetch("/say", { method: "POST", body: new FormData(event.target) });
    event.target.reset();
  };
</script>
)";

// A client that comes back goes on behind the last message that it has seen.
std::size_t begin_of(const bao::Request& req, const Room& room) {
  const auto last = bao::last_event_id(req);
  if (!last || last->empty() || last->find_first_not_of("0123456789") != last->npos) {
    return room.end();
  }
  return std::stoull(last->substr(0, 18)) + 1;
}

}  // namespace

int main(int argc, char** argv) {
  Room room;

  const auto events = [&room](bao::Request& req) {
    return bao::event_stream([&room, next = begin_of(req, room)](
                                 bao::EventStream& out) mutable -> bao::Task<> {
      co_await out.send(bao::Event("welcome").type("hello").retry(1s));
      for (;;) {
        for (next = std::max(next, room.first); next < room.end(); ++next) {
          co_await out.send(bao::Event(room.messages[next - room.first]).id(std::to_string(next)));
        }
        co_await bao::sleep(50ms);
        if (out.client_gone()) co_return;
      }
    });
  };
  const auto say = [&room](bao::Request& req) -> bao::Task<bao::Response> {
    bao::Form form = co_await req.form();
    room.say(form.get("text").value_or(""));
    co_return bao::Response::empty(204);
  };

  auto server = bao::serve({
      .arguments = {argc, argv},
      .routes =
          {
              {"/", bao::Response::html(kPage)},
              {"/events", events},
              {"/say", bao::methods{.post = say}},
          },
  });
  std::cout << "listening on " << server.url() << std::endl;
  bao::run();
}

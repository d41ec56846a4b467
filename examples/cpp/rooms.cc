// Rooms with authentication: who has logged in may enter a room and talk to those who are there.
//
// A page of another site can open a WebSocket here with the user's cookies, because browsers do not
// hold it back. So the Origin is checked before the cookie is believed.
//
//     curl -i -d name=Ada http://localhost:3000/login      (gives the cookie)

#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <string>

#include <bao/bao.h>

struct Member {
  std::string name;
  std::string room;
};

class Sessions {
 public:
  std::string begin(std::string name) {
    std::string token;
    for (int i = 0; i < 32; ++i) token += "0123456789abcdef"[random_() % 16];
    names_[token] = std::move(name);
    return token;
  }
  const std::string* name_of(const std::string& token) const {
    const auto found = names_.find(token);
    return found == names_.end() ? nullptr : &found->second;
  }

 private:
  std::random_device random_;
  std::map<std::string, std::string> names_;
};

// Programs that are no browsers send no Origin, and nobody's cookies but their own.
bool same_site(const bao::Request& req) {
  const auto origin = req.field("origin");
  return !origin || *origin == "http://" + std::string(req.field("host").value_or(""));
}

std::string_view name_in(std::string_view form) {
  return form.starts_with("name=") ? form.substr(5) : std::string_view();
}

int main(int argc, char** argv) {
  Sessions sessions;

  auto login = [&](bao::Request& req) -> bao::Task<bao::Response> {
    const std::string form = co_await req.text();
    const std::string name(name_in(form));
    if (name.empty() || name.size() > 40) co_return bao::Response("name=… please\n").status(400);
    bao::Response response("welcome\n");
    response.set("Set-Cookie",
                 "session=" + sessions.begin(name) + "; Path=/; HttpOnly; SameSite=Strict");
    co_return response;
  };

  auto enter = [&](bao::Request& req, bao::Server& server) -> std::optional<bao::Response> {
    if (!same_site(req)) return bao::Response("not from there\n").status(403);
    const std::string* name = sessions.name_of(req.cookie("session").value_or(""));
    if (name == nullptr) return bao::Response("log in first\n").status(401);
    bao::UpgradeOptions options;
    options.data = Member{*name, "room " + req.param("room")};
    if (server.upgrade(req, std::move(options))) return std::nullopt;
    return bao::Response("This is for WebSockets\n").status(400);
  };

  auto server = bao::serve({
      .arguments = {argc, argv},
      .routes =
          {
              {"/login", bao::methods{.post = login}},
              {"/rooms/:room", enter},
          },
      .websocket = {
          .open =
              [](bao::WebSocket& ws) {
                const Member& member = ws.data<Member>();
                ws.subscribe(member.room);
                ws.send("You are in " + member.room);
                ws.publish(member.room, member.name + " enters");
              },
          .message =
              [](bao::WebSocket& ws, std::string_view text) {
                const Member& member = ws.data<Member>();
                ws.publish(member.room, member.name + ": " + std::string(text));
              },
          // A room is left before this handler runs.
          .close =
              [](bao::WebSocket& ws, int, std::string_view) {
                std::cout << ws.data<Member>().name << " has left" << std::endl;
              },
          .backpressure_limit = 64 * 1024,  // who reads no faster than that misses messages
      },
  });
  std::cout << "listening on " << server.url() << std::endl;
  bao::run();
}

// Everything that can stand on a route, and what a handler can read of its request.
//
//     curl -i http://localhost:3000/health
//     curl http://localhost:3000/users/7
//     curl http://localhost:3000/search?q=steamed+buns
//     curl -X DELETE http://localhost:3000/posts/1

#include <iostream>
#include <string>

#include <bao/bao.h>

// Handlers may be plain functions, too.
bao::Response search(bao::Request& req) {
  // A query parameter comes decoded; there is none if the client did not send it.
  auto words = req.query("q");
  if (!words || words->empty()) {
    return bao::Response("say what to look for: /search?q=buns\n").status(400);
  }
  return bao::Response("nothing found for '" + *words + "'\n");
}

bao::Response greet(bao::Request& req) {
  // Fields are found without regard to case. The view is good as long as the request.
  auto agent = req.field("user-agent").value_or("somebody");
  auto name = req.cookie("name").value_or("stranger");
  return bao::Response("Hello " + name + ", you use " + std::string(agent) + "\n");
}

int main(int argc, char** argv) {
  auto server = bao::serve({
      .arguments = {argc, argv},
      .routes =
          {
              // A Response is prepared once, at start: no code runs for it, and it has an ETag.
              {"/health", bao::Response("OK\n")},
              {"/old", bao::Response::redirect("/health", 301)},

              // A parameter is one segment, and comes decoded. The literal path goes before it,
              // wherever it stands in this list.
              {"/users/:id", [](bao::Request& req) { return "user " + req.param("id") + "\n"; }},
              {"/users/me", bao::Response("that is you\n")},

              // `*` is the rest of the path, slashes included.
              {"/files/*", [](bao::Request& req) { return "file " + req.param("*") + "\n"; }},

              // By method. What is not listed goes on to `fetch`, which answers 404 below.
              {"/posts/:id",
               bao::methods{
                   .get = [](bao::Request& req) { return "post " + req.param("id") + "\n"; },
                   .del = bao::Response::empty(204),
               }},

              {"/search", search},
              {"/greet", greet},
              {"/login",
               [] {
                 return bao::Response::redirect("/greet", 303)
                     .append("Set-Cookie", "name=Ada; Path=/; HttpOnly; SameSite=Lax");
               }},

              // Switched off: requests fall through to `fetch`.
              {"/secret", false},
          },
      // Answers whatever no route does.
      .fetch =
          [](bao::Request& req) {
            std::string line(req.method());
            line.append(" ").append(req.path());
            return bao::Response("there is nothing at " + line + "\n").status(404);
          },
  });
  std::cout << "listening on " << server.url() << std::endl;
  bao::run();
}

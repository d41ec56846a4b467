// What happens when a handler throws, and how to answer instead.
//
//     curl -i http://localhost:3000/users/7
//     curl -i http://localhost:3000/users/seven
//     curl -i http://localhost:3000/report         (a browser shows the development page)
//     NODE_ENV=production bao-errors               (now clients get a plain 500)

#include <exception>
#include <iostream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include <bao/bao.h>

const std::map<int, std::string> kUsers = {{1, "Ada"}, {2, "Grace"}};

std::string name_of(const std::string& id) {
  return kUsers.at(std::stoi(id));  // throws std::invalid_argument or std::out_of_range
}

std::string write_report() {
  try {
    return name_of("3");
  } catch (...) {
    // Says what was meant to be done, and keeps the error that got in the way: the page and the
    // log show both, each with its own stack.
    std::throw_with_nested(std::runtime_error("Cannot write the report"));
  }
}

// Called for whatever a handler throws. Nothing means: answer as if there were no error handler.
std::optional<bao::Response> answer(const std::exception& error, bao::Request& req) {
  if (dynamic_cast<const std::out_of_range*>(&error)) {
    return bao::Response("there is no " + std::string(req.path()) + "\n").status(404);
  }
  if (dynamic_cast<const std::invalid_argument*>(&error)) {
    return bao::Response("an id is a number\n").status(400);
  }
  return std::nullopt;
}

int main(int argc, char** argv) {
  try {
    auto server = bao::serve({
        .arguments = {argc, argv},
        .routes =
            {
                {"/users/:id", [](bao::Request& req) { return name_of(req.param("id")) + "\n"; }},
                {"/report", [] { return write_report(); }},
                // Anything can be thrown. The error handler gets a bao::UnknownException.
                {"/odd", []() -> bao::Response { throw 42; }},
            },
        .error = answer,
        // Where errors go that nobody answered. Without it they go to stderr.
        .log = [](std::string_view lines) { std::cerr << "[app] " << lines << std::endl; },
    });
    std::cout << "listening on " << server.url() << std::endl;
    bao::run();
  } catch (const bao::OptionError& error) {  // a wrong option; the sentence says which
    std::cerr << error.what() << '\n';
    return 2;
  } catch (const bao::ListenError& error) {  // the port is taken, say
    std::cerr << error.what() << '\n';
    return 1;
  }
}

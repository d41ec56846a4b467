// Throws what a hostile client could make a program throw, for the tests of the error page in a
// browser.
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include <bao/bao.h>

namespace {

void read_settings(const std::string& name) {
  throw std::invalid_argument("no such setting: " + name);
}

void start_oven(const std::string& name) {
  try {
    read_settings(name);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("the oven stays cold: " + name));
  }
}

bao::Response bake(bao::Request& req) {
  const std::string name = req.query("name").value_or("");
  try {
    start_oven(name);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("cannot bake " + name));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  auto server = bao::serve({
      .hostname = "127.0.0.1",
      .arguments = {argc, argv},
      .routes = {{"/bake", bake}},
      .development = true,
      .log = [](std::string_view) {},
  });
  std::cout << server.url() << std::endl;
  bao::run();
}

#include "processes/cluster_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include "robustness/sanitizers.h"

namespace bao::testing {

Lines::Lines() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  read_ = ends[0];
  write_ = ends[1];
}

Lines::~Lines() {
  ::close(read_);
  only_listen();
}

void Lines::only_listen() {
  if (write_ >= 0) ::close(write_);
  write_ = -1;
}

void Lines::say(const std::string& line) const {
  const std::string text = line + "\n";
  // Nobody may listen any more, when a test has failed.
  [[maybe_unused]] auto written = ::write(write_, text.data(), text.size());
}

std::optional<std::string> Lines::next() {
  for (;;) {
    if (const size_t end = buffer_.find('\n'); end != buffer_.npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    pollfd entry{.fd = read_, .events = POLLIN, .revents = 0};
    char bytes[4096];
    if (::poll(&entry, 1, static_cast<int>(kPatience.count())) != 1) return std::nullopt;
    const ssize_t count = ::read(read_, bytes, sizeof bytes);
    if (count <= 0) return std::nullopt;
    buffer_.append(bytes, static_cast<size_t>(count));
  }
}

std::string Lines::next_after(std::string_view beginning) {
  while (const auto line = next()) {
    if (line->starts_with(beginning)) return line->substr(beginning.size());
  }
  ADD_FAILURE() << "nobody said: " << beginning;
  return "";
}

std::vector<std::string> Lines::rest() {
  std::vector<std::string> lines;
  while (auto line = next()) lines.push_back(std::move(*line));
  return lines;
}

ClusterProcess::ClusterProcess(ClusterOptions options, std::function<void(ClusterChild)> main) {
  if (!options.log) {
    options.log = [this](std::string_view line) { lines.say("log: " + std::string(line)); };
  }
  process_.emplace([&] { return cluster(options, main); });
  lines.only_listen();
}

std::optional<int> ClusterProcess::exit_code() {
  const auto status = process_->wait(kPatience);
  if (!status || !WIFEXITED(*status)) return std::nullopt;
  return WEXITSTATUS(*status);
}

}  // namespace bao::testing

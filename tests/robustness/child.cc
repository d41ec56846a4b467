#include "robustness/child.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "robustness/sanitizers.h"

namespace bao::testing {

using std::chrono::milliseconds;

Child::Child(const std::function<int()>& main) {
  // What is buffered would be written by both.
  std::fflush(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::exit(main());
}

Child::~Child() {
  if (status_) return;
  signal(SIGKILL);
  wait(kPatience);
}

void Child::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

std::optional<int> Child::wait(milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!status_) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      status_ = status;
    } else if (std::chrono::steady_clock::now() > deadline) {
      break;
    } else {
      std::this_thread::sleep_for(milliseconds(2));
    }
  }
  return status_;
}

bool Child::ends_well(milliseconds patience) {
  const auto status = wait(patience);
  return status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0;
}

milliseconds Child::cpu_time() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
  std::string text;
  std::getline(file, text);
  // The name in parentheses may hold spaces; utime and stime are the 12th and 13th fields behind it
  // (proc(5)).
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return milliseconds((user + system) * 1000 / ::sysconf(_SC_CLK_TCK));
}

Message::Message() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  read_ = ends[0];
  write_ = ends[1];
}

Message::~Message() {
  ::close(read_);
  ::close(write_);
}

void Message::send(int value) const {
  if (::write(write_, &value, sizeof value) != sizeof value) std::abort();
}

std::optional<int> Message::receive() {
  pollfd entry{.fd = read_, .events = POLLIN, .revents = 0};
  int value = 0;
  if (::poll(&entry, 1, static_cast<int>(kPatience.count())) != 1) return std::nullopt;
  if (::read(read_, &value, sizeof value) != sizeof value) return std::nullopt;
  return value;
}

}  // namespace bao::testing

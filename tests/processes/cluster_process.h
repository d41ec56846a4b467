#pragma once

#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

#include <bao/cluster.h>

#include "robustness/child.h"

namespace bao::testing {

/// What the processes of a cluster tell the test, in lines.
class Lines {
 public:
  Lines();
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  ~Lines();

  /// In any process: a line without its end, whole among those of others.
  void say(const std::string& line) const;
  /// The next line; none if nothing comes for long, or everybody who could say something is gone.
  std::optional<std::string> next();
  /// Skips lines until one begins like that; gives what follows.
  std::string next_after(std::string_view beginning);
  /// All that is said until nobody is left who could.
  std::vector<std::string> rest();
  /// In the test: only others say something from now on.
  void only_listen();

 private:
  int read_;
  int write_;
  std::string buffer_;
};

/// A process that calls bao::cluster and exits with what it returns. Its log goes to the lines,
/// behind "log: ".
class ClusterProcess {
 public:
  explicit ClusterProcess(ClusterOptions options, std::function<void(ClusterChild)> main);

  Lines lines;
  Child& process() { return *process_; }
  /// Waits for its end.
  std::optional<int> exit_code();

 private:
  std::optional<Child> process_;
};

}  // namespace bao::testing

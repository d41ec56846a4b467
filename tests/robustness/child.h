#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <sys/types.h>

namespace bao::testing {

/// A forked process that runs a function and exits with what it returns. It dies with its parent,
/// at the latest.
class Child {
 public:
  explicit Child(const std::function<int()>& main);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  /// Kills it if it still runs.
  ~Child();

  pid_t pid() const { return pid_; }
  void signal(int number) const;

  /// Waits for its end and gives the status that waitpid(2) tells; none if it goes on for longer.
  std::optional<int> wait(std::chrono::milliseconds patience);
  /// True if it ends in time, by itself, with exit code 0.
  bool ends_well(std::chrono::milliseconds patience);

  /// The processor time that it has used, in the kernel and outside.
  std::chrono::milliseconds cpu_time() const;

 private:
  pid_t pid_;
  std::optional<int> status_;
};

/// A pipe by which a child tells one thing to its parent. Make it before the child.
class Message {
 public:
  Message();
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;
  ~Message();
  void send(int value) const;
  /// Waits; none if the child is gone or silent for too long.
  std::optional<int> receive();

 private:
  int read_;
  int write_;
};

}  // namespace bao::testing

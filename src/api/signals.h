#pragma once

#include <functional>

#include "net/loop.h"

namespace bao::detail {

/// While it lives, SIGINT and SIGTERM are told to `on_signal` on the loop's thread instead of
/// ending the process; those that come within one turn of the loop are told once. The former
/// dispositions return when the last one in the process is gone. Several loops may each have one.
class SignalWatch final : public net::EventHandler {
 public:
  SignalWatch(net::Loop& loop, std::function<void()> on_signal);
  ~SignalWatch() override;
  void on_event(uint32_t events) override;

 private:
  net::Loop& loop_;
  std::function<void()> on_signal_;
  net::FileDescriptor fd_;
  size_t slot_;
};

}  // namespace bao::detail

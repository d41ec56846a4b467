#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "websocket/connection.h"
#include "websocket/topics.h"
#include "websocket/workspace.h"

namespace bao::websocket {

/// Makes frames of what was published and sends them. Each message is formatted once, and
/// compressed once for all subscribers that take the same bytes; only those with a compressor of
/// their own have it compressed for themselves.
class Broadcast {
 public:
  /// Both outlive it.
  Broadcast(const Topics& topics, Workspace& workspace) : topics_(topics), workspace_(workspace) {}
  Broadcast(const Broadcast&) = delete;
  Broadcast& operator=(const Broadcast&) = delete;

  /// Sends messages that wait in the topics to one subscriber, in one write. For Topics::deliver.
  void send(Connection& connection, std::span<const uint32_t> numbers);
  /// The topics have forgotten their messages: the numbers will mean others.
  void forget();

 private:
  /// Frames for those who agreed on the same.
  struct Form {
    struct Frame {
      size_t offset = 0;
      size_t size = 0;  // 0: not formatted yet
    };
    std::string bytes;          // of all frames, behind each other
    std::vector<Frame> frames;  // by the number of the message
    std::vector<uint32_t> joined_numbers;
    std::string joined;  // the frames of those numbers, for the next who gets the same
  };

  std::string_view frame(Form& form, int window_bits, uint32_t number);
  void format(std::string& to, const Topics::Message& message, int window_bits);
  std::string_view frames(int window_bits, std::span<const uint32_t> numbers);

  const Topics& topics_;
  Workspace& workspace_;
  // Uncompressed, and compressed with windows of 9 to 15 bits.
  std::array<Form, 8> forms_;
  std::string compressed_;
};

}  // namespace bao::websocket

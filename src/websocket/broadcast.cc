#include "websocket/broadcast.h"

#include <algorithm>

namespace bao::websocket {

namespace {

constexpr int kUncompressed = 8;  // stands before the smallest window, of 9 bits
// What a form keeps of its memory.
constexpr size_t kKept = 64 * 1024;

void clear(std::string& text) {
  text.clear();
  if (text.capacity() > kKept) std::string().swap(text);
}

Opcode opcode_of(const Topics::Message& message) {
  return message.text ? Opcode::text : Opcode::binary;
}

}  // namespace

void Broadcast::send(Connection& connection, std::span<const uint32_t> numbers) {
  const DeflateAgreement& deflate = connection.deflate();
  if (!deflate.enabled || deflate.compress == DeflateSettings::Mode::disabled) {
    connection.send_formatted(frames(kUncompressed, numbers));
  } else if (deflate.compress == DeflateSettings::Mode::shared) {
    connection.send_formatted(frames(deflate.compress_window_bits, numbers));
  } else {
    // Its compressor remembers what it was given, so nobody else can use what comes out.
    connection.cork();
    for (uint32_t number : numbers) {
      const Topics::Message message = topics_.message(number);
      connection.send(message.payload, opcode_of(message), message.compress);
    }
    connection.uncork();
  }
}

std::string_view Broadcast::frames(int window_bits, std::span<const uint32_t> numbers) {
  Form& form = forms_[static_cast<size_t>(window_bits - kUncompressed)];
  if (numbers.size() == 1) return frame(form, window_bits, numbers.front());
  if (!std::equal(numbers.begin(), numbers.end(), form.joined_numbers.begin(),
                  form.joined_numbers.end())) {
    form.joined.clear();
    for (uint32_t number : numbers) form.joined += frame(form, window_bits, number);
    form.joined_numbers.assign(numbers.begin(), numbers.end());
  }
  return form.joined;
}

std::string_view Broadcast::frame(Form& form, int window_bits, uint32_t number) {
  if (number >= form.frames.size()) form.frames.resize(number + 1);
  Form::Frame& frame = form.frames[number];
  if (frame.size == 0) {
    frame.offset = form.bytes.size();
    format(form.bytes, topics_.message(number), window_bits);
    frame.size = form.bytes.size() - frame.offset;
  }
  return std::string_view(form.bytes).substr(frame.offset, frame.size);
}

void Broadcast::format(std::string& to, const Topics::Message& message, int window_bits) {
  if (window_bits != kUncompressed && message.compress && !message.payload.empty()) {
    compressed_.clear();
    workspace_.shared_compressor(window_bits).compress(message.payload, false, compressed_);
    // A short message may become longer.
    if (compressed_.size() < message.payload.size()) {
      return append_frame(to, opcode_of(message), compressed_, true);
    }
  }
  append_frame(to, opcode_of(message), message.payload, false);
}

void Broadcast::forget() {
  for (Form& form : forms_) {
    clear(form.bytes);
    clear(form.joined);
    form.frames.clear();
    form.joined_numbers.clear();
  }
  clear(compressed_);
}

}  // namespace bao::websocket

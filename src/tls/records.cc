#include "tls/records.h"

#include <algorithm>
#include <utility>

namespace bao::tls {

namespace {

uint8_t byte_at(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

// RFC 8446 section 4.6.3: type, length, and whether ours are to be changed, too.
constexpr uint8_t kKeyUpdate[] = {24, 0, 0, 1};
constexpr size_t kKeyUpdateSize = sizeof kKeyUpdate + 1;

}  // namespace

bool Records::ready() const {
  return reading_.started() && writing_.started() && reading_.suite() == writing_.suite() &&
         ciphers_.ready(suite());
}

// ---- In

Records::ReadResult Records::read(std::string_view& input, std::span<char> buffer,
                                  std::string& output) {
  size_t total = give_held(buffer);
  while (total < buffer.size()) {
    if (failed_ || ended_) {
      // RFC 8446 section 6.1
      input = {};
      return {failed_ ? Status::failed : Status::end, total};
    }
    const std::string_view record = next_record(input, output);
    if (failed_) continue;
    if (record.empty()) return {Status::want_input, total};
    total += use(record, buffer.subspan(total), output);
  }
  return {Status::ok, total};
}

size_t Records::give_held(std::span<char> buffer) {
  if (!holds_plaintext_) return 0;
  const size_t size = std::min(buffer.size(), held_.size() - given_);
  std::copy_n(held_.data() + given_, size, buffer.data());
  given_ = static_cast<uint16_t>(given_ + size);
  if (given_ == held_.size()) {
    std::string().swap(held_);
    given_ = 0;
    holds_plaintext_ = false;
  }
  return size;
}

// The next whole record, which may lie in `held_`. Empty if it is not here yet, then all of the
// input is held; or if its header shows that nothing good can follow.
std::string_view Records::next_record(std::string_view& input, std::string& output) {
  const auto take = [&](size_t size) {
    const std::string_view taken = input.substr(0, size);
    input.remove_prefix(taken.size());
    return taken;
  };
  const bool begun = !held_.empty();
  if (begun && held_.size() < kRecordHeader) held_.append(take(kRecordHeader - held_.size()));
  const std::string_view start = begun ? std::string_view(held_) : input;
  if (start.size() < kRecordHeader) {
    if (!begun) held_ = take(start.size());
    return {};
  }
  // RFC 8446 section 5: everything is protected now, and 5.2. The version does not matter.
  if (byte_at(start, 0) != static_cast<uint8_t>(ContentType::application_data)) {
    return fail(Alert::unexpected_message, output), std::string_view();
  }
  const size_t size = record_size(start);
  if (size > kRecordHeader + kLargestCiphertext) {
    return fail(Alert::record_overflow, output), std::string_view();
  }
  // Without room for a tag there is nothing that could be authentic.
  if (size < kRecordHeader + kRecordTag) {
    return fail(Alert::bad_record_mac, output), std::string_view();
  }
  if (!begun && input.size() >= size) return take(size);
  held_.append(take(size - held_.size()));
  return held_.size() == size ? std::string_view(held_) : std::string_view();
}

// Returns how much plaintext was put into `buffer`.
size_t Records::use(std::string_view record, std::span<char> buffer, std::string& output) {
  const size_t size = record.size() - kRecordHeader - kRecordTag;
  const bool fits = size <= buffer.size();
  char* const place = fits ? buffer.data() : ciphers_.scratch().data();
  // Before its number is used up: a record must not be lost without a trace if there is no memory.
  std::string rest;
  if (!fits) rest.reserve(size - buffer.size());
  const bool authentic = ciphers_.open(reading_, record, place);
  std::string().swap(held_);  // the record, if it came in pieces
  if (!authentic) return fail(Alert::bad_record_mac, output);
  // RFC 8446 section 5.4
  if (size > kLargestContent + 1) return fail(Alert::record_overflow, output);
  std::string_view content(place, size);
  const size_t last = content.find_last_not_of('\0');
  if (last == std::string_view::npos) return fail(Alert::unexpected_message, output);
  const auto type = static_cast<ContentType>(content[last]);
  content = content.substr(0, last);
  // Section 5.1: nothing may come between the parts of a handshake message.
  if (of_key_update_ > 0 && type != ContentType::handshake) {
    return fail(Alert::unexpected_message, output);
  }
  switch (type) {
    case ContentType::application_data: break;
    case ContentType::alert: return use_alert(content, output), 0;
    case ContentType::handshake: return use_handshake(content, output), 0;
    default: return fail(Alert::unexpected_message, output);
  }
  if (fits) return content.size();
  const size_t given = std::min(content.size(), buffer.size());
  std::copy_n(content.data(), given, buffer.data());
  rest = content.substr(given);
  held_ = std::move(rest);
  holds_plaintext_ = !held_.empty();
  return given;
}

// RFC 8446 sections 5.1, 5.4 and 6: one alert fills its record, and its level does not matter.
void Records::use_alert(std::string_view content, std::string& output) {
  if (content.empty()) {
    fail(Alert::unexpected_message, output);
  } else if (content.size() != 2) {
    fail(Alert::decode_error, output);
  } else if (content[1] == static_cast<char>(Alert::close_notify)) {
    ended_ = true;
  } else if (content[1] != static_cast<char>(Alert::user_canceled)) {
    failed_ = true;
    forget();
  }
}

// A client may send nothing but KeyUpdates now (RFC 8446 section 4.6). What came of one before need
// not be kept, because there is one way only to begin it.
void Records::use_handshake(std::string_view content, std::string& output) {
  if (content.empty()) {
    fail(Alert::unexpected_message, output);
    return;
  }
  for (size_t i = 0; i < content.size(); ++i) {
    const uint8_t byte = byte_at(content, i);
    if (of_key_update_ < sizeof kKeyUpdate) {
      if (byte != kKeyUpdate[of_key_update_]) {
        fail(of_key_update_ == 0 ? Alert::unexpected_message : Alert::decode_error, output);
        return;
      }
      ++of_key_update_;
      continue;
    }
    of_key_update_ = 0;
    // Section 5.1: a change of keys stands at the end of a record.
    if (i + 1 != content.size()) {
      fail(Alert::unexpected_message, output);
    } else if (byte > 1) {
      fail(Alert::illegal_parameter, output);
    } else {
      use_key_update(byte == 1, output);
    }
    return;
  }
}

void Records::use_key_update(bool asked, std::string& output) {
  ciphers_.forget(reading_);
  if (!reading_.update()) {
    fail(Alert::internal_error, output);
    return;
  }
  // After our close_notify nothing is sent any more.
  if (asked && !finished_ && !change_writing(output)) fail(Alert::internal_error, output);
}

// ---- Out

bool Records::write(std::string_view plaintext, std::string& output) {
  if (failed_ || finished_) return false;
  const bool due = writing_.sequence() >= ciphers_.most_for_a_key;
  if ((!due || change_writing(output)) &&
      ciphers_.seal(writing_, ContentType::application_data, plaintext, output)) {
    return true;
  }
  failed_ = true;
  forget();
  return false;
}

// RFC 8446 section 4.6.3: a KeyUpdate under the old keys, which asks for none in return.
bool Records::change_writing(std::string& output) {
  char message[kKeyUpdateSize] = {};
  std::copy(std::begin(kKeyUpdate), std::end(kKeyUpdate), message);
  if (!ciphers_.seal(writing_, ContentType::handshake, {message, sizeof message}, output)) {
    return false;
  }
  ciphers_.forget(writing_);
  return writing_.update();
}

void Records::finish(std::string& output) {
  if (failed_ || finished_) return;
  finished_ = true;
  constexpr char kCloseNotify[] = {1, static_cast<char>(Alert::close_notify)};
  ciphers_.seal(writing_, ContentType::alert, {kCloseNotify, sizeof kCloseNotify}, output);
}

// ---- Failures

// RFC 8446 section 6.2: a fatal alert, unless we have said that nothing more comes; the keys are
// forgotten. Returns that no plaintext came of it.
size_t Records::fail(Alert reason, std::string& output) {
  const char alert[] = {2, static_cast<char>(reason)};
  if (!finished_) ciphers_.seal(writing_, ContentType::alert, {alert, sizeof alert}, output);
  failed_ = true;
  forget();
  return 0;
}

void Records::forget() {
  for (TrafficKeys* keys : {&reading_, &writing_}) {
    ciphers_.forget(*keys);
    keys->wipe();
  }
  of_key_update_ = 0;
  std::string().swap(held_);
  given_ = 0;
  holds_plaintext_ = false;
}

}  // namespace bao::tls

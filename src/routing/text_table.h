#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "routing/text.h"

namespace bao::routing {

/// An immutable map from distinct texts to numbers, in two contiguous arrays. It copies its keys.
/// Looking up neither allocates nor locks and may happen on any number of threads.
class TextTable {
 public:
  /// Holds nothing.
  TextTable() = default;

  /// Holds each of `entries`; their keys must be distinct and need not outlive the call.
  explicit TextTable(const std::vector<std::pair<std::string_view, std::uint32_t>>& entries);

  /// The number stored for `key`, or null; it lives as long as the table. A key longer than the
  /// longest stored one is refused before it is hashed, so the work is bounded by the longest
  /// stored key and the fullest run of slots (longest_run()), whatever the key. `meter.slot()` is
  /// called for each slot looked at.
  template <class Meter>
  const std::uint32_t* find(std::string_view key, Meter& meter) const {
    if (key.size() >= size_limit_) return nullptr;
    const std::uint64_t hash = hash_text(key);
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      meter.slot();
      if (slot.offset == kFree) return nullptr;
      if (slot.tag == tag_of(hash) && slot.length == key.size() &&
          same_bytes(text_.data() + slot.offset, key.data(), key.size())) {
        return &slot.value;
      }
    }
  }

  /// How many slots a lookup looks at in the worst case.
  std::size_t longest_run() const { return longest_run_; }

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;

  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t length = 0;
    std::uint32_t offset = kFree;
    std::uint32_t value = 0;
  };

  /// The half of the hash that does not choose the slot in any table of a sane size.
  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  void place(const std::vector<Slot>& stored, const std::vector<std::uint64_t>& hashes,
             std::size_t slot_count);

  std::vector<Slot> slots_;
  std::vector<char> text_;
  std::size_t mask_ = 0;
  std::size_t size_limit_ = 0;  ///< one more than the longest key's size; 0 if there is none
  std::size_t longest_run_ = 0;
};

}  // namespace bao::routing

#include "routing/text_table.h"

#include <algorithm>
#include <bit>

namespace bao::routing {

namespace {

/// A run longer than this makes the table grow, as long as growing can be expected to help.
constexpr std::size_t kGoodRun = 6;
constexpr std::size_t kMostSlotsPerKey = 64;

}  // namespace

TextTable::TextTable(const std::vector<std::pair<std::string_view, std::uint32_t>>& entries) {
  if (entries.empty()) return;
  std::vector<Slot> stored;
  std::vector<std::uint64_t> hashes;
  for (const auto& [key, value] : entries) {
    hashes.push_back(hash_text(key));
    stored.push_back({tag_of(hashes.back()), static_cast<std::uint32_t>(key.size()),
                      static_cast<std::uint32_t>(text_.size()), value});
    text_.insert(text_.end(), key.begin(), key.end());
    size_limit_ = std::max(size_limit_, key.size() + 1);
  }
  std::size_t slot_count = std::bit_ceil(entries.size() * 2);
  place(stored, hashes, slot_count);
  while (longest_run_ > kGoodRun && slot_count < entries.size() * kMostSlotsPerKey) {
    slot_count *= 2;
    place(stored, hashes, slot_count);
  }
}

void TextTable::place(const std::vector<Slot>& stored, const std::vector<std::uint64_t>& hashes,
                      std::size_t slot_count) {
  slots_.assign(slot_count, Slot{});
  mask_ = slot_count - 1;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    std::size_t at = hashes[i] & mask_;
    while (slots_[at].offset != kFree) at = (at + 1) & mask_;
    slots_[at] = stored[i];
  }
  // A lookup looks at a run of taken slots and the free one behind it. The run may wrap around.
  longest_run_ = 0;
  std::size_t run = 0;
  for (std::size_t i = 0; i < 2 * slot_count; ++i) {
    run = slots_[i & mask_].offset == kFree ? 0 : run + 1;
    longest_run_ = std::max(longest_run_, run + 1);
  }
}

}  // namespace bao::routing

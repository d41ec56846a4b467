#include "routing/router.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace bao::routing {

namespace {

struct NoMeter {
  void segment() {}
  void slot() {}
  void word() {}
};

constexpr std::uint32_t kNoRank = UINT32_MAX;

struct CountingMeter {
  void segment() { ++effort.segments; }
  void slot() { ++effort.slots; }
  void word() { ++effort.words; }

  MatchEffort effort;
};

}  // namespace

/// The segments of a path, as far as the deepest pattern reaches, and the ranks that accept each.
struct Router::Split {
  std::size_t size;  ///< number of segments; the arrays below are filled so far

  /// Where each segment begins. One more: the next one, or one byte behind the end of the path, so
  /// that segment i always ends one byte before begins[i + 1].
  std::array<std::uint32_t, kMaxSegments + 1> begins;

  /// A rank accepts segment i if it is in either set.
  std::array<const RankSet*, kMaxSegments> literal;
  std::array<const RankSet*, kMaxSegments> any;

  const RankSet* ends;  ///< ranks that accept this number of segments

  /// The summary of what is in all these sets; a bit may be set for nothing if it stands for many.
  std::uint64_t candidates;
};

bool Router::match(std::string_view path, Match& out) const {
  NoMeter meter;
  return find(path, out, meter);
}

bool Router::next_match(std::string_view path, Match& match) const {
  assert(!path.empty() && path.front() == '/');
  NoMeter meter;
  return find_ranked(path, match.next_rank_, match, meter);
}

MatchEffort Router::effort(std::string_view path) const {
  CountingMeter meter;
  Match match;
  find(path, match, meter);
  return meter.effort;
}

template <class Meter>
bool Router::find(std::string_view path, Match& out, Meter& meter) const {
  if (path.empty() || path.front() != '/' || path.size() >= UINT32_MAX) return false;
  if (const std::uint32_t* route = exact_.find(path, meter)) {
    out.path_ = path.data();
    out.route_ = *route;
    out.size_ = 0;
    out.next_rank_ = 0;
    return true;
  }
  return find_ranked(path, 0, out, meter);
}

template <class Meter>
bool Router::find_ranked(std::string_view path, std::uint32_t first_rank, Match& out,
                         Meter& meter) const {
  if (first_rank >= ranks_) return false;
  Split segments;
  segments.candidates = ~std::uint64_t{0} << (first_rank >> bit_shift_);
  split(path, segments, meter);
  for (std::uint64_t left = segments.candidates; left != 0; left &= left - 1) {
    auto rank = static_cast<std::uint32_t>(std::countr_zero(left));
    if (bit_shift_ != 0) rank = first_accepting(segments, rank, first_rank, meter);
    if (rank == kNoRank) continue;
    fill(path, segments, rank, out);
    return true;
  }
  return false;
}

template <class Meter>
void Router::split(std::string_view path, Split& out, Meter& meter) const {
  const char* const path_end = path.data() + path.size();
  const char* begin = path.data() + 1;
  bool more = true;
  std::uint32_t size = 0;
  out.begins[0] = 1;
  for (; more && size < depth_; ++size) {
    meter.segment();
    meter.word();
    const void* slash = std::memchr(begin, '/', static_cast<std::size_t>(path_end - begin));
    more = slash != nullptr;
    const char* end = more ? static_cast<const char*>(slash) : path_end;

    const Level& level = levels_[size];
    const std::uint32_t* literal =
        level.literals.find({begin, static_cast<std::size_t>(end - begin)}, meter);
    out.literal[size] = &literal_sets_[literal != nullptr ? *literal : 0];
    out.any[size] = begin == end ? &level.rest : &level.any;
    out.candidates &= out.literal[size]->summary | out.any[size]->summary;
    if (out.candidates == 0) return;

    out.begins[size + 1] = static_cast<std::uint32_t>(end - path.data()) + 1;
    if (more) begin = end + 1;
  }
  meter.word();
  out.size = size;
  out.ends = &ends_[more ? depth_ + 1 : size];
  out.candidates &= out.ends->summary;
}

template <class Meter>
std::uint32_t Router::first_accepting(const Split& segments, std::uint32_t bit,
                                      std::uint32_t first_rank, Meter& meter) const {
  const std::uint32_t begin = bit << bit_shift_;
  const std::uint32_t end = std::min(begin + (1U << bit_shift_), ranks_);
  for (std::uint32_t base = std::max(begin, first_rank / 64 * 64); base < end; base += 64) {
    std::uint64_t left = word(*segments.ends, base);
    meter.word();
    if (base < first_rank) left &= ~std::uint64_t{0} << (first_rank - base);
    for (std::size_t i = 0; left != 0 && i < segments.size; ++i) {
      left &= word(*segments.literal[i], base) | word(*segments.any[i], base);
      meter.word();
    }
    if (left != 0) return base + static_cast<std::uint32_t>(std::countr_zero(left));
  }
  return kNoRank;
}

std::uint64_t Router::word(const RankSet& set, std::uint32_t rank) const {
  const std::uint32_t bit = rank >> bit_shift_;
  if ((set.summary >> bit & 1) == 0) return 0;
  const auto first_rank = static_cast<std::uint32_t>(std::countr_zero(set.summary)) << bit_shift_;
  return words_[set.offset + (rank - first_rank) / 64];
}

void Router::fill(std::string_view path, const Split& split, std::uint32_t rank, Match& out) const {
  const Target& target = targets_[rank];
  out.path_ = path.data();
  out.names_ = names_.data() + target.first_parameter;
  out.route_ = target.route;
  out.size_ = target.parameters;
  out.next_rank_ = rank + 1;
  for (std::size_t i = 0; i < target.parameters; ++i) {
    const std::size_t segment = parameter_segments_[target.first_parameter + i];
    const std::uint32_t begin = split.begins[segment];
    out.pieces_[i] = {begin, split.begins[segment + 1] - 1 - begin};
  }
  if (target.wildcard) {
    Match::Piece& rest = out.pieces_[target.parameters - 1];
    rest.length = static_cast<std::uint32_t>(path.size()) - rest.begin;
  }
}

}  // namespace bao::routing

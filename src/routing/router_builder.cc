#include <algorithm>
#include <map>
#include <utility>

#include "routing/router.h"

namespace bao::routing {

namespace {

/// Orders patterns that can match the same path by precedence. Such patterns differ first in the
/// kind of a segment, never in a literal's text, so the kinds alone decide. The text behind them
/// only puts neighbours next to each other, which keeps the rows of bits short.
template <class Entry>
bool ranks_before(const Entry& a, const Entry& b) {
  const auto kinds_less = [](const Pattern::Segment& x, const Pattern::Segment& y) {
    return x.kind < y.kind;
  };
  const auto text_less = [](const Pattern::Segment& x, const Pattern::Segment& y) {
    return x.text < y.text;
  };
  const auto& left = a.pattern.segments;
  const auto& right = b.pattern.segments;
  const auto less = [&](const auto& x, const auto& y, const auto& compare) {
    return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end(), compare);
  };
  if (less(left, right, kinds_less)) return true;
  if (less(right, left, kinds_less)) return false;
  return less(left, right, text_less);
}

}  // namespace

void Router::Builder::add(std::string_view text, std::uint32_t route) {
  Pattern pattern = parse_pattern(text);
  const auto [earlier, is_new] = by_shape_.try_emplace(pattern.shape(), entries_.size());
  if (!is_new) {
    const std::string& other = entries_[earlier->second].pattern.text;
    const std::string fault = other == text
                                  ? " was given twice; give it once"
                                  : " matches the same paths as " + quote_pattern(other) +
                                        "; make them one, or let another segment tell them apart";
    throw PatternError("route pattern " + quote_pattern(text) + fault);
  }
  entries_.push_back({std::move(pattern), route});
}

Router Router::Builder::build() && {
  std::vector<std::pair<std::string_view, std::uint32_t>> exact;
  std::vector<Entry> ranked;
  for (Entry& entry : entries_) {
    if (entry.pattern.is_literal()) {
      exact.emplace_back(entry.pattern.text, entry.route);
    } else {
      ranked.push_back(std::move(entry));
    }
  }
  std::sort(ranked.begin(), ranked.end(), ranks_before<Entry>);

  Router router;
  router.exact_ = TextTable(exact);
  router.ranks_ = static_cast<std::uint32_t>(ranked.size());
  if (ranked.size() > 64) {
    router.bit_shift_ = 6;
    while (ranked.size() > std::size_t{64} << router.bit_shift_) ++router.bit_shift_;
  }
  add_targets(router, ranked);
  add_levels(router, ranked);
  add_ends(router, ranked);
  return router;
}

void Router::Builder::add_targets(Router& router, const std::vector<Entry>& ranked) {
  std::size_t name_bytes = 0;
  for (const Entry& entry : ranked) name_bytes += entry.pattern.text.size();
  router.name_text_.reserve(name_bytes);  // so that no view into it moves
  for (const Entry& entry : ranked) {
    Target target{entry.route, static_cast<std::uint32_t>(router.names_.size()), 0, false};
    std::uint8_t number = 0;
    for (const Pattern::Segment& segment : entry.pattern.segments) {
      if (segment.kind != SegmentKind::kLiteral) {
        const char* begin = router.name_text_.data() + router.name_text_.size();
        router.name_text_.insert(router.name_text_.end(), segment.text.begin(), segment.text.end());
        router.names_.emplace_back(begin, segment.text.size());
        router.parameter_segments_.push_back(number);
        ++target.parameters;
      }
      target.wildcard = segment.kind == SegmentKind::kWildcard;
      ++number;
    }
    router.targets_.push_back(target);
  }
}

void Router::Builder::add_levels(Router& router, const std::vector<Entry>& ranked) {
  for (const Entry& entry : ranked) {
    const auto size = static_cast<std::uint32_t>(entry.pattern.segments.size());
    router.depth_ = std::max(router.depth_, size);
  }
  router.literal_sets_.emplace_back();
  for (std::size_t i = 0; i < router.depth_; ++i) {
    std::map<std::string_view, Ranks> by_literal;
    Ranks any;
    Ranks rest;
    for (std::uint32_t rank = 0; rank < ranked.size(); ++rank) {
      const std::vector<Pattern::Segment>& segments = ranked[rank].pattern.segments;
      const Pattern::Segment& segment = segments[std::min(i, segments.size() - 1)];
      if (segment.kind == SegmentKind::kWildcard) rest.push_back(rank);
      if (i >= segments.size() && segment.kind != SegmentKind::kWildcard) continue;
      if (segment.kind == SegmentKind::kLiteral) {
        by_literal[segment.text].push_back(rank);
      } else {
        any.push_back(rank);
      }
    }
    std::vector<std::pair<std::string_view, std::uint32_t>> literals;
    for (const auto& [text, ranks] : by_literal) {
      literals.emplace_back(text, static_cast<std::uint32_t>(router.literal_sets_.size()));
      router.literal_sets_.push_back(add_set(router, ranks));
    }
    router.levels_.push_back({TextTable(literals), add_set(router, any), add_set(router, rest)});
  }
}

void Router::Builder::add_ends(Router& router, const std::vector<Entry>& ranked) {
  const std::size_t longer = router.depth_ + 1;
  for (std::size_t size = 0; size <= longer; ++size) {
    Ranks ranks;
    for (std::uint32_t rank = 0; rank < ranked.size(); ++rank) {
      const std::vector<Pattern::Segment>& segments = ranked[rank].pattern.segments;
      const bool wildcard = segments.back().kind == SegmentKind::kWildcard;
      if (wildcard ? segments.size() <= size : segments.size() == size) ranks.push_back(rank);
    }
    router.ends_.push_back(add_set(router, ranks));
  }
}

Router::RankSet Router::Builder::add_set(Router& router, const Ranks& ranks) {
  RankSet set{0, static_cast<std::uint32_t>(router.words_.size())};
  for (const std::uint32_t rank : ranks) {
    set.summary |= std::uint64_t{1} << (rank >> router.bit_shift_);
  }
  if (router.bit_shift_ == 0 || ranks.empty()) return set;
  const std::uint32_t first = ranks.front() >> router.bit_shift_ << router.bit_shift_;
  const std::uint32_t end = ((ranks.back() >> router.bit_shift_) + 1) << router.bit_shift_;
  router.words_.resize(set.offset + (end - first) / 64);
  for (const std::uint32_t rank : ranks) {
    router.words_[set.offset + (rank - first) / 64] |= std::uint64_t{1} << (rank % 64);
  }
  return set;
}

}  // namespace bao::routing

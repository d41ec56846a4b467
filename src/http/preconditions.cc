#include "http/preconditions.h"

#include <optional>

#include "http/date.h"
#include "http/tokens.h"
#include "http/validators.h"

namespace bao::http {

namespace {

// Calls `f(value)` for each field of that name; true if there was one.
template <typename F>
bool for_each_field(const RequestHead& head, std::string_view name, F f) {
  bool any = false;
  for (size_t i = 0; i < head.field_count(); ++i) {
    const std::string_view present = head.field_name(i);
    if (present.size() != name.size() || !equals_ignoring_case(present, name)) continue;
    any = true;
    f(head.field_value(i));
  }
  return any;
}

// The value of the only field of that name.
std::optional<std::string_view> only_field(const RequestHead& head, std::string_view name) {
  std::optional<std::string_view> value;
  int count = 0;
  for_each_field(head, name, [&](std::string_view text) {
    value = text;
    ++count;
  });
  return count == 1 ? value : std::nullopt;
}

std::optional<std::time_t> only_date(const RequestHead& head, std::string_view name,
                                     std::time_t now) {
  const auto value = only_field(head, name);
  return value ? parse_date(*value, now) : std::nullopt;
}

}  // namespace

bool may_have_preconditions(const RequestHead& head) {
  for (size_t i = 0; i < head.field_count(); ++i) {
    const std::string_view name = head.field_name(i);
    if (name.size() > 3 && to_lower_ascii(name[0]) == 'i' && to_lower_ascii(name[1]) == 'f' &&
        name[2] == '-') {
      return true;
    }
  }
  return false;
}

// Several lines of a list of entity tags are one list (§5.3); it matches where one of them does.
Precondition evaluate_preconditions(const RequestHead& head, const Validators& current,
                                    std::time_t now) {
  bool matches = false;
  if (for_each_field(head, "if-match",
                     [&](std::string_view list) { matches |= if_match(list, current.etag); })) {
    if (!matches) return Precondition::failed;
  } else if (const auto date = only_date(head, "if-unmodified-since", now)) {
    if (current.last_modified && *current.last_modified > *date) return Precondition::failed;
  }

  const bool reads = head.method_id == Method::get || head.method_id == Method::head;
  matches = false;
  if (for_each_field(head, "if-none-match", [&](std::string_view list) {
        matches |= if_none_match(list, current.etag);
      })) {
    if (!matches) return Precondition::passed;
    return reads ? Precondition::not_modified : Precondition::failed;
  }
  if (!reads) return Precondition::passed;
  const auto date = only_date(head, "if-modified-since", now);
  const bool known = date && current.last_modified;
  return known && *current.last_modified <= *date ? Precondition::not_modified
                                                  : Precondition::passed;
}

std::string_view range_to_heed(const RequestHead& head, const Validators& current,
                               bool date_is_strong, std::time_t now) {
  if (head.method_id != Method::get) return {};
  const auto range = only_field(head, "range");
  if (!range) return {};
  const auto is_present = [](std::string_view) {};
  if (!for_each_field(head, "if-range", is_present)) return *range;
  const auto validator = only_field(head, "if-range");
  if (!validator) return {};
  if (is_entity_tag(*validator)) {
    return strong_compare(*validator, current.etag) ? *range : std::string_view();
  }
  const auto date = parse_date(*validator, now);
  return date_is_strong && date && date == current.last_modified ? *range : std::string_view();
}

}  // namespace bao::http

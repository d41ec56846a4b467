#include "http/date.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <tuple>

namespace bao::http {

namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::weekday;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr std::time_t kSecondsPerDay = 86400;

constexpr std::array<std::string_view, 7> kDayNames = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonthNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

constexpr std::time_t seconds_at(year_month_day date) {
  return sys_days(date).time_since_epoch().count() * kSecondsPerDay;
}

constexpr std::time_t kEarliest = seconds_at(year(0) / 1 / 1);
constexpr std::time_t kLatest = seconds_at(year(9999) / 12 / 31) + kSecondsPerDay - 1;

/// A moment as a calendar and a clock show it.
struct CivilTime {
  sys_days date_in_days;
  year_month_day date;
  int second_of_day;
};

/// `time` must lie between kEarliest and kLatest.
CivilTime to_civil(std::time_t time) {
  std::time_t day_count = time / kSecondsPerDay;
  std::time_t second_of_day = time % kSecondsPerDay;
  if (second_of_day < 0) {
    second_of_day += kSecondsPerDay;
    --day_count;
  }
  const sys_days date{days(day_count)};
  return {date, year_month_day(date), static_cast<int>(second_of_day)};
}

void put_two_digits(char* out, int value) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
}

/// Takes the fields of a date off the front of a text. After a mismatch ok() is false for good and
/// the values read are without meaning.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

  void literal(std::string_view expected) {
    if (rest_.substr(0, expected.size()) != expected) return fail();
    rest_.remove_prefix(expected.size());
  }

  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }

  int digits(std::size_t count) {
    const std::string_view text = rest_.substr(0, count);
    rest_.remove_prefix(text.size());
    if (text.size() < count) fail();
    int value = 0;
    for (char c : text) {
      if (c < '0' || c > '9') fail();
      value = value * 10 + (c - '0');
    }
    return value;
  }

  /// The index of the name that the text goes on with, each name cut to `length`.
  template <std::size_t kCount>
  unsigned name(const std::array<std::string_view, kCount>& names,
                std::size_t length = std::string_view::npos) {
    for (unsigned i = 0; i < kCount; ++i) {
      const std::string_view expected = names[i].substr(0, length);
      if (rest_.substr(0, expected.size()) != expected) continue;
      rest_.remove_prefix(expected.size());
      return i;
    }
    fail();
    return 0;
  }

  /// time-of-day = hour ":" minute ":" second, in seconds. Only 23:59 has a second 60.
  int time_of_day() {
    const int hour = digits(2);
    literal(":");
    const int minute = digits(2);
    literal(":");
    const int second = digits(2);
    const bool leap_second = hour == 23 && minute == 59 && second == 60;
    if (hour > 23 || minute > 59 || (second > 59 && !leap_second)) fail();
    return (hour * 60 + minute) * 60 + second;
  }

  month month_name() { return month(name(kMonthNames) + 1); }

 private:
  void fail() { ok_ = false; }

  std::string_view rest_;
  bool ok_ = true;
};

/// The time of a date and a second of its day, if the date exists and falls on that weekday.
std::optional<std::time_t> to_time(year_month_day date, int second_of_day, unsigned weekday_index) {
  if (!date.ok() || weekday(sys_days(date)).c_encoding() != weekday_index) return std::nullopt;
  return seconds_at(date) + second_of_day;
}

/// IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<std::time_t> parse_imf_fixdate(std::string_view text) {
  DateReader reader(text);
  const unsigned weekday_index = reader.name(kDayNames, 3);
  reader.literal(", ");
  const day day_of_month(static_cast<unsigned>(reader.digits(2)));
  reader.literal(" ");
  const month month_of_year = reader.month_name();
  reader.literal(" ");
  const year full_year(reader.digits(4));
  reader.literal(" ");
  const int second_of_day = reader.time_of_day();
  reader.literal(" GMT");
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return to_time(full_year / month_of_year / day_of_month, second_of_day, weekday_index);
}

/// The year that the two digits of an RFC 850 date stand for.
year resolve_century(int two_digits, month month_of_year, day day_of_month, int second_of_day,
                     std::time_t now) {
  const CivilTime present = to_civil(std::clamp(now, kEarliest, kLatest));
  const int limit = static_cast<int>(present.date.year()) + 50;
  const int candidate = limit - (limit - two_digits + 100) % 100;
  const bool past_limit =
      candidate == limit &&
      std::tuple(month_of_year, day_of_month, second_of_day) >
          std::tuple(present.date.month(), present.date.day(), present.second_of_day);
  return year(past_limit ? candidate - 100 : candidate);
}

/// rfc850-date: "Sunday, 06-Nov-94 08:49:37 GMT".
std::optional<std::time_t> parse_rfc850_date(std::string_view text, std::time_t now) {
  DateReader reader(text);
  const unsigned weekday_index = reader.name(kDayNames);
  reader.literal(", ");
  const day day_of_month(static_cast<unsigned>(reader.digits(2)));
  reader.literal("-");
  const month month_of_year = reader.month_name();
  reader.literal("-");
  const int two_digits = reader.digits(2);
  reader.literal(" ");
  const int second_of_day = reader.time_of_day();
  reader.literal(" GMT");
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  const year full_year =
      resolve_century(two_digits, month_of_year, day_of_month, second_of_day, now);
  return to_time(full_year / month_of_year / day_of_month, second_of_day, weekday_index);
}

/// asctime-date: "Sun Nov  6 08:49:37 1994".
std::optional<std::time_t> parse_asctime_date(std::string_view text) {
  DateReader reader(text);
  const unsigned weekday_index = reader.name(kDayNames, 3);
  reader.literal(" ");
  const month month_of_year = reader.month_name();
  reader.literal(" ");
  const bool one_digit = reader.next_is(' ');
  if (one_digit) reader.literal(" ");
  const day day_of_month(static_cast<unsigned>(reader.digits(one_digit ? 1 : 2)));
  reader.literal(" ");
  const int second_of_day = reader.time_of_day();
  reader.literal(" ");
  const year full_year(reader.digits(4));
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return to_time(full_year / month_of_year / day_of_month, second_of_day, weekday_index);
}

}  // namespace

void format_date(std::time_t time, char (&out)[kDateLength]) {
  const CivilTime civil = to_civil(std::clamp(time, kEarliest, kLatest));
  const int full_year = static_cast<int>(civil.date.year());
  std::memcpy(out, "ddd, dd mmm yyyy hh:mm:ss GMT", kDateLength);
  std::memcpy(out, kDayNames[weekday(civil.date_in_days).c_encoding()].data(), 3);
  put_two_digits(out + 5, static_cast<int>(static_cast<unsigned>(civil.date.day())));
  std::memcpy(out + 8, kMonthNames[static_cast<unsigned>(civil.date.month()) - 1].data(), 3);
  put_two_digits(out + 12, full_year / 100);
  put_two_digits(out + 14, full_year % 100);
  put_two_digits(out + 17, civil.second_of_day / 3600);
  put_two_digits(out + 20, civil.second_of_day / 60 % 60);
  put_two_digits(out + 23, civil.second_of_day % 60);
}

std::string format_date(std::time_t time) {
  char text[kDateLength];
  format_date(time, text);
  return std::string(text, kDateLength);
}

std::optional<std::time_t> parse_date(std::string_view text, std::time_t now) {
  // The comma stands where the short name of a day ends, where a long one ends, or nowhere.
  if (text.size() > 3 && text[3] == ',') return parse_imf_fixdate(text);
  if (text.size() > 3 && text[3] == ' ') return parse_asctime_date(text);
  return parse_rfc850_date(text, now);
}

}  // namespace bao::http

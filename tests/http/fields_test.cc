#include <gtest/gtest.h>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bao/fields.h>

namespace bao {
namespace {

using List = std::vector<std::pair<std::string, std::string>>;

List list_of(const Fields& fields) {
  List list;
  for (Fields::Field field : fields) list.emplace_back(field.name, field.value);
  return list;
}

// Too large for the room inside the object.
const std::string kLong(300, 'x');

// RFC 9110 section 5.3: fields of one name stay in order
TEST(FieldsTest, KeepsEveryFieldInItsOrder) {
  Fields fields;
  EXPECT_TRUE(fields.empty());
  EXPECT_EQ(fields.size(), 0u);
  EXPECT_EQ(fields.lines(), "");
  fields.append("B", "1");
  fields.append("a", "2");
  fields.append("b", "3");
  EXPECT_EQ(list_of(fields), (List{{"B", "1"}, {"a", "2"}, {"b", "3"}}));
  EXPECT_EQ(fields.lines(), "B: 1\r\na: 2\r\nb: 3\r\n");
  EXPECT_EQ(fields.size(), 3u);
  EXPECT_FALSE(fields.empty());
}

TEST(FieldsTest, CanBeWrittenAsAList) {
  const Fields fields{{"A", "1"}, {"B", kLong}, {"C", ""}};
  EXPECT_EQ(list_of(fields), (List{{"A", "1"}, {"B", kLong}, {"C", ""}}));
}

// RFC 9110 section 5.1: names are case-insensitive
TEST(FieldsTest, NamesCompareWithoutRegardToCase) {
  const Fields fields{{"Content-Type", "a"}, {"X", "b"}, {"content-type", "c"}};
  EXPECT_EQ(fields.get("CONTENT-TYPE"), "a");
  EXPECT_EQ(fields.get_all("Content-type"), (std::vector<std::string_view>{"a", "c"}));
  EXPECT_TRUE(fields.has("x"));
  EXPECT_FALSE(fields.has("Content-Typ"));
  EXPECT_FALSE(fields.has("Content-Type:"));
  EXPECT_EQ(fields.get("none"), std::nullopt);
  EXPECT_TRUE(fields.get_all("none").empty());
}

TEST(FieldsTest, AnEmptyValueIsThere) {
  const Fields fields{{"A", ""}};
  EXPECT_EQ(fields.get("a"), "");
  EXPECT_TRUE(fields.has("a"));
}

TEST(FieldsTest, SetReplacesAllOfThatName) {
  Fields fields{{"A", "1"}, {"B", "2"}, {"a", "3"}, {"C", "4"}};
  fields.set("a", "new");
  EXPECT_EQ(list_of(fields), (List{{"B", "2"}, {"C", "4"}, {"a", "new"}}));
  fields.set("D", "5");
  EXPECT_EQ(fields.get("d"), "5");
  fields.set("B", kLong);
  EXPECT_EQ(fields.get("B"), kLong);
  EXPECT_EQ(fields.size(), 4u);
}

TEST(FieldsTest, RemoveSaysHowMany) {
  Fields fields{{"A", "1"}, {"B", "2"}, {"a", "3"}};
  EXPECT_EQ(fields.remove("x"), 0u);
  EXPECT_EQ(fields.remove("A"), 2u);
  EXPECT_EQ(list_of(fields), (List{{"B", "2"}}));
  EXPECT_EQ(fields.remove("b"), 1u);
  EXPECT_TRUE(fields.empty());
  fields.append("C", "1");
  EXPECT_EQ(list_of(fields), (List{{"C", "1"}}));
}

// RFC 9110 section 5.5: what could end a line or a message cannot get in
TEST(FieldsTest, NoByteThatEndsALineGetsIn) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool good_value = c == '\t' || (byte >= 0x20 && byte != 0x7f);
    Fields fields;
    if (good_value) {
      EXPECT_NO_THROW(fields.append("A", std::string("x") + c + "y")) << byte;
      EXPECT_EQ(fields.get("A"), std::string("x") + c + "y");
    } else {
      EXPECT_THROW(fields.append("A", std::string("x") + c + "y"), std::invalid_argument) << byte;
      EXPECT_THROW(fields.append("A", std::string(1, c)), std::invalid_argument) << byte;
      EXPECT_THROW(fields.set("A", std::string("x") + c), std::invalid_argument) << byte;
      EXPECT_TRUE(fields.empty());
    }
  }
}

TEST(FieldsTest, NamesAreTokens) {
  Fields fields;
  for (std::string_view name :
       {"", " ", "a b", "a:", ":", "a\r\nb", "a\n", "a(", "\"a\"", "\x80"}) {
    EXPECT_THROW(fields.append(name, "x"), std::invalid_argument) << name;
    EXPECT_THROW(fields.set(name, "x"), std::invalid_argument) << name;
  }
  EXPECT_THROW(fields.append(std::string_view("a\0b", 3), "x"), std::invalid_argument);
  EXPECT_TRUE(fields.empty());
  fields.append("!#$%&'*+-.^_`|~09azAZ", "x");
  EXPECT_EQ(fields.size(), 1u);
}

TEST(FieldsTest, TheErrorNamesTheFieldAndQuotesNothingRaw) {
  Fields fields;
  try {
    fields.append("X-Name", "a\r\nEvil: 1");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("X-Name"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("Evil"), std::string::npos);
  }
  try {
    fields.append("a\r\nb", "x");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

TEST(FieldsTest, WhiteSpaceAroundAValueIsDropped) {
  Fields fields;
  fields.append("A", " \t x y \t");
  fields.append("B", " \t ");
  EXPECT_EQ(fields.lines(), "A: x y\r\nB: \r\n");
}

// Under a leak checker this also says that nothing is lost.
TEST(FieldsTest, ARefusedListLeavesNothingBehind) {
  EXPECT_THROW((Fields{{"A", kLong}, {"B", "x\ny"}}), std::invalid_argument);
}

TEST(FieldsTest, ARefusedFieldChangesNothing) {
  Fields fields{{"A", "1"}, {"Date", "x"}};
  EXPECT_THROW(fields.append("B", "\n"), std::invalid_argument);
  EXPECT_THROW(fields.set("A", "\n"), std::invalid_argument);
  EXPECT_EQ(list_of(fields), (List{{"A", "1"}, {"Date", "x"}}));
  EXPECT_TRUE(fields.knows(Fields::kDate));
}

TEST(FieldsTest, CopiesAndMoves) {
  for (const std::string& value : {std::string("short"), kLong}) {
    Fields original{{"Date", "d"}, {"A", value}};
    Fields copy(original);
    EXPECT_EQ(copy.lines(), original.lines());
    EXPECT_TRUE(copy.knows(Fields::kDate));
    copy.append("B", "2");
    EXPECT_EQ(original.size(), 2u);

    Fields moved(std::move(copy));
    EXPECT_EQ(moved.get("A"), value);
    EXPECT_EQ(moved.get("B"), "2");
    EXPECT_TRUE(copy.empty());  // NOLINT: that it is empty is the contract
    EXPECT_FALSE(copy.knows(Fields::kDate));
    copy.append("C", kLong);
    EXPECT_EQ(copy.get("C"), kLong);

    Fields assigned{{"Z", kLong}, {"ETag", "\"1\""}};
    assigned = original;
    EXPECT_EQ(assigned.lines(), original.lines());
    EXPECT_FALSE(assigned.knows(Fields::kETag));
    assigned = std::move(moved);
    EXPECT_EQ(assigned.size(), 3u);
    Fields& itself = assigned;
    assigned = itself;
    assigned = std::move(itself);
    EXPECT_EQ(assigned.size(), 3u);
  }
}

// A program may well write fields.append("B", *fields.get("A")).
TEST(FieldsTest, ArgumentsMayPointIntoTheFieldsThemselves) {
  for (size_t size : {1u, 40u, 90u, 200u}) {
    Fields fields{{"Name", std::string(size, 'v')}};
    for (int i = 0; i < 6; ++i) {
      const Fields::Field first = *fields.begin();
      fields.append(first.value.substr(0, 20), first.value);
    }
    EXPECT_EQ(fields.size(), 7u);
    for (std::string_view value : fields.get_all(std::string(std::min<size_t>(size, 20), 'v'))) {
      EXPECT_EQ(value, std::string(size, 'v'));
    }
    fields.set("Other", *fields.get("Name"));
    EXPECT_EQ(fields.get("Other"), std::string(size, 'v'));
    fields.set((*fields.begin()).name, "changed");
    EXPECT_EQ(fields.get("Name"), "changed");
    fields.set("Name", *fields.get("Name"));
    EXPECT_EQ(fields.get("Name"), "changed");
    fields.remove((*fields.begin()).name);
    EXPECT_EQ(fields.get(std::string(std::min<size_t>(size, 20), 'v')), std::nullopt);
  }
}

TEST(FieldsTest, KnowsWhatTheServerMustKnow) {
  const std::pair<std::string_view, Fields::Known> known[] = {
      {"content-TYPE", Fields::kContentType},
      {"Content-Length", Fields::kContentLength},
      {"transfer-encoding", Fields::kTransferEncoding},
      {"Connection", Fields::kConnection},
      {"DATE", Fields::kDate},
      {"etag", Fields::kETag}};
  for (const auto& [name, bit] : known) {
    Fields fields{{"A", "b"}};
    for (const auto& [other, other_bit] : known) EXPECT_FALSE(fields.knows(other_bit));
    fields.append(name, "x");
    for (const auto& [other, other_bit] : known)
      EXPECT_EQ(fields.knows(other_bit), bit == other_bit);
    fields.set(name, "y");
    EXPECT_TRUE(fields.knows(bit));
    fields.append(name, "z");
    fields.remove("A");
    EXPECT_TRUE(fields.knows(bit));
    fields.remove(name);
    EXPECT_FALSE(fields.knows(bit));
    fields.set(name, "y");
    EXPECT_TRUE(fields.knows(bit));
  }
}

TEST(FieldsTest, AgreesWithAPlainListOverManyChanges) {
  std::mt19937 random(5);
  const std::string names[] = {"A", "a", "Bb", "Date", "X-Long-Name", "x-long-name"};
  auto same = [](std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
             return std::tolower(x) == std::tolower(y);
           });
  };
  for (int round = 0; round < 200; ++round) {
    Fields fields;
    List model;
    for (int i = 0; i < 30; ++i) {
      const std::string& name = names[random() % std::size(names)];
      const std::string value(random() % 40, static_cast<char>('a' + random() % 26));
      const unsigned what = random() % 4;
      if (what >= 2) {
        std::erase_if(model, [&](const auto& field) { return same(field.first, name); });
      }
      if (what == 3) {
        fields.remove(name);
      } else {
        model.emplace_back(name, value);
        what == 2 ? fields.set(name, value) : fields.append(name, value);
      }
      ASSERT_EQ(list_of(fields), model);
    }
  }
}

}  // namespace
}  // namespace bao

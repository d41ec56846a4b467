#include <gtest/gtest.h>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bao/fields.h>

namespace bao {
namespace {

using Views = std::vector<std::string_view>;

std::string refusal(std::string_view name, std::string_view value) {
  Fields fields;
  try {
    fields.append(name, value);
  } catch (const std::invalid_argument& error) {
    EXPECT_TRUE(fields.empty());
    return error.what();
  }
  return "";
}

TEST(Fields, KeepOrderAndCase) {
  Fields fields{{"B", "2"}, {"a", "1"}, {"b", "3"}};
  EXPECT_EQ(fields.lines(), "B: 2\r\na: 1\r\nb: 3\r\n");
  EXPECT_EQ(fields.size(), 3u);
  EXPECT_FALSE(fields.empty());
}

TEST(Fields, AreComparedWithoutRegardToCase) {
  Fields fields{{"X-One", "1"}, {"x-ONE", "2"}, {"X-Two", "3"}};
  EXPECT_EQ(fields.get("x-one"), "1");
  EXPECT_EQ(fields.get_all("X-ONE"), (Views{"1", "2"}));
  EXPECT_EQ(fields.get("X-On"), std::nullopt);
  EXPECT_EQ(fields.get("X-One-"), std::nullopt);
  EXPECT_EQ(fields.get_all("none"), Views{});
  EXPECT_TRUE(fields.has("x-two"));
  EXPECT_FALSE(fields.has("x-three"));
}

TEST(Fields, SetReplacesAllOfTheName) {
  Fields fields{{"a", "1"}, {"b", "2"}, {"A", "3"}};
  fields.set("A", "4");
  EXPECT_EQ(fields.get_all("a"), Views{"4"});
  EXPECT_EQ(fields.get("b"), "2");
  EXPECT_EQ(fields.size(), 2u);
  fields.set("new", "5");
  EXPECT_EQ(fields.get("new"), "5");
}

TEST(Fields, RemoveTellsHowManyThereWere) {
  Fields fields{{"a", "1"}, {"b", "2"}, {"A", "3"}};
  EXPECT_EQ(fields.remove("a"), 2u);
  EXPECT_EQ(fields.remove("a"), 0u);
  EXPECT_EQ(fields.lines(), "b: 2\r\n");
  EXPECT_EQ(fields.remove("B"), 1u);
  EXPECT_TRUE(fields.empty());
}

TEST(Fields, AreIterated) {
  const Fields fields{{"a", "1"}, {"b", ""}, {"c", "x: y"}};
  std::string all;
  for (auto [name, value] : fields) all.append(name).append("=").append(value).append(";");
  EXPECT_EQ(all, "a=1;b=;c=x: y;");
  auto second = fields.begin();
  EXPECT_EQ((*second++).name, "a");
  EXPECT_EQ((*second).name, "b");
  EXPECT_EQ(std::distance(fields.begin(), fields.end()), 3);
}

TEST(Fields, DropSpaceAroundValues) {
  EXPECT_EQ((Fields{{"a", " \t x y\t "}}.lines()), "a: x y\r\n");
  EXPECT_EQ((Fields{{"a", "  "}}.get("a")), "");
}

TEST(Fields, ValuesMayHoldTextTabsAndBytesFrom0x80) {
  EXPECT_EQ(refusal("a", "\t!~ \x80\xFF"), "");
  Fields fields{{"a", "x\ty\xE2\x82\xAC"}};
  EXPECT_EQ(fields.get("a"), "x\ty\xE2\x82\xAC");
}

// RFC 9110 section 5.5
TEST(Fields, ValuesMayHoldNoControls) {
  for (int c = 0; c < 0x80; ++c) {
    if ((c >= 0x20 && c != 0x7F) || c == '\t') continue;
    const std::string value = std::string("a") + static_cast<char>(c) + "b";
    std::string said = refusal("X-Name", value);
    EXPECT_NE(said.find("X-Name"), std::string::npos) << c;
    Fields fields{{"X-Name", "before"}};
    EXPECT_THROW(fields.set("X-Name", value), std::invalid_argument);
    EXPECT_EQ(fields.get("X-Name"), "before");
  }
}

// RFC 9110 section 5.1
TEST(Fields, NamesAreTokens) {
  for (std::string_view good : {"a", "X-1", "!#$%&'*+-.^_`|~"})
    EXPECT_EQ(refusal(good, "x"), "") << good;
  for (std::string_view bad : {"", " a", "a ", "a:", "a\r\nb", "(", "\xC3\xA9", "a/b"}) {
    EXPECT_NE(refusal(bad, "x"), "") << bad;
  }
}

TEST(Fields, AWrongNameIsShownAsItIs) {
  const std::string rest = " is not a token: use letters, digits and !#$%&'*+-.^_`|~ only";
  EXPECT_EQ(refusal("X Y", "1"), "Field name \"X Y\"" + rest);
  EXPECT_EQ(refusal(std::string_view("a\0\r\n", 4), "1"), R"(Field name "a\x00\x0d\n")" + rest);
}

// ---- What the server must know

TEST(FieldsKnown, IsFoundByName) {
  const std::vector<std::pair<const char*, Fields::Known>> all{
      {"content-TYPE", Fields::kContentType},
      {"Content-Length", Fields::kContentLength},
      {"transfer-Encoding", Fields::kTransferEncoding},
      {"CONNECTION", Fields::kConnection},
      {"date", Fields::kDate},
      {"etag", Fields::kETag}};
  for (auto [name, known] : all) {
    Fields fields{{"X", "1"}};
    for (auto [other_name, other] : all) EXPECT_FALSE(fields.knows(other));
    fields.append(name, "x");
    for (auto [other_name, other] : all) EXPECT_EQ(fields.knows(other), other == known) << name;
    Fields copy = fields;
    EXPECT_TRUE(copy.knows(known));
    Fields moved = std::move(copy);
    EXPECT_TRUE(moved.knows(known));
    fields.remove(name);
    EXPECT_FALSE(fields.knows(known)) << name;
    fields.set(name, "y");
    EXPECT_TRUE(fields.knows(known));
  }
}

// ---- The object

/// Sets on both sides of what fits inside.
std::vector<Fields> of_all_sizes() {
  std::vector<Fields> sets;
  for (size_t size : {0, 1, 50, 98, 99, 100, 101, 102, 200, 5000})
    sets.push_back(Fields{{"a", std::string(size, 'x')}});
  return sets;
}

TEST(FieldsObject, CopiesAndMovesOfAllSizes) {
  for (const Fields& original : of_all_sizes()) {
    const std::string lines(original.lines());
    Fields copy(original);
    EXPECT_EQ(copy.lines(), lines);
    copy.append("b", "2");
    EXPECT_EQ(original.lines(), lines);
    Fields moved(std::move(copy));
    EXPECT_EQ(moved.lines(), lines + "b: 2\r\n");
    for (Fields target : of_all_sizes()) {
      target = original;
      EXPECT_EQ(target.lines(), lines);
    }
    for (Fields target : of_all_sizes()) {
      Fields source(original);
      target = std::move(source);
      EXPECT_EQ(target.lines(), lines);
      target.append("b", "2");
      EXPECT_EQ(target.get("b"), "2");
    }
  }
}

TEST(FieldsObject, AMovedFromSetIsEmptyAndUsable) {
  std::vector<Fields> sets = of_all_sizes();
  for (Fields& fields : sets) {
    Fields target(std::move(fields));
    EXPECT_TRUE(fields.empty());
    EXPECT_EQ(fields.lines(), "");
    fields.append("a", "again");
    EXPECT_EQ(fields.get("a"), "again");
  }
}

TEST(FieldsObject, MayBeAssignedToItself) {
  std::vector<Fields> sets = of_all_sizes();
  for (Fields& fields : sets) {
    const std::string lines(fields.lines());
    Fields& same = fields;
    fields = same;
    EXPECT_EQ(fields.lines(), lines);
    fields = std::move(same);
    EXPECT_EQ(fields.lines(), lines);
  }
}

TEST(FieldsObject, GrowsFieldByField) {
  Fields fields;
  for (int i = 0; i < 1000; ++i) fields.append("n" + std::to_string(i), std::to_string(i));
  EXPECT_EQ(fields.size(), 1000u);
  EXPECT_EQ(fields.get("n999"), "999");
  EXPECT_EQ(fields.get("N0"), "0");
}

// A value that is a view of the set itself.
TEST(FieldsObject, MayTakeItsOwnValues) {
  for (size_t size : {10u, 60u, 3000u}) {
    Fields fields{{"a", std::string(size, 'x')}};
    fields.append("b", *fields.get("a"));
    EXPECT_EQ(fields.get("b"), std::string(size, 'x'));
    fields.set("a", *fields.get("b"));
    EXPECT_EQ(fields.get("a"), std::string(size, 'x'));
    fields.set("a", *fields.get("a"));
    EXPECT_EQ(fields.get("a"), std::string(size, 'x'));
  }
}

}  // namespace
}  // namespace bao

# Takes the code out of a page, so that it can be compiled and run:
#
#     awk -v folder=OUT -v page=docs/routing.md -f extract.awk docs/routing.md
#
# What stands behind the fence of a block says what it is:
#
#     ```cpp           with main: a program, OUT/01.cc and so on; without: part of OUT/fragments.cc, at namespace scope
#     ```cpp body      part of OUT/fragments.cc, inside a coroutine that has `req` and `server`
#     ```cpp throws    statements, and in a comment at their end what the exception says; … stands for anything
#     ```console       commands and what they print, for the program above, which is ended by SIGINT: OUT/01.console
#     ```console ends  the same for a program that ends by itself then
#     ```text output   all that the program above prints: OUT/01.output
#
# `sh`, `cmake`, `text`, `http`, `html` and `json` are only read, `ts` and `js` are for node/test/docs.test.js; any other
# word is an error, so that no block is left out by a slip of the pen. Code keeps the number of its line, so what a compiler says leads to the page.

function fail(why) {
  printf "%s:%d: %s\n", page, opened ? opened : FNR, why > "/dev/stderr"
  failed = 1
  exit 1
}

function file(extension) {
  if (programs == 0) fail("there is no program above this block")
  return sprintf("%s/%02d.%s", folder, programs, extension)
}

# So many empty lines.
function lines(count,   text) {
  for (text = ""; count > 0; --count) text = text "\n"
  return text
}

# Keeps #include lines for fragments.h.
function without_includes(text,   line, count, i, rest) {
  count = split(text, line, "\n")
  for (i = 1; i < count; ++i) {
    if (line[i] ~ /^#include/) {
      includes = includes line[i] "\n"
      line[i] = ""
    }
    rest = rest line[i] "\n"
  }
  return rest
}

# `begin` takes the line of the opening fence, `finish` that of the closing one.
function add_fragment(begin, text, finish) {
  ++fragments
  body = body lines(opened - 1 - body_lines) sprintf("namespace fragment_%d { %s\n", fragments, begin) \
         without_includes(text) finish "}\n"
  body_lines = FNR
}

function add_throws(text,   line, count, i, message, code) {
  count = split(text, line, "\n") - 1
  for (i = count; i > 0 && line[i] ~ /^\/\/ /; --i) message = substr(line[i], 4) (message == "" ? "" : " " message)
  if (message == "") fail("a `throws` block ends with a comment that says what the exception says")
  add_fragment("void run() {", text, "}")
  checks = checks sprintf("  good &= throws(\"%s:%d\", fragment_%d::run, R\"message(%s)message\");\n", page, opened,
                          fragments, message)
}

function close_block() {
  if (kind == "cpp" && text ~ /(^|\n)int main\(/) {
    ++programs
    printf "%s%s", lines(opened), text > file("cc")
    close(file("cc"))
  } else if (kind == "cpp") {
    add_fragment("", text, "")
  } else if (kind == "cpp body") {
    add_fragment("bao::Task<bao::Response> body([[maybe_unused]] bao::Request& req, " \
                 "[[maybe_unused]] bao::Server& server) {", text, "co_return bao::Response(); }")
  } else if (kind == "cpp throws") {
    add_throws(text)
  } else if (kind == "console" || kind == "console ends") {
    if (kind == "console ends") printf "" > file("ends")
    printf "%s", text >> file("console")
  } else if (kind == "text output") {
    printf "%s", text >> file("output")
  } else if (kind !~ /^(sh|cmake|text|http|html|json|ts|js)$/) {
    fail("what is a block of the kind '" kind "'?")
  }
}

/^[ \t]+```/ { fail("a block begins at the margin") }

/^```/ {
  if (opened) {
    if ($0 != "```") fail("this block is not closed")
    close_block()
    opened = 0
  } else {
    opened = FNR
    kind = substr($0, 4)
    text = ""
  }
  next
}

opened { text = text $0 "\n" }

END {
  if (failed) exit 1
  if (opened) fail("this block is not closed")
  if (fragments == 0) exit 0
  if (body ~ /bao::json/) includes = includes "#include <bao/json.h>\n"
  printf "#pragma once\n#include \"throws.h\"\n%s", includes > (folder "/fragments.h")
  printf "#include \"fragments.h\"%s", body > (folder "/fragments.cc")
  printf "int main() {\n  bool good = true;\n%s  return good ? 0 : 1;\n}\n", checks > (folder "/fragments.cc")
}

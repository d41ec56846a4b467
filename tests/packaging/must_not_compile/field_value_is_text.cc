// A field's value is text: a number would have to be written by somebody first.
// expect: (cannot convert|could not convert|no matching function)

#include <bao/fields.h>

int main() {
  bao::Fields fields;
  fields.set("Content-Length", 42);
}

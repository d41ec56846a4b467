// Draws a warning, which is an error only for those who asked for that.
int main() {
  int unused = 0;
}

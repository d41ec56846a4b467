#!/usr/bin/env bash
# project.sh PAGE BUILD: does what getting-started.md tells its reader: installs Bao, writes main.cc and CMakeLists.txt,
# builds and runs them with the commands of the page.
set -euo pipefail
source "$(dirname -- "$0")/../examples/serving.sh"
page=$1

# block KIND TEXT: the first block of that kind that holds the text.
block() {
  awk -v kind="$1" -v wanted="$2" '
    /^```/ && !inside { inside = 1; mine = $0 == "```" kind; text = ""; next }
    /^```/ {
      inside = 0
      if (!mine || !index(text, wanted)) next
      printf "%s", text
      found = 1
      exit
    }
    inside { text = text $0 "\n" }
    END { exit !found }' "$page" || fail "$page has no $1 block with: $2"
}

export HOME=$serving_folder PORT=0
unset BUN_PORT NODE_PORT NODE_ENV
cmake --install "$2" --prefix "$HOME/.local" >/dev/null
mkdir -- "$HOME/my_server"
cd -- "$HOME/my_server"
block cpp 'int main(' >main.cc
block cmake 'project(' >CMakeLists.txt

# The last line of the commands runs the program.
commands=$(block sh 'cmake -S')
eval "${commands%$'\n'*}" >/dev/null
start "${commands##*$'\n'}"
answers Hello /
answers 144.000000 /square/12
answers '*std::invalid_argument*stod*main.cc*' /square/twelve
finish

eval "$(block sh pkg-config)"
start ./my_server
answers 144.000000 /square/12
finish

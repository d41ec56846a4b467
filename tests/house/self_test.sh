#!/usr/bin/env bash
# Holds arrows.sh and files.sh to their word: each must pass a good tree and find what is wrong in a bad one.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
tree="$(mktemp -d)/a house"
trap 'rm -rf -- "${tree%/*}"' EXIT
failures=0

# Puts a good tree in place.
fresh() {
  rm -rf -- "$tree"
  mkdir -p "$tree"/{include/bao,src/{net,http,http1,trace,server,api}}
  echo '#include <string>' >"$tree/include/bao/thing.h"
  echo '#include <cstddef>' >"$tree/src/net/thing.h"
  printf '#include "http/thing.h"\n#include <bao/thing.h>\n  #  include "net/thing.h"\n' >"$tree/src/http1/thing.cc"
}

# comments COUNT: so many lines.
comments() { seq "$1" | sed 's|.*|//|'; }

# passes SCRIPT
passes() {
  local said
  if ! said=$("$here/$1" "$tree" 2>&1); then
    printf '%s refused a good tree:\n%s\n' "$1" "$said"
    failures=$((failures + 1))
  fi
}

# refuses SCRIPT PATTERN: it must fail and say something that matches.
refuses() {
  local said
  if said=$("$here/$1" "$tree" 2>&1); then
    printf '%s let pass what should give: %s\n' "$1" "$2"
    failures=$((failures + 1))
  elif ! grep -qE -- "$2" <<<"$said"; then
    printf '%s should say: %s\nbut said:\n%s\n' "$1" "$2" "$said"
    failures=$((failures + 1))
  fi
}

# includes FILE NAME: puts a line that includes NAME into FILE of a fresh tree.
includes() {
  fresh
  mkdir -p "$tree/$(dirname "$1")"
  echo "#include $2" >>"$tree/$1"
}

fresh; passes arrows.sh; passes files.sh
includes src/http/up.h '"server/thing.h"'; refuses arrows.sh '^src/http/up.h:1: .*from http/ to server/ points up'
includes src/net/up.cc '"http/thing.h"'; refuses arrows.sh 'points up'
includes src/trace/side.cc '"http1/thing.h"'; refuses arrows.sh 'know nothing of each other'
includes src/api/far.cc '"net/thing.h"'; passes arrows.sh
includes src/cellar/thing.cc '"net/thing.h"'; refuses arrows.sh 'cellar/ has no floor'
includes src/net/dots.cc '"../server/thing.h"'; refuses arrows.sh 'as it is below src/'
includes src/net/bare.cc '"loop.h"'; refuses arrows.sh 'as it is below src/'
includes include/bao/leak.h '"net/thing.h"'; refuses arrows.sh 'public headers'

fresh; comments 600 >"$tree/src/net/long.cc"; passes files.sh
fresh; comments 601 >"$tree/src/net/long.cc"; refuses files.sh '^src/net/long.cc: 601 lines'
fresh; mkdir -p "$tree/tests/corpus"; comments 601 >"$tree/tests/corpus/long.cc"; passes files.sh
fresh; touch "$tree/src/net/socket_helpers.h"; refuses files.sh 'src/net/socket_helpers.h'
fresh; mkdir "$tree/src/utils"; touch "$tree/src/utils/thing.h"; refuses files.sh 'src/utils/thing.h'
fresh; touch "$tree/src/net/utility_pole.h"; passes files.sh
fresh; echo '// TODO: more' >"$tree/src/net/later.cc"; refuses files.sh 'src/net/later.cc:1:'

exit $((failures > 0))

#!/usr/bin/env bash
# files.sh ROOT: checks sizes and names of our files: none over 600 lines, none whose name says nothing, none with
# unfinished work in it. Says each wrong file.
set -euo pipefail
cd -- "$1"

longest=600
status=0

# Every file of ours, one a line; what is generated and what fuzzers read is nobody's prose.
ours() {
  find . \( -path './build*' -o -name .git -o -name .cache -o -name node_modules -o -name generated -o -name corpus \) \
    -prune -o -type f -print | sed 's|^\./||' | LC_ALL=C sort
}
source_files() {
  ours | grep -E '(\.(cc|h|js|mjs|ts|sh|cmake)|(^|/)(CMakeLists\.txt|dev|run))$' || true
}

while IFS= read -r file; do
  lines=$(wc -l <"$file")
  if (( lines > longest )); then
    echo "$file: $lines lines; where is the seam that would split it? ($longest is the most)"
    status=1
  fi
done < <(source_files)

if ours | grep -iE '(^|[/_-])(utils?|helpers?|common|misc|managers?)([._-][^/]*)?(/|$)'; then
  echo 'these names do not say what is inside'
  status=1
fi

while IFS= read -r file; do
  case $file in tests/house/*) continue ;; esac
  if grep -HnE '\b(TODO|FIXME|XXX|HACK)\b' "$file"; then
    echo 'finish it, or leave it out'
    status=1
  fi
done < <(source_files)

exit "$status"

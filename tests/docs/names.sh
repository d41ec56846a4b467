#!/usr/bin/env bash
# names.sh ROOT: holds the prose to the house. Every link of README.md and docs/ leads somewhere, its #part too, and what
# stands in `backquotes` and looks like a path or a name of our code exists. Says each that does not.
set -euo pipefail
cd -- "$1"
status=0
pages=(README.md docs/*.md docs/migrating/*.md)

wrong() {
  printf '%s\n' "$*"
  status=1
}

# The words of a page without its code blocks.
prose() { awk '/^```/ { inside = !inside; next } !inside' "$1"; }

# The #parts of a page, as GitHub makes them of its headings.
parts() {
  prose "$1" | sed -n 's/^##* //p' | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

for page in "${pages[@]}"; do
  while IFS= read -r link; do
    case $link in http://* | https://*) continue ;; esac
    target=${link%%#*} part=
    [[ $link != *'#'* ]] || part=${link#*#}
    file=$page
    [[ -z $target ]] || file=$(dirname -- "$page")/$target
    [[ -e $file ]] || { wrong "$page: nothing is at $link"; continue; }
    [[ -z $part ]] || parts "$file" | grep -qxF -- "$part" || wrong "$page: $link has no such part"
  done < <(prose "$page" | grep -oE '\]\([^)]+\)' | sed 's/^](//; s/)$//')

  while IFS= read -r path; do
    [[ -e $path ]] || wrong "$page: there is no $path"
  done < <(prose "$page" | grep -oE '`(src|include|docs|examples|tests|bench|fuzz|cmake)/[^` ]*`' | tr -d '`')

  # `server::Table` or `Loop::post`: the last word must be somewhere in our code.
  while IFS= read -r name; do
    grep -rqw --include='*.h' --include='*.cc' -- "${name##*::}" include src || wrong "$page: there is no $name"
  done < <(prose "$page" | grep -oE '`(bao|net|http|http1|routing|trace|server|detail|Server|Loop|Request|Response)::[A-Za-z_:]+' |
    tr -d '`' | sort -u)
done
exit "$status"

#!/usr/bin/env bash
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "$0")")
source "$here/serving.sh"
root=$here/../..
page=$root/examples/cpp/welcome.html

start "$1" --port=0
[[ $(ask /; echo .) == "$(cat -- "$page"; echo .)" ]] || fail 'the page is not welcome.html'
answers '*200 OK*Content-Type: text/html;charset=utf-8*ETag: *' -i /
answers 'Hello, Zoë!' /hello/Zo%C3%AB
answers 'That took two seconds, and held up nobody.' /slow
answers '*500 Internal Server Error*Cannot price the order*out_of_range*welcome.cc*' -i /error
status 404 /nowhere
answers '*Cache-Control: no-store*{"uptime_seconds":*,"requests_pending":1,"requests_total":7,*"replies_2xx":4,*"replies_4xx":1,"replies_5xx":1}' \
  -i /api/counters

# Whatever the page leads to is there, and nothing of it is fetched from elsewhere.
while IFS= read -r path; do
  [[ $path == /* ]] || fail "the page links to $path"
  [[ $path == /error ]] || status 200 "$path"
done < <(grep -oE '<a href="[^"]*"' "$page" | sed 's/.*"\(.*\)"/\1/' | sort -u)
! grep -nE '(src|href)="https?:|url\(|@import|<link [^>]*href="[^d]' "$page" || fail 'the page is not self-contained'
while IFS= read -r path; do
  [[ -e $root/$path ]] || fail "the page speaks of $path, which does not exist"
done < <(grep -oE '<code>(docs|examples)/[^<]*</code>' "$page" | sed 's/<[^>]*>//g' | sort -u)

# The program that it shows is the one of README.md, which is compiled and run by tests/docs.
shown=$(sed -n '/<pre id="program"/,/<\/pre>/p' "$page" | sed 's/<[^>]*>//g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g')
written=$(sed -n '/^```cpp$/,/^```$/p' "$root/README.md" | sed '1d; /^```$/,$d')
[[ ${shown%$'\n'} == "$written" ]] || fail "the program of the page and that of README.md differ:"$'\n'"$(
  diff <(printf '%s\n' "$shown") <(printf '%s\n' "$written"))"
finish

# A port in use is told in a sentence, without a core dump.
start "$1" --port=0
if second=$("$1" --port="${url##*:}" 2>&1); then fail 'two servers on one port'; fi
[[ $second == 'Port '*' is in use already: '* ]] || fail "it said: $second"
status 200 /  # only once its loop runs does it see to signals
finish TERM

# What it does not know it refuses.
for argument in --prot=1 -p --port0 3000 --; do
  if said=$("$1" --port=0 "$argument" 2>&1); then fail "it takes $argument"; fi
  [[ $said == "The argument $argument means nothing here: "* ]] || fail "it said: $said"
done
start "$1" --port 0
answers 'Hello, Ada!' /hello/Ada
finish

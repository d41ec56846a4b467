#!/usr/bin/env bash
# arrows.sh ROOT: checks that the folders of src/, and node/addon/, include each other downwards only, and that public
# headers include nothing but public headers. Says each wrong line.
set -euo pipefail
cd -- "$1"

# From the bottom up. Folders on one line stand on the same floor and know nothing of each other.
floors='net
http
routing http1 websocket trace content_coding tls outbound processes
server
api node'

{ grep -rnE --include='*.h' --include='*.cc' '^[[:space:]]*#[[:space:]]*include' include src node/addon || true; } |
  awk -v floors="$floors" '
    BEGIN {
      count = split(floors, lines, "\n")
      for (floor = 1; floor <= count; ++floor) {
        size = split(lines[floor], folders, " ")
        for (i = 1; i <= size; ++i) floor_of[folders[i]] = floor
      }
    }
    function wrong(reason) {
      print place ": " directive ": " reason
      bad = 1
    }
    function check(from, target,   to) {
      if (target ~ /(^|\/)\.\.?\//) return wrong("write the path as it is below src/")
      to = target
      if (!sub(/\/.*/, "", to)) return wrong("write the path as it is below src/")
      if (!(from in floor_of)) return wrong("folder " from "/ has no floor; give it one in tests/house/arrows.sh")
      if (!(to in floor_of)) return wrong("folder " to "/ has no floor; give it one in tests/house/arrows.sh")
      if (from != to && floor_of[to] == floor_of[from]) wrong(from "/ and " to "/ know nothing of each other")
      if (floor_of[to] > floor_of[from]) wrong("the arrow from " from "/ to " to "/ points up")
    }
    {
      colon = index($0, ":")
      file = substr($0, 1, colon - 1)
      rest = substr($0, colon + 1)
      colon = index(rest, ":")
      place = file ":" substr(rest, 1, colon - 1)
      directive = substr(rest, colon + 1)
      quoted = match(directive, /"[^"]*"/) ? substr(directive, RSTART + 1, RLENGTH - 2) : ""
      if (file ~ /^include\//) {
        if (quoted != "") wrong("public headers include only <bao/...> and the libraries that users have")
      } else if (quoted != "") {
        split(file, parts, "/")
        if (parts[1] == "node") {
          # Its own headers stand beside it, without a folder.
          if (quoted ~ /\//) check("node", quoted)
        } else {
          check(parts[2], quoted)
        }
      }
    }
    END { exit bad }'

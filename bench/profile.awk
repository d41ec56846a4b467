# Says in which functions the instructions of a request are: of two callgrind profiles, of which the second has
# `requests` requests more. What was inlined counts for the function that it was inlined into. "With callees" is the sum
# over all calls.

FNR == 1 { sign = NR == 1 ? -1 : 1 }

# "fn=(12) name" gives the number its name; "fn=(12)" is that function again.
function name_of(line,   id) {
  id = substr(line, 1, index(line, ")"))
  sub(/^c?fn=/, "", id)
  # The numbers of the two files are not the same.
  if (length(line) > index(line, ")")) names[sign, id] = substr(line, index(line, ")") + 2)
  return names[sign, id]
}

/^fn=/ { current = name_of($0); next }
/^cfn=/ { called = name_of($0); next }
/^calls=/ { is_call = 1; calls[called] += sign * substr($1, 7); next }
/^[0-9+*-]/ {
  if (is_call) {
    if (called != current) inclusive[current] += sign * $2
  } else {
    own[current] += sign * $2
    inclusive[current] += sign * $2
    sum += sign * $2
  }
  is_call = 0
}

END {
  printf "%10s %12s %8s  %s\n", "own", "with callees", "calls", "function"
  sort = "sort -k1,1nr -k2,2nr"
  for (name in own) {
    if (inclusive[name] < requests) continue
    printf "%10.1f %12.1f %8.2f  %s\n", own[name] / requests, inclusive[name] / requests, calls[name] / requests,
      name | sort
  }
  close(sort)
  printf "%10.1f %12s %8s  %s\n", sum / requests, "", "", "all"
}

# Makes a Markdown table of what bench/run has measured. Of each server the round with the median total stands for all;
# how that total splits into user and system is taken from all rounds, because ticks are too coarse for one.
# Variables: order (the peers, in the order of the table), latency (1: the columns of the latency scenario), base (the
# peer that others are compared with) and compare (total or user: by what).

$1 == "title" {
  peer = $2
  $1 = $2 = ""
  title[peer] = substr($0, 3)
  next
}

{
  failures[$1] += $6
  n = ++rounds[$1]
  requests[$1, n] = $5
  user[$1] += $2
  split_time[$1] += $2 + $3
  total[$1, n] = $5 > 0 ? $4 / $5 / 1000 : 0
  rate[$1, n] = $7 > 0 ? $5 / $7 * 1000000 : 0
  busy[$1, n] = $7 > 0 ? $4 / $7 / 10 : 0
  median[$1, n] = $8
  tail[$1, n] = $9
  counted[$1] += $5
}

# The round of that peer whose total is in the middle; sets lowest and highest, too.
function middle_round(peer,   i, j, n, sorted) {
  n = rounds[peer]
  for (i = 1; i <= n; ++i) {
    for (j = i - 1; j >= 1 && total[peer, sorted[j]] > total[peer, i]; --j) sorted[j + 1] = sorted[j]
    sorted[j + 1] = i
  }
  lowest = total[peer, sorted[1]]
  highest = total[peer, sorted[n]]
  return sorted[int((n + 1) / 2)]
}

# How much the peer spends, in the sense of the column that compares.
function cost(peer,   at, share) {
  at = middle_round(peer)
  share = split_time[peer] > 0 ? user[peer] / split_time[peer] : 0
  return compare == "total" ? total[peer, at] : total[peer, at] * share
}

function print_head(   compared) {
  compared = base == "floor" ? "× floor" : compare " × " title[base]
  if (latency) {
    print "| server | median µs | 99 % µs | CPU µs | " compared " | requests |"
    print "| --- | ---: | ---: | ---: | ---: | ---: |"
  } else {
    print "| server | user µs | system µs | total µs | lowest to highest | " compared " | requests | requests/s |" \
      " core busy |"
    print "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
  }
}

function print_row(peer,   at, ratio, share) {
  if (failures[peer] > 0) {
    printf "| %s | %d of %d requests failed |\n", title[peer], failures[peer], counted[peer]
    return
  }
  at = middle_round(peer)
  share = split_time[peer] > 0 ? user[peer] / split_time[peer] : 0
  ratio = reference > 0 ? sprintf("%.2f", cost(peer) / reference) : ""
  at = middle_round(peer)
  if (latency) {
    printf "| %s | %d | %d | %.2f | %s | %d |\n", title[peer], median[peer, at], tail[peer, at], total[peer, at], ratio,
      counted[peer]
  } else {
    printf "| %s | %.2f | %.2f | %.2f | %.2f–%.2f | %s | %d | %d | %d %% |\n", title[peer],
      total[peer, at] * share, total[peer, at] * (1 - share), total[peer, at], lowest, highest,
      ratio, counted[peer], rate[peer, at], busy[peer, at]
  }
}

END {
  print_head()
  count = split(order, peers, " ")
  for (i = 1; i <= count; ++i) if (peers[i] == base && !failures[base]) reference = cost(base)
  for (i = 1; i <= count; ++i) print_row(peers[i])
}

-- What wrk sends, and how its result is said. Arguments: FILE PATH DEPTH. FILE holds the fields of the request, a line
-- each; PATH is the target; DEPTH requests are sent at once.

local batch

function init(arguments)
  local lines = {"GET " .. arguments[2] .. " HTTP/1.1"}
  for line in io.lines(arguments[1]) do lines[#lines + 1] = line end
  batch = (table.concat(lines, "\r\n") .. "\r\n\r\n"):rep(tonumber(arguments[3]))
end

function request()
  return batch
end

-- One line: requests, failures, µs that it took, median and 99th percentile of the latency in µs.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("result %d %d %d %d %d\n", summary.requests,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout, summary.duration,
    latency:percentile(50), latency:percentile(99)))
end

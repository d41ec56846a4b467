-- What wrk sends, and how its result is said. Arguments: FILE PATH DEPTH [BODY]. FILE holds the fields of the request, a
-- line each; PATH is the target; DEPTH requests are sent at once, as POST if there is a BODY.

local batch

function init(arguments)
  local body = arguments[4] or ""
  local lines = {(body == "" and "GET " or "POST ") .. arguments[2] .. " HTTP/1.1"}
  for line in io.lines(arguments[1]) do lines[#lines + 1] = line end
  if body ~= "" then lines[#lines + 1] = "Content-Length: " .. #body end
  batch = (table.concat(lines, "\r\n") .. "\r\n\r\n" .. body):rep(tonumber(arguments[3]))
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

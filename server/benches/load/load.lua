-- Spreads requests over the sessions in a file, and prints what came of it as one line of JSON.
--
-- A line of the file has a cookie and, for Dwell, the generation. The environment names the file
-- (BENCH_SESSIONS), the request (BENCH_METHOD, BENCH_PATH, BENCH_HEADERS with one a line,
-- BENCH_BODY), how many sessions are passed over at first (BENCH_SKIP), and how many threads there
-- are (BENCH_THREADS).

local requests = {}
local sent
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init()
  local body = os.getenv("BENCH_BODY")
  for line in io.lines(os.getenv("BENCH_SESSIONS")) do
    local cookie, generation = line:match("^(%S+) ?(%S*)$")
    local headers = { ["Cookie"] = cookie }
    for name, value in os.getenv("BENCH_HEADERS"):gmatch("([^\n:]+): ([^\n]+)") do
      headers[name] = value
    end
    if body then
      headers["Content-Type"] = "application/json"
      headers["Dwell-Generation"] = generation
    end
    requests[#requests + 1] =
      wrk.format(os.getenv("BENCH_METHOD"), os.getenv("BENCH_PATH"), headers, body)
  end
end

-- The threads do not ask for the same session at the same time.
local function first()
  local share = #requests / tonumber(os.getenv("BENCH_THREADS"))
  return tonumber(os.getenv("BENCH_SKIP")) + math.floor(number * share)
end

function request()
  sent = sent or first()
  sent = sent + 1
  return requests[1 + (sent - 1) % #requests]
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"bytes":%d,"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"refused":%d,"broken":%d}',
    summary.requests,
    summary.bytes,
    summary.duration / 1e6,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    errors.status,
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end

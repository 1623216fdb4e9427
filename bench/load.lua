-- wrk: dials of known callers. Arguments: price or dialogue, a prefix for the session ids, and the
-- first caller who has not dialled yet (see goods.py for who dials how often).
local scenario, number = "price", 0
local regulars, callers, products, markets = 500, 50000, 20, 30
local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
local format = "sessionId=ATUid_%s%09d&serviceCode=%%2A384%%2A77%%23&phoneNumber=%%2B22376%06d" ..
  "&networkCode=60802&text=%s"
local prefix, fresh = "0", regulars
local threads = 0

-- Each thread its own sessions and its own callers: with a connection a thread, a session then
-- stays on the connection it began on.
function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init(args)
  scenario = args[1] or "price"
  prefix = args[2] or "0"
  fresh = tonumber(args[3] or regulars)
  many = tonumber(args[4] or 1)
end

local function key(n) if n == 9 then return "09" end return tostring(n) end

local function price()
  number = number + 1
  local session = number * many + id
  return string.format(format, prefix, session, session % regulars, "")
end

-- Four turns of each of 256 sessions, all first turns before all second ones: a session's next
-- turn leaves long after the answer to the one before.
local batch, step, at, base = 256, 0, 0, 0
local function dialogue()
  if at == batch then
    at, step = 0, step + 1
    if step == 4 then step, base = 0, base + batch end
  end
  local session = (base + at) * many + id
  at = at + 1
  local p, m = key(session * 7 % products + 1), key(session * 13 % markets + 1)
  local text = ""
  if step == 1 then text = "1" end
  if step == 2 then text = "1%2A" .. p end
  if step == 3 then text = "1%2A" .. p .. "%2A" .. m end
  local caller = regulars + (fresh - regulars + session) % (callers - regulars)
  return string.format(format, prefix, session, caller, text)
end

function request()
  local body = scenario == "dialogue" and dialogue() or price()
  return wrk.format("POST", nil, headers, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\nJSON {"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

-- GETs of random paths out of the file PATHS, for wrk; AUTHORIZATION is a header or nothing.

local paths, headers = {}, {}
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
if os.getenv("AUTHORIZATION") ~= "" then headers["Authorization"] = os.getenv("AUTHORIZATION") end

request = function() return wrk.format("GET", paths[math.random(#paths)], headers) end

-- wrk counts only what is not 2xx or 3xx; that number must be none
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('\n{"requests":%d,"duration_us":%d,"errors":%d}\n', summary.requests, summary.duration,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end

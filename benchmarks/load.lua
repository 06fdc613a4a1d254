-- The requests of the comparison, for wrk. OPERATION names one of the functions below; RUNS is a file with a run id a
-- line, EXPERIMENT an experiment's id, AUTHORIZATION a header or nothing.

local api = os.getenv("PREFIX") .. "/api/2.0/mlflow/"
local operation = os.getenv("OPERATION")
local experiment = os.getenv("EXPERIMENT")
local history = os.getenv("HISTORY_RUN")
local runs = {}
for line in io.lines(os.getenv("RUNS")) do runs[#runs + 1] = line end
local headers = { ["Content-Type"] = "application/json" }
if os.getenv("AUTHORIZATION") ~= "" then headers["Authorization"] = os.getenv("AUTHORIZATION") end

local threads = 0
function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

local n = 0
local t0 = os.time() * 1000

function init()
  math.randomseed(os.time() + id * 7919)
  n = id * 100000000
end

local function run() return runs[math.random(#runs)] end
local function post(path, body) return wrk.format("POST", api .. path, headers, body) end
local function get(path) return wrk.format("GET", api .. path, headers) end

local function batch(keys, steps)
  n = n + steps
  local points = {}
  for key = 1, keys do
    for step = 1, steps do
      points[#points + 1] = string.format('{"key":"bench/k%d","value":%.6f,"timestamp":%d,"step":%d}', key, math.random(), t0 + n, n + step)
    end
  end
  return post("runs/log-batch", '{"run_id":"' .. run() .. '","metrics":[' .. table.concat(points, ",") .. "]}")
end

local function params(count)
  n = n + 1
  local rows = {}
  for key = 1, count do rows[key] = string.format('{"key":"p%d_%d","value":"%d"}', n, key, key) end
  return post("runs/log-batch", '{"run_id":"' .. run() .. '","params":[' .. table.concat(rows, ",") .. "]}")
end

local operations = {
  ["log-metric"] = function()
    n = n + 1
    return post("runs/log-metric", string.format('{"run_id":"%s","key":"bench/one","value":%.6f,"timestamp":%d,"step":%d}', run(), math.random(), t0 + n, n))
  end,
  ["batch-40"] = function() return batch(10, 4) end,
  ["batch-400"] = function() return batch(100, 4) end,
  ["batch-500x2"] = function() return batch(500, 2) end,
  ["batch-1x1000"] = function() return batch(1, 1000) end,
  ["batch-1000x1"] = function() return batch(1000, 1) end,
  ["params-10"] = function() return params(10) end,
  ["params-100"] = function() return params(100) end,
  ["run-create"] = function()
    n = n + 1
    return post("runs/create", string.format('{"experiment_id":"%s","user_id":"bench","start_time":%d,"run_name":"bench-%d","tags":[{"key":"mlflow.source.name","value":"bench"}]}', experiment, t0 + n, n))
  end,
  ["run-update"] = function()
    n = n + 1
    return post("runs/update", string.format('{"run_id":"%s","status":"FINISHED","end_time":%d}', run(), t0 + n))
  end,
  ["run-get"] = function() return get("runs/get?run_id=" .. run()) end,
  ["search-filter"] = function()
    return post("runs/search", '{"experiment_ids":["' .. experiment .. '"],"filter":"metrics.m1 > 0.5 and params.p1 = \'1\'","order_by":["metrics.m2 DESC"],"max_results":100}')
  end,
  ["search-list"] = function() return post("runs/search", '{"experiment_ids":["' .. experiment .. '"],"max_results":100}') end,
  ["search-experiments"] = function() return post("experiments/search", '{"max_results":100}') end,
  ["history-20000"] = function() return get("metrics/get-history?run_id=" .. history .. "&metric_key=long") end,
}

request = operations[operation]
if request == nil then error("no operation " .. operation) end

-- wrk counts only what is not 2xx or 3xx; that number must be none
function done(summary, latency)
  io.write(string.format(
    '\n{"requests":%d,"duration_us":%d,"errors":%d,"p50_us":%d,"p95_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end

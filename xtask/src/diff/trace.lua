do
  local set, next, type, rawset, sub = setmetatable, next, type, rawset, string.sub
  local out, traced, said = io.stderr, {}, {}
  local function note(what, event)
    local text = "@" .. what .. " " .. event .. "\n"
    if not said[text] then said[text] = true; out:write("\n", text) end
  end
  local function trace(event, value)
    local wrapper
    if type(value) == "function" then
      wrapper = function(...) note("ran", event) return value(...) end
    elseif type(value) == "table" and event == "__index" then
      wrapper = function(_, key) note("ran", event) return value[key] end
    elseif type(value) == "table" and event == "__newindex" then
      wrapper = function(_, key, v) note("ran", event) value[key] = v end
    else
      return value
    end
    traced[wrapper] = true
    return wrapper
  end
  function setmetatable(object, meta, ...)
    if type(object) == "table" and type(meta) == "table" then
      for event, value in next, meta do
        if type(event) == "string" and sub(event, 1, 2) == "__" and not traced[value] then
          note("set", event)
          rawset(meta, event, trace(event, value))
        end
      end
    end
    return set(object, meta, ...)
  end
end

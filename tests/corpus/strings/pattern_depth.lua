-- How many items a pattern may have before it is too complex: an item that takes nothing is no level
-- deeper, one that takes something is.

local function tries(subject, pattern)
  local ok, from, to = pcall(string.find, subject, pattern)
  return ok and tostring(from) .. "-" .. tostring(to) or (from:gsub("^.-: ", ""))
end

for _, item in ipairs{"a?", "a*", "%s*", "()", "x?", "%s-", "x*y?"} do
  local line = {}
  for _, count in ipairs{1, 31, 32, 33, 196, 197, 198, 199, 200, 201, 250} do
    for _, subject in ipairs{"", "b"} do
      line[#line + 1] = tries(subject, item:rep(count) .. "b")
      line[#line + 1] = tries(subject, item:rep(count) .. "(b)")
      line[#line + 1] = tries(subject, item:rep(count))
    end
  end
  print(item, table.concat(line, " "))
end
for count = 195, 203 do
  local subject = ("a"):rep(count)
  print(count, tries(subject, ("a?"):rep(count)))
end
--> a?	nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0
--> a*	nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0
--> %s*	nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0
--> ()	nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil too many captures 1-0 1-1 too many captures 1-0 too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures too many captures
--> x?	nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0
--> %s-	nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0
--> x*y?	nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0 nil-nil nil-nil 1-0 1-1 1-1 1-0
--> 195	1-195
--> 196	1-196
--> 197	1-197
--> 198	1-198
--> 199	1-199
--> 200	pattern too complex
--> 201	pattern too complex
--> 202	pattern too complex
--> 203	pattern too complex

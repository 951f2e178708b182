//! Calls of library functions with arguments of all sorts.

use super::Gen;
use super::tree::{Node, line};

/// Calls whose result is defined whatever the arguments are.
const CALLS: &[&str] = &[
    "string.sub(STR, SMALL, SMALL)", "string.byte(STR, SMALL, SMALL)", "string.find(STR, STR, SMALL, true)", "string.find(STR, 'PAT')", "string.match(STR, 'PAT', SMALL)",
    "string.gsub(STR, 'PAT', 'REP')", "string.gsub(STR, 'PAT', 'REP', SMALL)", "string.gsub(STR, 'PAT', {a = 'b', x = 1, ['1'] = false})",
    "string.gsub(STR, 'PAT', function(...) return (select('#', ...)) end)", "string.rep(STR, SMALL, ',')", "string.reverse(STR)", "string.lower(STR)", "string.upper(STR)", "string.len(STR)",
    "string.char(65, SMALL, 97)", "string.format('FMT', ANY)", "string.format('FMT FMT', INT, NUM)", "string.format('FMT', NUM)", "string.format('FMT', STR)", "string.format('FMT', INT)",
    "string.pack('PACK', INT, INT, INT)", "string.pack('PACK', NUM, STR)", "string.unpack('PACK', string.rep('\\1\\2\\255', 12))", "string.unpack('PACK', STR, SMALL)", "string.packsize('PACK')",
    "tonumber(STR)", "tonumber(STR, SMALL)", "tonumber(ANY)", "tostring(NUM)", "tostring(INT)", "math.floor(NUM)", "math.ceil(NUM)", "math.fmod(INT, SMALL)", "math.fmod(NUM, NUM)", "math.modf(NUM)",
    "math.tointeger(NUM)", "math.tointeger(STR)", "math.abs(NUM)", "math.max(NUM, INT)", "math.min(INT, NUM, NUM)", "math.type(ANY)", "math.ult(INT, INT)", "math.sqrt(NUM)", "math.ldexp and 1", "math.frexp(NUM)", "math.ldexp(NUM, SMALL)",
    "select(SMALL, 1, nil, 'x')", "select('#', ANY, ANY)", "type(ANY)", "rawequal(ANY, ANY)", "rawlen(STR)", "rawget({1, x = 2}, ANY)", "next({})", "ipairs({}) == ipairs({})",
    "table.concat({1, 2.5, 'x'}, STR)", "table.concat({1, 2, 3}, ',', SMALL, SMALL)", "table.unpack({1, nil, 3}, SMALL, SMALL)", "table.pack(ANY, nil, ANY)", "table.move({1, 2, 3}, 1, 3, SMALL)", "table.move({1, 2, 3}, SMALL, 3, 2, {9})",
    "table.remove({1, 2, 3}, SMALL)", "(function(t) table.insert(t, SMALL, 'n') return t end)({1, 2, 3})", "(function(t) table.sort(t) return t end)({3, 1, 2.5, -1, INT})",
    "(function(t) table.sort(t, function(a, b) return a > b end) return t end)({'b', 'a', STR, STR})", "#table.create(SMALL)", "utf8.char(SMALL, 0x20AC, 97)", "utf8.len(STR, SMALL)", "utf8.codepoint(STR, SMALL)", "utf8.offset(STR, SMALL)", "utf8.offset(STR, SMALL, SMALL)",
    "(function() local r = {} for p, c in utf8.codes(STR) do r[#r + 1] = p + c end return r end)()", "(function() local r = {} for a, b in string.gmatch(STR, 'PAT') do r[#r + 1] = a; if #r > 9 then break end end return r end)()",
    "os.date('!%Y-%m-%d %H:%M:%S', I(INT) & 0xffffffff)", "os.date('!*t', 86400 * SMALL).day", "os.getenv('NO_SUCH_VARIABLE')", "#(os.getenv('PATH') or '') > 0", "(math.randomseed(42) and nil) or math.random(1, 100)", "(function() math.randomseed(INT, 7) return math.random(), math.random(0), math.random(5), math.random(-3, 3) end)()",
    "string.format('%q', INT)", "string.format('%q', NUM)", "load('return ' .. string.format('%q', STR))() == nil", "load('return ' .. string.format('%q', NUM))()", "math.exp(0), math.log(8, 2), math.log(100, 10), math.log(1)", "math.sin(0), math.cos(0)",
    "tostring(STR):len()", "STR < STR, STR <= STR, STR == STR", "(STR .. '\\0' < STR)", "tostring(-0.0), tostring(0.0), 1e15, 1e16, 2^53, 1e100", "string.format('%.3f|%5.1f|%g', NUM, NUM, NUM)", "table.concat({}, 'x'), table.concat({'only'}, 'x')",
];
const PATTERNS: &[&str] = &[
    "%w+", "%a", "(%w+)=(%w+)", "^%s*(.-)%s*$", "()", "(()%w)", "%b()", "%f[%w]%w+", "[^%s]+", ".-", "a*", "a-b", "^a", "x$", "[a-f0-9]", "%d+", "[%]]", "[]]", "[^]]", ".", "", "%1", "(a)%1", "(.)(.)%2", "[a-]", "[%a-z]", "%.", "%z", "%x+", "%p", "(h)(.)(l)", "\\0", "[\\1-\\255]", "o?", "l+o",
];
const REPLACEMENTS: &[&str] = &["%0", "%1", "<%0>", "", "x", "%%", "%2%1", "[%1]", "abc"];
const FORMATS: &[&str] = &[
    "%d", "%5d", "%-5d|", "%05d", "%+d", "%x", "%X", "%#x", "%o", "%c", "%s", "%10s", "%-10s|", "%.2s", "%q", "%i", "%u", "%e", "%.3e", "%g", "%.10g", "%f", "%.2f", "%10.4f", "%a", "%%", "%5.1f", "% d", "%.0f", "%.20g", "%-8.3g|", "%+.1e", "%#o", "%.5d", "%20.10d",
];
const PACKS: &[&str] = &[
    "b", "B", "h", "H", "i", "I", "l", "j", "J", "T", "f", "d", "n", "i3", "I7", "i16", "<i4", ">i4", "=h", "!4 i1 i4", "!8 b Xi8 i8", "s1", "s2", "z", "x", "<i2 >i2", "bxB", "!2 b h", "I1 I2 I3", "c5", "c0", "<d", ">f", "i0", "!16", "Xi4", " b ", "j j", "i1 s4",
];

impl Gen {
    /// A traced, protected library call.
    pub(super) fn library(&mut self) -> Node {
        let form = self.rng.pick(CALLS);
        let mut text = self.inside(|g| g.fill(form, 1));
        for (word, list) in [("PAT", PATTERNS), ("REP", REPLACEMENTS), ("FMT", FORMATS), ("PACK", PACKS)] {
            while text.contains(&format!("'{word}")) || text.contains(&format!("{word}'")) {
                let item = self.rng.pick(list);
                text = text.replacen(word, item, 1);
            }
        }
        let simple = text.split_once('(').filter(|(name, rest)| {
            name.contains('.') && !name.contains(' ') && rest.ends_with(')') && !rest.contains(')') || name == &"tonumber" && !rest[..rest.len() - 1].contains(')')
        });
        match simple {
            Some((name, rest)) if self.rng.chance(1, 3) => {
                let list = &rest[..rest.len() - 1];
                let comma = if list.is_empty() { "" } else { ", " };
                line(format!("P({name}{comma}{list})"))
            }
            _ => line(format!("P(function() return {text} end)")),
        }
    }
}

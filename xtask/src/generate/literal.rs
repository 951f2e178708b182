//! Literals: integers at the edges, odd floats, strings with escapes.

use super::Gen;

const INTEGERS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "7",
    "10",
    "100",
    "127",
    "128",
    "255",
    "256",
    "65535",
    "65536",
    "0x7fffffff",
    "0x80000000",
    "0xffffffff",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "math.maxinteger",
    "math.mininteger",
    "9223372036854775807",
    "(-9223372036854775807 - 1)",
    "0x7fffffffffffffff",
    "0x8000000000000000",
    "0xffffffffffffffff",
    "0xA5",
    "(math.maxinteger - 1)",
    "(math.mininteger + 1)",
    "-1",
    "-2",
    "-3",
    "-7",
    "-128",
    "-129",
    "-256",
    "-65536",
    "(1 << 62)",
    "(1 << 63)",
    "0x1p4 // 1 | 0",
    "3037000500",
    "-3037000500",
    "1 // 1",
    "254",
    "-127",
];

const FLOATS: &[&str] = &[
    "0.0",
    "-0.0",
    "1.0",
    "-1.0",
    "0.5",
    "-0.5",
    "1.5",
    "2.5",
    "-2.5",
    "3.0",
    "0.1",
    "0.2",
    "0.3",
    "1e15",
    "1e16",
    "1e100",
    "-1e100",
    "1e308",
    "1e-308",
    "5e-324",
    "1e-7",
    "123456.789",
    "2^53",
    "2^63",
    "-2^63",
    "2^64",
    "1/0",
    "-1/0",
    "0/0",
    "math.huge",
    "-math.huge",
    "math.pi",
    "0x1p-3",
    "0x.8p1",
    "0xA.8",
    "3.14159265358979",
    "9007199254740993.0",
    "1e14",
    "99999999999999.9",
    "100.0",
    "1e2",
    ".5",
    "5.",
    "9223372036854775807.0",
    "9223372036854775808",
    "-9223372036854775809",
    "1e1000",
    "0.1 + 0.2",
    "127.0",
    "128.0",
    "-128.0",
];

const STRINGS: &[&str] = &[
    r#""""#,
    r#""a""#,
    r#""abc""#,
    r#""hello world""#,
    r#""10""#,
    r#""0x10""#,
    r#"" 3 ""#,
    r#""1e1""#,
    r#""-7""#,
    r#""3.0""#,
    r#""abc\0def""#,
    r#""\n""#,
    r#""\t\\\"'""#,
    r#""\65\066\x43""#,
    r#""\u{48}\u{20AC}\u{10FFFF}""#,
    r#""a\z
      b""#,
    r#"'single "quoted"'"#,
    "[[long]]",
    "[==[a]]b]=]c]==]",
    "[[\nfirst\nsecond]]",
    r#""key=value, k2=v2""#,
    r#""  trim me  ""#,
    r#""THE (quick) fox""#,
    r#""x.y.z""#,
    r#""%d %s %%""#,
    r#""\255\254""#,
    r#""aaaaaaaaaa""#,
    r#""0123456789012345678901234567890123456789""#,
    r#""0123456789012345678901234567890123456789x""#,
    r#""9223372036854775808""#,
    r#""nan""#,
    r#""inf""#,
    r#""1e""#,
    r#""0x""#,
    r#""0x1p4""#,
    r#""  ""#,
    r#""é""#,
    r#""\
""#,
    r#""__index""#,
    r#""n""#,
];

impl Gen {
    pub(super) fn int_literal(&mut self) -> String {
        if self.rng.chance(1, 2) {
            return self.rng.range(-20, 20).to_string();
        }
        let text = self.rng.pick(INTEGERS);
        if text.contains(' ') && !text.starts_with('(') {
            format!("({text})")
        } else {
            text.to_string()
        }
    }

    /// An integer literal that is a divisor without surprises.
    pub(super) fn divisor(&mut self) -> String {
        self.rng
            .pick(&[
                "2",
                "3",
                "-3",
                "7",
                "10",
                "-1",
                "256",
                "1",
                "math.maxinteger",
                "math.mininteger",
            ])
            .to_string()
    }

    pub(super) fn float_literal(&mut self) -> String {
        let text = self.rng.pick(FLOATS);
        if text.contains(['/', '^', '+']) {
            format!("({text})")
        } else {
            text.to_string()
        }
    }

    pub(super) fn str_literal(&mut self) -> String {
        self.rng.pick(STRINGS).to_string()
    }
}

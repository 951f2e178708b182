//! Numerals, number formatting and arithmetic, against what Lua 5.5.1 and C say.

use perilune_syntax::ast::Dialect;
use perilune_syntax::number::*;

fn int(i: i64) -> Option<Num> {
    Some(Num::Int(i))
}

fn float(f: f64) -> Option<Num> {
    Some(Num::Float(f))
}

#[test]
fn numerals() {
    let cases: &[(&str, Option<Num>)] = &[
        ("0", int(0)),
        ("  12  ", int(12)),
        ("\t-12\n", int(-12)),
        ("+7", int(7)),
        ("9223372036854775807", int(i64::MAX)),
        ("9223372036854775808", float(9223372036854775808.0)),
        ("-9223372036854775808", int(i64::MIN)),
        ("-9223372036854775809", float(-9223372036854775808.0)),
        ("0xff", int(255)),
        ("-0xFF", int(-255)),
        ("0xffffffffffffffff", int(-1)),
        ("0x1ffffffffffffffff", int(-1)),
        ("1.", float(1.0)),
        (".5", float(0.5)),
        ("1e2", float(100.0)),
        ("1E+2", float(100.0)),
        ("1e999", float(f64::INFINITY)),
        ("0x.8", float(0.5)),
        ("0x1p4", float(16.0)),
        ("0xA.8p-1", float(5.25)),
        ("0x1p-1074", float(5e-324)),
        ("0x1p-1075", float(0.0)),
        ("0x1.8p-1075", float(5e-324)),
        ("0x1p99999999999999999999", float(f64::INFINITY)),
        ("0x0p99999999999999999999", float(0.0)),
        ("0x1.00000000000008p0", float(1.0)),
        (
            "0x1.000000000000080000000000000000000001p0",
            float(1.0000000000000002),
        ),
        ("0x1.fffffffffffff8p1023", float(f64::INFINITY)),
    ];
    for (text, expected) in cases {
        assert_eq!(str_to_number(text.as_bytes()), *expected, "{text}");
    }
    for bad in [
        "", " ", "-", "+-1", "- 1", "1 2", "1e", "1e+", ".", "e1", "0x", "0x.", "0xp1", "0x1p", "1f", "inf",
        "nan", "infinity", "0xg", "1\0", "1_000", "1..2", "0x1.2.3", "--1",
    ] {
        assert_eq!(str_to_number(bad.as_bytes()), None, "{bad:?}");
    }
    let negative_zero = str_to_float(b"-0.0").expect("a numeral");
    assert!(negative_zero == 0.0 && negative_zero.is_sign_negative());
}

#[test]
fn integers_as_text() {
    for i in [
        0,
        1,
        -1,
        9,
        10,
        99,
        100,
        101,
        12345,
        1_000_000,
        i64::MAX,
        i64::MIN,
    ] {
        let mut out = Vec::new();
        write_int(&mut out, i);
        assert_eq!(out, i.to_string().into_bytes());
    }
}

#[test]
fn floats_as_text() {
    let cases: &[(f64, &str, &str)] = &[
        (0.0, "0.0", "0.0"),
        (-0.0, "-0.0", "-0.0"),
        (1.0, "1.0", "1.0"),
        (-2.5, "-2.5", "-2.5"),
        (0.1, "0.1", "0.1"),
        (1.0 / 3.0, "0.33333333333333331", "0.33333333333333"),
        (1e14, "100000000000000.0", "1e+14"),
        (1e15, "1e+15", "1e+15"),
        (
            123456789012345680.0,
            "1.2345678901234568e+17",
            "1.2345678901235e+17",
        ),
        (9007199254740993.0, "9007199254740992.0", "9.007199254741e+15"),
        (1e100, "1e+100", "1e+100"),
        (1e-5, "1e-05", "1e-05"),
        (0.0001, "0.0001", "0.0001"),
        (5e-324, "4.94065645841247e-324", "4.9406564584125e-324"),
        (f64::MAX, "1.7976931348623157e+308", "1.7976931348623e+308"),
        (f64::INFINITY, "inf", "inf"),
        (f64::NEG_INFINITY, "-inf", "-inf"),
        (f64::NAN, "nan", "nan"),
        (-f64::NAN, "-nan", "-nan"),
    ];
    for &(value, new, old) in cases {
        let text = |dialect| String::from_utf8(float_to_text(value, dialect)).expect("ASCII");
        assert_eq!(text(Dialect::Lua55), new);
        assert_eq!(text(Dialect::Lua54), old);
    }
}

/// Formats by a C format of one float conversion.
fn printf(format: &str, value: f64) -> String {
    let (flags, width, precision, conv) = spec(format);
    let mut out = Vec::new();
    format_float(&mut out, value, conv, flags, width, precision);
    String::from_utf8(out).expect("ASCII")
}

fn spec(format: &str) -> (FormatFlags, usize, Option<usize>, u8) {
    let mut flags = FormatFlags::default();
    let rest = format.trim_start_matches(['-', '+', ' ', '#', '0']);
    for flag in format[..format.len() - rest.len()].bytes() {
        match flag {
            b'-' => flags.left = true,
            b'+' => flags.plus = true,
            b' ' => flags.space = true,
            b'#' => flags.alternate = true,
            _ => flags.zero = true,
        }
    }
    let (numbers, conv) = rest.split_at(rest.len() - 1);
    let (width, precision) = match numbers.split_once('.') {
        Some((width, precision)) => (width, Some(precision.parse().unwrap_or(0))),
        None => (numbers, None),
    };
    (flags, width.parse().unwrap_or(0), precision, conv.as_bytes()[0])
}

#[test]
fn float_conversions() {
    let cases: &[(&str, f64, &str)] = &[
        ("g", 100000.0, "100000"),
        ("g", 1000000.0, "1e+06"),
        ("g", 0.0001, "0.0001"),
        ("g", 0.00001, "1e-05"),
        ("#g", 1.0, "1.00000"),
        (".3g", 1234.0, "1.23e+03"),
        (".0g", 0.0, "0"),
        ("G", 1e-10, "1E-10"),
        ("e", 0.0, "0.000000e+00"),
        (".0e", 12345.0, "1e+04"),
        ("#.0e", 12345.0, "1.e+04"),
        (".0f", 0.5, "0"),
        (".0f", 1.5, "2"),
        (".0f", 2.5, "2"),
        ("#.0f", 2.5, "2."),
        (".2f", 1.005, "1.00"),
        (".1f", 0.25, "0.2"),
        (".20f", 0.1, "0.10000000000000000555"),
        ("10.2f", -3.25159, "     -3.25"),
        ("010.2f", -3.25159, "-000003.25"),
        ("-10.2f", 3.25159, "3.25      "),
        ("+.1f", 1.0, "+1.0"),
        (" .1f", 1.0, " 1.0"),
        ("08f", f64::INFINITY, "     inf"),
        ("F", f64::NEG_INFINITY, "-INF"),
        ("a", 1.0, "0x1p+0"),
        ("a", 0.0, "0x0p+0"),
        ("a", 0.1, "0x1.999999999999ap-4"),
        ("a", 5e-324, "0x0.0000000000001p-1022"),
        (".0a", 1.5, "0x2p+0"),
        (".1a", 1.999, "0x2.0p+0"),
        (".15a", 1.5, "0x1.800000000000000p+0"),
        ("A", -10.5, "-0X1.5P+3"),
        ("012a", 1.0, "0x0000001p+0"),
    ];
    for &(format, value, expected) in cases {
        assert_eq!(printf(format, value), expected, "%{format} of {value}");
    }
    let whole = printf(".0f", 1e308);
    assert_eq!(whole.len(), 309);
    assert!(whole.starts_with("10000000000000000109790636294404"));
    assert_eq!(printf(".99f", 0.1).len(), 101);
}

#[test]
fn integer_conversions() {
    let cases: &[(&str, i64, &str)] = &[
        ("d", -5, "-5"),
        ("5d", 42, "   42"),
        ("05d", -42, "-0042"),
        ("-5d", 42, "42   "),
        ("+d", 42, "+42"),
        (" d", 42, " 42"),
        (".5d", -42, "-00042"),
        ("08.3d", 7, "     007"),
        (".0d", 0, ""),
        ("x", -1, "ffffffffffffffff"),
        ("#X", 255, "0XFF"),
        ("#x", 0, "0"),
        ("08x", 255, "000000ff"),
        ("#06x", 255, "0x00ff"),
        ("o", 8, "10"),
        ("#o", 8, "010"),
        ("d", i64::MIN, "-9223372036854775808"),
    ];
    for &(format, value, expected) in cases {
        let (flags, width, precision, conv) = spec(format);
        let mut out = Vec::new();
        format_int(&mut out, value, conv, flags, width, precision);
        assert_eq!(String::from_utf8_lossy(&out), expected, "%{format} of {value}");
    }
}

#[test]
fn integer_arithmetic() {
    for (a, b, quotient, rest) in [
        (7, 3, 2, 1),
        (-7, 3, -3, 2),
        (7, -3, -3, -2),
        (-7, -3, 2, -1),
        (6, -3, -2, 0),
        (i64::MIN, -1, i64::MIN, 0),
        (i64::MIN, i64::MAX, -2, i64::MAX - 1),
    ] {
        assert_eq!(int_floor_div(a, b), Some(quotient), "{a} // {b}");
        assert_eq!(int_mod(a, b), Some(rest), "{a} % {b}");
    }
    assert_eq!((int_floor_div(1, 0), int_mod(1, 0)), (None, None));
    for (a, b, shifted) in [
        (1, 63, i64::MIN),
        (1, 64, 0),
        (-1, -1, i64::MAX),
        (-1, -63, 1),
        (-1, -64, 0),
        (1, i64::MIN, 0),
    ] {
        assert_eq!(shift_left(a, b), shifted, "{a} << {b}");
    }
    assert_eq!(shift_right(1, i64::MIN), 0);
    assert_eq!(shift_right(1, -4), 16);
}

#[test]
fn float_arithmetic() {
    for (a, b, rest) in [
        (5.5, 2.0, 1.5),
        (-5.5, 2.0, 0.5),
        (5.5, -2.0, -0.5),
        (-5.5, -2.0, -1.5),
        (1.0, f64::INFINITY, 1.0),
        (-1.0, f64::INFINITY, f64::INFINITY),
        (1.0, f64::NEG_INFINITY, f64::NEG_INFINITY),
    ] {
        assert_eq!(float_mod(a, b), rest, "{a} % {b}");
    }
    assert!(float_mod(1.0, 0.0).is_nan());
    assert!(float_mod(-0.0, 5.0).is_sign_negative());
    assert_eq!(float_floor_div(-7.0, 2.0), -4.0);
    assert_eq!(float_pow(3.0, 2.0), 9.0);
    assert_eq!(float_pow(f64::NEG_INFINITY, 0.5), f64::INFINITY);
}

#[test]
fn conversions() {
    assert_eq!(float_to_int_exact(3.0), Some(3));
    assert_eq!(float_to_int_exact(3.5), None);
    assert_eq!(float_to_int_exact(-9223372036854775808.0), Some(i64::MIN));
    assert_eq!(float_to_int_exact(9223372036854775808.0), None);
    assert_eq!(float_to_int_exact(f64::NAN), None);
    assert_eq!(float_floor_to_int(-0.5), Some(-1));
    assert_eq!(float_ceil_to_int(0.5), Some(1));
    assert_eq!(float_floor_to_int(f64::INFINITY), None);
}

#[test]
fn comparisons() {
    let big = (1i64 << 53) + 1;
    let near = (1i64 << 53) as f64;
    assert!(float_lt_int(near, big) && !int_le_float(big, near) && !int_eq_float(big, near));
    assert!(int_lt_float(i64::MAX, 9223372036854775808.0));
    assert!(!int_lt_float(i64::MIN, -9223372036854775808.0));
    assert!(int_le_float(i64::MIN, -9223372036854775808.0));
    assert!(int_lt_float(i64::MAX, f64::INFINITY) && float_lt_int(f64::NEG_INFINITY, i64::MIN));
    for i in [0, big, i64::MAX, i64::MIN] {
        assert!(!int_lt_float(i, f64::NAN) && !int_le_float(i, f64::NAN));
        assert!(!float_lt_int(f64::NAN, i) && !float_le_int(f64::NAN, i));
    }
    assert!(num_eq(Num::Int(2), Num::Float(2.0)) && num_lt(Num::Int(1), Num::Float(1.5)));
    assert!(num_le(Num::Float(1.5), Num::Int(2)));
}

#[test]
fn for_loops() {
    assert_eq!(for_count(1, Num::Int(10), 1), Some(9));
    assert_eq!(for_count(1, Num::Int(0), 1), None);
    assert_eq!(for_count(10, Num::Int(1), -3), Some(3));
    assert_eq!(for_count(1, Num::Float(3.9), 1), Some(2));
    assert_eq!(for_count(3, Num::Float(1.1), -1), Some(1));
    assert_eq!(for_count(1, Num::Float(f64::NAN), 1), None);
    assert_eq!(
        for_count(1, Num::Float(f64::INFINITY), 1),
        Some(i64::MAX as u64 - 1)
    );
    assert_eq!(for_count(1, Num::Float(f64::INFINITY), -1), None);
    assert_eq!(for_count(i64::MIN, Num::Int(i64::MAX), 1), Some(u64::MAX));
    assert_eq!(for_count(i64::MAX, Num::Int(i64::MIN), i64::MIN), Some(1));
    assert!(float_for_skips(2.0, 1.0, 1.0) && !float_for_skips(1.0, f64::NAN, 1.0));
    assert!(float_for_runs(1.0, 1.0, 0.5) && !float_for_runs(1.0, f64::NAN, 0.5));
}

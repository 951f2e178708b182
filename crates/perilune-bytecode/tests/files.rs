//! Precompiled chunks: damage is noticed and never more than an error.

use perilune_bytecode::file::{FileError, read, write};
use perilune_bytecode::proto::{Const, Proto, UpvalueDesc};
use perilune_bytecode::{compile, verify};
use perilune_syntax::ast::Dialect;
use std::path::Path;
use std::sync::Arc;

const SOURCE: &[u8] = b"local a, b = 1.5, 'text'
local function f(x, ...) for i = 1, x do print(a, i, ..., 1 << 40, -7, nil) end return b end
return f, { f = f, ['text'] = true, x == false, x == nil }";

fn sample() -> Proto {
    let name: Option<Arc<[u8]>> = Some(Arc::from(&b"=sample"[..]));
    match perilune_syntax::parse(SOURCE, b"=sample", Dialect::Lua55) {
        Ok(chunk) => match compile::compile(&chunk, SOURCE, name) {
            Ok(proto) => proto,
            Err(e) => panic!("{e}"),
        },
        Err(e) => panic!("{e}"),
    }
}

#[test]
fn what_is_written_is_read() {
    let proto = sample();
    assert_eq!(read(&write(&proto, false)), Ok(proto));
}

#[test]
fn numbers_survive() {
    let ints = [0, -1, 1, i64::MIN, i64::MAX, 127, 128, -129].map(Const::Int);
    let floats = [0.0, -0.0, f64::INFINITY, f64::MIN_POSITIVE, 1e300].map(Const::Float);
    let consts: Vec<Const> = ints.into_iter().chain(floats).collect();
    let again = read(&write(
        &Proto {
            consts: consts.clone(),
            ..Proto::default()
        },
        true,
    ));
    let again = again.map(|p| p.consts).unwrap_or_default();
    assert_eq!(format!("{again:?}"), format!("{consts:?}"));
}

#[test]
fn stripping_removes_names_only() {
    let proto = sample();
    let Ok(stripped) = read(&write(&proto, true)) else {
        panic!("unreadable")
    };
    assert!(stripped.lines.is_empty() && stripped.locals.is_empty() && stripped.source.is_none());
    assert!(stripped.upvalues.iter().all(|u| u.name.is_none()));
    assert_eq!(stripped.code, proto.code);
    let renamed = Proto {
        consts: stripped.consts.clone(),
        texts: stripped.texts.clone(),
        ..Proto::default()
    };
    let original = Proto {
        consts: proto.consts.clone(),
        texts: proto.texts.clone(),
        ..Proto::default()
    };
    assert_eq!(renamed, original);
    assert!(write(&proto, true).len() < write(&proto, false).len());
}

#[test]
fn strings_are_shared() {
    let proto = sample();
    let bytes = write(&proto, false);
    let found = bytes.windows(4).filter(|w| w == b"text").count();
    assert_eq!(found, 1);
}

#[test]
fn every_truncation_is_an_error() {
    let bytes = write(&sample(), false);
    for n in 0..bytes.len() {
        assert!(read(&bytes[..n]).is_err(), "{n} of {} bytes", bytes.len());
    }
    assert_eq!(read(&bytes[..20]), Err(FileError::Truncated));
}

#[test]
fn every_flipped_bit_is_harmless() {
    let bytes = write(&sample(), false);
    for n in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[n / 8] ^= 1 << (n % 8);
        if let Ok(proto) = read(&damaged) {
            // It may even verify; it must not panic.
            drop(verify::verify(Arc::new(proto)));
        }
    }
}

#[test]
fn headers_are_checked() {
    let bytes = write(&sample(), false);
    let with = |at: usize, byte: u8| {
        let mut b = bytes.clone();
        b[at] = byte;
        read(&b)
    };
    assert_eq!(with(1, b'X'), Err(FileError::NotBinary));
    assert_eq!(with(4, 0x54), Err(FileError::Version));
    assert_eq!(with(5, 1), Err(FileError::Format));
    assert_eq!(with(8, b'\n'), Err(FileError::Corrupted));
    assert_eq!(with(12, !bytes[12]), Err(FileError::Corrupted));
    assert_eq!(with(40, !bytes[40]), Err(FileError::Format));
    assert_eq!(FileError::Truncated.to_string(), "truncated chunk");
}

#[test]
fn counts_are_not_believed() {
    let mut bytes = write(&Proto::default(), true);
    let empty = bytes.len() - 8;
    bytes.truncate(empty);
    bytes.extend_from_slice(&[0xff; 9]);
    bytes.push(1);
    assert!(matches!(
        read(&bytes),
        Err(FileError::Truncated | FileError::Overflow)
    ));
}

#[test]
fn nesting_is_bounded() {
    let up = UpvalueDesc {
        name: None,
        in_stack: true,
        index: 0,
        read_only: true,
    };
    let mut proto = Proto {
        upvalues: vec![up],
        ..Proto::default()
    };
    for _ in 0..199 {
        proto = Proto {
            protos: vec![Arc::new(proto)],
            ..Proto::default()
        };
    }
    assert_eq!(read(&write(&proto, false)), Ok(proto.clone()));
    let deeper = Proto {
        protos: vec![Arc::new(proto)],
        ..Proto::default()
    };
    assert_eq!(read(&write(&deeper, false)), Err(FileError::TooDeep));
}

/// A file that was written once is read for ever, on every machine; `BLESS=1` writes it anew, which a change of
/// the opcode table needs.
#[test]
fn kept_files_are_what_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chunks");
    let source = std::fs::read(folder.join("tour.lua")).expect("the source");
    let chunk = perilune_syntax::parse(&source, b"=tour", Dialect::Lua55).expect("a chunk");
    let proto = compile::compile(&chunk, &source, Some(Arc::from(&b"=tour"[..]))).expect("bytecode");
    for (name, strip) in [("tour.plc", false), ("tour.stripped.plc", true)] {
        let path = folder.join(name);
        let bytes = write(&proto, strip);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &bytes).expect("written");
        }
        let kept = std::fs::read(&path).expect("the file");
        assert!(kept == bytes, "{name}: run with BLESS=1 if this is right");
        let again = read(&kept).expect("a chunk");
        assert_eq!(write(&again, strip), kept);
        verify::verify(Arc::new(again)).expect("verified");
    }
}

//! Carriers made here, from an object of the corpus.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "offsets of carriers that the tests make themselves"
)]

use std::io::Write as _;

use super::*;

const OBJECT: &[u8] = include_bytes!("../../tests/corpus/accept/xdp_l4lb.o");

fn names(name: &str, bytes: &[u8]) -> Vec<String> {
    let contents = unpack(name, bytes, &mut Allowance::default());
    for part in &contents.parts {
        assert_eq!(part.bytes, OBJECT, "{}", part.name);
    }
    let parts = contents.parts.into_iter().map(|p| p.name);
    let problems = contents.problems.into_iter().map(|p| format!("! {p}"));
    parts.chain(problems).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        let head = format!("{name:<16}{:<32}{:<10}`\n", "0", bytes.len());
        out.extend(head.as_bytes());
        out.extend(*bytes);
        out.resize(out.len() + (out.len() & 1), b'\n');
    }
    out
}

/// A program of another machine with bytes in it.
fn program(inside: &[&[u8]]) -> Vec<u8> {
    let mut out = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0".to_vec();
    out.resize(99, 0);
    for bytes in inside {
        out.extend(*bytes);
        out.extend(b"between");
    }
    out
}

fn header(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|b| format!("\\x{b:02x}")).collect();
    let text = hex.replace("\\x00\\x00", "\\x00\\\n\\x00");
    format!(
        "/* \"no literal\" */ char q = '\"';\nstatic const void *bytes(size_t *sz)\n{{\n\
         static const char data[] __attribute__((__aligned__(8))) = \"\\\n{text}\";\n}}\n"
    )
}

#[test]
fn objects_are_found_wherever_they_lie() {
    assert_eq!(kind(OBJECT), Kind::Object);
    assert_eq!(names("x.o.gz", &gzip(OBJECT)), [""]);
    let twice = program(&[OBJECT, OBJECT]);
    assert_eq!(names("tool", &twice), ["xdp_l4lb.o", "xdp_l4lb.o#2"]);
    let both = archive(&[("a.o/", OBJECT), ("b.o/", &twice), ("/", b"symbols")]);
    let found = ["a.o", "b.o!xdp_l4lb.o", "b.o!xdp_l4lb.o#2"];
    assert_eq!(names("lib.a", &both), found);
    assert_eq!(names("lib.a.gz", &gzip(&both)), found);
    assert_eq!(names("x.skel.h", header(OBJECT).as_bytes()), ["xdp_l4lb.o"]);
    let numbers: Vec<String> = OBJECT.iter().map(|b| format!("{b:#04x}")).collect();
    let array = format!("unsigned char x[] = {{ {} }};", numbers.join(",\n"));
    assert_eq!(names("x.h", array.as_bytes()), ["xdp_l4lb.o"]);
}

#[test]
fn long_names_of_archives_are_read() {
    let long = archive(&[("//", b"a_very_long_name.o/\n"), ("/0", OBJECT)]);
    assert_eq!(names("lib.a", &long), ["a_very_long_name.o"]);
    let bsd = [b"name_of_bsd.o\0\0\0", OBJECT].concat();
    assert_eq!(
        names("lib.a", &archive(&[("#1/16", &bsd)])),
        ["name_of_bsd.o"]
    );
}

#[test]
fn xz_and_zstd_are_unpacked() {
    let xz: &[u8] = include_bytes!("../../tests/corpus/carriers/xdp_l4lb.o.xz");
    let zstd: &[u8] = include_bytes!("../../tests/corpus/carriers/xdp_l4lb.o.zst");
    assert_eq!(names("x.o.xz", xz), [""]);
    assert_eq!(names("x.o.zst", zstd), [""]);
}

#[test]
fn what_is_damaged_or_nothing_is_told() {
    let cut = OBJECT.get(..OBJECT.len() - 1).unwrap();
    assert_eq!(names("tool", &program(&[b"no object"])), [""; 0]);
    let mut end = program(&[]);
    let at = end.len();
    end.extend(cut);
    assert_eq!(
        names("tool", &end),
        [format!("! the object at {at:#x} is cut off")]
    );
    let packed = gzip(OBJECT);
    let half = packed.get(..packed.len() / 2).unwrap();
    let told = names("x.o.gz", half);
    assert!(
        told.concat().starts_with("! cannot be unpacked: "),
        "{told:?}"
    );
    let short = archive(&[("a.o/", OBJECT)]);
    let told = names("lib.a", short.get(..short.len() - 9).unwrap());
    assert!(told.concat().ends_with("is cut off"), "{told:?}");
    let lskel = header(&[0x95; 80]).replace("data[]", "opts_insn[]");
    assert!(
        names("x.lskel.h", lskel.as_bytes())
            .concat()
            .contains("no program is found")
    );
}

#[test]
fn bombs_do_not_go_off() {
    let zeroes = gzip(&vec![0; 4 << 20]);
    let mut little = Allowance {
        bytes: 1 << 20,
        parts: 1,
    };
    let contents = unpack("x.gz", &zeroes, &mut little);
    assert_eq!(contents.problems, ["unpacks to more than 1 MiB"]);
    let mut deep = gzip(OBJECT);
    for _ in 0..limits::MAX_CARRIERS {
        deep = gzip(&deep);
    }
    assert!(names("x.gz", &deep).concat().contains("too deeply"));
    let mut one = Allowance {
        bytes: u64::MAX,
        parts: 1,
    };
    let many = unpack("tool", &program(&[OBJECT, OBJECT]), &mut one);
    assert_eq!(
        (many.parts.len(), &*many.problems.concat()),
        (1, "too many objects")
    );
}

/// As the loader generator of libbpf lays a map and a program out.
fn loader_data(insns: &[[u8; 8]]) -> Vec<u8> {
    let mut out = vec![0; 64];
    let map = out.len();
    out.resize(map + 72, 0);
    for (at, n) in [(0, 2u32), (4, 4), (8, 8), (12, 3)] {
        out[map + at..][..4].copy_from_slice(&n.to_le_bytes());
    }
    out[map + 28..][..6].copy_from_slice(b"counts");
    out.extend(b"Dual MIT/GPL\0\0\0\0");
    out.extend(insns.iter().flatten());
    let program = out.len();
    out.resize(program + 144, 0);
    for (at, n) in [(0, 6), (4, insns.len() as u32), (68, 37)] {
        out[program + at..][..4].copy_from_slice(&n.to_le_bytes());
    }
    out[program + 48..][..6].copy_from_slice(b"filter");
    out
}

#[test]
fn light_skeletons_become_objects() {
    use crate::object::Object;
    use crate::programs::{LinkOptions, link};
    let insns = [
        [0x18, 0x51, 0, 0, 0, 0, 0, 0], // r1 = map 0
        [0; 8],
        [0x85, 0x10, 0, 0, 2, 0, 0, 0], // a function behind the end
        [0xb7, 0, 0, 0, 2, 0, 0, 0],
        [0x95, 0, 0, 0, 0, 0, 0, 0],
        [0xb7, 0, 0, 0, 7, 0, 0, 0],
        [0x95, 0, 0, 0, 0, 0, 0, 0],
    ];
    let text = header(&loader_data(&insns)) + &header(&[0x95; 80]).replace("data[]", "opts_insn[]");
    let found = unpack("tool.lskel.h", text.as_bytes(), &mut Allowance::default());
    let [part] = &found.parts[..] else {
        panic!("{found:?}");
    };
    assert_eq!(part.name, "tool.o");
    let object = Object::parse(&part.bytes).unwrap();
    assert!(object.problems.is_empty(), "{:?}", object.problems);
    assert_eq!(object.license, "Dual MIT/GPL");
    let [map] = &object.maps[..] else { panic!() };
    assert_eq!((&*map.name, map.map_type, map.value_size), ("counts", 2, 8));
    let options = LinkOptions {
        legacy_maps: true,
        ..LinkOptions::default()
    };
    let linked = link(&object, &options);
    let program = linked.programs[0].as_ref().unwrap();
    assert_eq!((&*program.name, &*program.section), ("filter", "xdp"));
    assert_eq!(program.insns.len(), insns.len());
    assert_eq!(program.subprogs.len(), 2);
}

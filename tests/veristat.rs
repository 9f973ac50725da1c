//! `veristat`: the options and the columns of the tool of that name, and its CSV files.

use std::path::PathBuf;
use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("veristat")
        .args(args)
        .output()
        .unwrap()
}

/// What standard output says of a run that ends well.
fn shown(args: &[&str]) -> String {
    let out = run(args);
    let err = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{args:?}: {err}");
    String::from_utf8(out.stdout).unwrap()
}

/// What standard error says of a run that ends with 2.
fn refused(args: &[&str]) -> String {
    let out = run(args);
    assert_eq!(out.status.code(), Some(2), "{args:?}");
    String::from_utf8(out.stderr).unwrap()
}

/// A file that is removed when dropped.
struct Csv(PathBuf);

impl Csv {
    fn new(name: &str, text: &str) -> Csv {
        let file = format!("bpfassay-veristat-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(file);
        std::fs::write(&path, text).unwrap();
        Csv(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Csv {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

const OBJECT: &str = "tests/corpus/accept/xdp_l4lb.o";
const REFUSED: &str = "tests/corpus/reject/memory.o";
/// All columns that do not depend on the clock.
const SURE: &str =
    "file,prog,verdict,insns,states,peak_states,prog_size,prog_type,attach_type,stack";

const OLD: &str = "file_name,prog_name,verdict,total_insns,total_states\n\
    a.o,grows,success,100,10\na.o,gone,success,5,1\nb.o,breaks,success,7,7\nb.o,same,success,9,3\n";
const NEW: &str = "file_name,prog_name,verdict,total_insns,total_states,mem_peak,later\n\
    a.o,grows,success,150,10,0,1\nb.o,breaks,failure,3,0,0,2\nb.o,same,success,9,3,0,3\n\
    c.o,new,failure,1,N/A,0,4\n";

#[test]
fn a_table_has_its_columns() {
    insta::assert_snapshot!(shown(&[
        "-e", SURE, OBJECT, REFUSED, "-f", "!map_*", "-n", "6"
    ]));
}

#[test]
fn csv_has_all_columns_and_nothing_else() {
    let text = shown(&["-o", "csv", OBJECT]);
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some(
            "file_name,prog_name,verdict,duration,total_insns,total_states,peak_states,\
             max_states_per_insn,max_mark_read_len,prog_size,prog_size_jited,prog_type,\
             attach_type,stack_depth,max_stack_depth,mem_peak"
        )
    );
    let row: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(row[..3], ["xdp_l4lb.o", "balancer", "success"]);
    assert_eq!(lines.next(), None);
}

#[test]
fn two_files_are_compared() {
    let (old, new) = (Csv::new("old", OLD), Csv::new("new", NEW));
    insta::assert_snapshot!("compared", shown(&["-C", old.path(), new.path()]));
    let states = ["-e", "file,prog,verdict,states", "-o", "csv"];
    let csv = shown(&[&["-C", old.path(), new.path()], &states[..]].concat());
    insta::assert_snapshot!("compared_csv", csv);
}

#[test]
fn comparisons_are_sorted_and_filtered_by_difference() {
    let (old, new) = (Csv::new("old2", OLD), Csv::new("new2", NEW));
    let programs = |more: &[&str]| {
        let text = shown(
            &[
                &["-C", "-o", "csv", "-e", "prog", old.path(), new.path()],
                more,
            ]
            .concat(),
        );
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        programs(&["-s", "insns_diff"]),
        ["grows", "same", "breaks", "gone", "new"]
    );
    assert_eq!(
        programs(&["-s", "|insns_pct|"]),
        ["breaks", "grows", "same", "gone", "new"]
    );
    assert_eq!(programs(&["-f", "insns_pct>=10"]), ["grows"]);
    assert_eq!(programs(&["-f", "verdict_diff=mismatch"]), ["breaks"]);
    assert_eq!(
        programs(&["-f", "verdict_b=failure", "-f", "!c.o/"]),
        ["breaks"]
    );
}

#[test]
fn a_file_is_replayed_as_it_was_written() {
    let text = shown(&["-o", "csv", OBJECT, REFUSED]);
    let file = Csv::new("replayed", &text);
    assert_eq!(shown(&["-R", "-o", "csv", file.path()]), text);
    let few = [
        "-R",
        "-e",
        "prog,insns",
        "-s",
        "insns>",
        "-n",
        "3",
        "-f",
        "memory.o/*",
    ];
    insta::assert_snapshot!("replayed", shown(&[&few[..], &[file.path()]].concat()));
}

#[test]
fn lines_are_told_by_how_often_they_were_processed() {
    insta::assert_snapshot!(shown(&["-q", "-S", "3", "-e", "prog,insns", OBJECT]));
}

#[test]
fn options_of_veristat_are_taken() {
    let text = shown(&[
        "-q",
        "-v",
        "-l",
        "2",
        "--log-fixed",
        "--log-size",
        "1024",
        "-t",
        "-r",
        "-d",
        "-e",
        "prog,verdict",
        "-f",
        "packet_unchecked",
        REFUSED,
    ]);
    assert!(text.contains("packet_unchecked  failure"), "{text}");
    let verbose = run(&["-v", "-q", "-f", "packet_unchecked", REFUSED]);
    assert!(String::from_utf8_lossy(&verbose.stderr).contains("BPF0108"));
    let object = "tests/corpus/accept/xdp_l4lb.o";
    assert!(refused(&["-G", "no_such_global=1", object]).contains("no_such_global"));
}

#[test]
fn what_is_wrong_is_told() {
    let check = |args: &[&str], want: &str| {
        let err = refused(args);
        assert!(err.contains(want), "{args:?}: {err}");
    };
    check(&["-e", "speed", OBJECT], "no column speed");
    check(&["-s", "fast<", OBJECT], "no column fast");
    check(&["-f", "insns>many", OBJECT], "many is no number");
    check(&["-C", OBJECT], "takes two CSV files");
    check(&["-R", REFUSED], "no line has the columns");
    check(&["/nonexistent/x.o"], "/nonexistent/x.o");
}

#[test]
fn no_row_is_lost_where_names_are_not_single() {
    let twice = "file_name,prog_name,verdict,total_insns\na.o,p,success,1\na.o,p,success,2\n";
    let more = "file_name,prog_name,verdict,total_insns\na.o,p,success,1\na.o,p,success,5\na.o,p,success,7\n";
    let (old, new) = (Csv::new("twice", twice), Csv::new("more", more));
    let csv = shown(&[
        "-C",
        "-o",
        "csv",
        "-e",
        "file,prog,insns",
        old.path(),
        new.path(),
    ]);
    let rows: Vec<&str> = csv.lines().skip(1).collect();
    assert_eq!(rows.len(), 3, "{csv}");
    for figures in ["1,1,", "2,5,", "N/A,7,"] {
        assert!(rows.iter().any(|r| r.contains(figures)), "{figures}: {csv}");
    }
}

#[test]
fn one_target_is_asked() {
    let said = refused(&["--target", "lts", OBJECT]);
    assert!(said.contains("lts stands for several targets"), "{said}");
}

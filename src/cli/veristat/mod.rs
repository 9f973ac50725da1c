//! `veristat`: verify objects as the kernel's tool of that name is asked to, and show its
//! columns; compare and replay CSV files of either.
//!
//! Verdicts are `success` and `failure`; what is not decided is `unknown`, which veristat
//! does not have, and is complained of. As there, a program that is refused is no failure
//! of the run.

mod csv;
mod pair;
mod spec;
mod stat;
mod table;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use rayon::prelude::*;

use self::spec::{Cell, Cells, Filter, Key, Order};
use self::stat::{COLUMNS, COMPARED, Row, Stat, TABLE, Value};
use super::args::{OpenArgs, StatedArgs, VeristatArgs, VeristatFormat};
use super::console::{self, complain};
use super::inputs::{self, Targets};
use super::spend::{Spending, micros};
use super::walk::{self, Input};
use super::{Failure, exit, output, stated};
use crate::check::{Options, check};
use crate::limits;
use crate::report::text::Style;
use crate::report::{self, Outcome, ProgramReport, Report};
use crate::target;
use crate::untrusted::{Untrusted, source_line, terminal, text};
use crate::view::{Shelf, View};

/// Runs the verb.
pub(super) fn run(args: &VeristatArgs) -> Result<u8, Failure> {
    let wanted = Wanted::read(args)?;
    let csv = args.output_format == VeristatFormat::Csv;
    if args.compare {
        let [old, new] = args.files.as_slice() else {
            return Err(Failure::usage("--compare takes two CSV files"));
        };
        let pairs = pair::pairs(rows_of(old)?, rows_of(new)?);
        output::write(&shown_pairs(pairs, &wanted, csv), None)?;
        return Ok(exit::CLEAN);
    }
    if args.replay {
        let [file] = args.files.as_slice() else {
            return Err(Failure::usage("--replay takes one CSV file"));
        };
        output::write(&shown_rows(rows_of(file)?, &wanted, csv), None)?;
        return Ok(exit::CLEAN);
    }
    let report = verified(args)?;
    stated::unmet(&report)?;
    let (mut rows, mut skipped, mut code) = (Vec::new(), 0, exit::CLEAN);
    let mut texts = String::new();
    for object in &report.objects {
        if let Some(error) = &object.error {
            complain!("{}: {}", object.object, error.text());
            code = code.max(exit::USAGE);
        }
        for error in &object.load_errors {
            complain!("{}: {}: {}", object.object, error.stage, error.reason);
        }
        for p in &object.programs {
            let row = Row::of(&object.object, p);
            if !Filter::pass(&wanted.filters, &row) {
                skipped += 1;
                continue;
            }
            if let Some(view) = &p.view {
                top_lines(&mut texts, p, view, args.top_src_lines.unwrap_or(0));
            }
            told(&object.object, p, args);
            if matches!(
                &p.outcome,
                Outcome::Unknown {
                    internal: Some(_),
                    ..
                }
            ) {
                code = exit::INTERNAL;
            }
            rows.push(row);
        }
    }
    let programs = rows.len();
    if csv {
        console::raw_lines(&texts);
        texts.clear();
    }
    let mut out = texts;
    out.push_str(&shown_rows(rows, &wanted, csv));
    if !csv && !args.quiet {
        let files = report.objects.iter().filter(|o| o.error.is_none()).count();
        let unread = report.objects.len() - files;
        let _ = writeln!(
            out,
            "Done. Processed {files} files, {programs} programs. Skipped {unread} files, {skipped} programs."
        );
    }
    output::write(&out, None)?;
    Ok(code)
}

/// What the options ask for.
struct Wanted {
    /// Columns that are asked for; none: the usual ones.
    emit: Vec<Stat>,
    orders: Vec<Order>,
    filters: Vec<Filter>,
    top: usize,
}

impl Wanted {
    fn read(args: &VeristatArgs) -> Result<Wanted, Failure> {
        fn each<T>(
            option: &str,
            words: &[String],
            read: impl Fn(&str) -> Result<T, String>,
        ) -> Result<Vec<T>, Failure> {
            let read = |w: &String| read(w).map_err(|e| Failure::usage(format!("{option}: {e}")));
            words.iter().map(read).collect()
        }
        let mut filters = Vec::new();
        for word in &args.filter {
            match word.strip_prefix('@') {
                Some(file) => filters.extend(lines_of(file)?),
                None => filters.push(word.clone()),
            }
        }
        let mut orders = each("--sort", &args.sort, Order::parse)?;
        if orders.is_empty() {
            orders = Order::usual();
        }
        Ok(Wanted {
            emit: each("--emit", &args.emit, spec::stat)?,
            orders,
            filters: each("--filter", &filters, Filter::parse)?,
            top: args.top_n.unwrap_or(usize::MAX),
        })
    }

    fn columns<'a>(&'a self, usual: &'a [Stat]) -> &'a [Stat] {
        match self.emit.is_empty() {
            true => usual,
            false => &self.emit,
        }
    }

    /// What passes, sorted, and no more than is asked for.
    fn chosen<T: Cells>(&self, mut rows: Vec<T>) -> Vec<T> {
        rows.retain(|row| Filter::pass(&self.filters, row));
        spec::sort(&mut rows, &self.orders);
        rows.truncate(self.top);
        rows
    }
}

/// The filters of a file, one a line.
fn lines_of(file: &str) -> Result<Vec<String>, Failure> {
    let bytes = inputs::read(Path::new(file))?;
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| Failure::usage(format!("--filter @{file}: not UTF-8")))?;
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|l| !l.is_empty() && !l.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

/// The rows of a CSV file.
fn rows_of(path: &Path) -> Result<Vec<Row>, Failure> {
    let name = Untrusted::from(path.display().to_string());
    let file = csv::read(&inputs::read(path)?);
    let file = file.map_err(|e| Failure::usage(text!("{}: {}", name, e)))?;
    for column in &file.unknown {
        complain!("{}: the column {} is left out", name, column);
    }
    Ok(file.rows)
}

/// Verifies the objects.
fn verified(args: &VeristatArgs) -> Result<Report, Failure> {
    let open = OpenArgs {
        target: vec![args.target.clone()],
        btf: args.btf.iter().cloned().collect(),
        stated: StatedArgs {
            set: args.set_global_vars.clone(),
            ..StatedArgs::default()
        },
        ..OpenArgs::default()
    };
    // A row has no column for its target.
    if target::group(&args.target).is_some() {
        inputs::find(&args.target)?;
    }
    let targets = Targets::open(&open)?;
    let choices = targets.choices();
    let manifest = stated::manifest(&open)?;
    let spending = Spending::new(&args.spend)?;
    let budget = &spending.budget;
    let objects = walk::expand(&open, &args.files, budget);
    let lines = args.top_src_lines.is_some_and(|n| n > 0);
    let shelf = lines.then(|| Shelf::new(limits::PAGE_VIEW_BYTES, 1));
    let one = |input: &Input| -> Report {
        let options = Options {
            kind: input.kind(&open),
            manifest: &manifest,
            lints: false,
            smoke: false,
            views: shelf.as_ref(),
            clock: Some(micros),
            budget: Some(budget),
            ..Options::new(&input.name, &choices)
        };
        super::check::within(budget, input, &options, &|bytes| check(bytes, &options))
    };
    let parts: Vec<Report> = spending
        .pool
        .install(|| objects.par_iter().map(one).collect());
    Ok(Report {
        objects: parts.into_iter().flat_map(|r| r.objects).collect(),
        ..Report::default()
    })
}

/// What standard error has to say of a program.
fn told(object: &Untrusted, p: &ProgramReport, args: &VeristatArgs) {
    match &p.outcome {
        Outcome::Accept => {}
        Outcome::Unknown { name, .. } => {
            complain!("{}: {}: not decided: {}", object, p.program, name);
        }
        Outcome::LoadError { stage, reason, .. } if args.verbose => {
            complain!("{}: {}: {stage}: {}", object, p.program, reason);
        }
        Outcome::Reject(d) if args.verbose => {
            complain!("{}: {}:", object, p.program);
            let mut text = String::new();
            report::text::render_diagnostic(&mut text, d, Style::default());
            console::raw_lines(&text);
        }
        _ => {}
    }
    if args.debug {
        for assumed in &p.assumes {
            complain!("{}: {}: assumed: {}", object, p.program, assumed);
        }
    }
}

/// The lines of a program that were processed most often.
fn top_lines(out: &mut String, p: &ProgramReport, view: &View, most: usize) {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    for insn in &view.insns {
        if let Some(line) = insn.line {
            *counts.entry(line).or_default() += u64::from(insn.visits);
        }
    }
    let mut lines: Vec<(u64, u32)> = counts.into_iter().map(|(l, n)| (n, l)).collect();
    lines.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let _ = writeln!(out, "Top source lines ({}):", terminal(&p.program));
    for (count, line) in lines.into_iter().take(most).filter(|(n, _)| *n > 0) {
        let Some(line) = view.lines.get(line as usize) else {
            continue;
        };
        let text = Untrusted::from(&line.text);
        let text = text.data().trim();
        let file = Untrusted::from(&line.file);
        let file = file.data().rsplit('/').next().unwrap_or("");
        let _ = writeln!(
            out,
            "{count:>9}: ({}:{})\t{}",
            terminal(file),
            line.line,
            source_line(text)
        );
    }
    out.push('\n');
}

fn shown_rows(rows: Vec<Row>, wanted: &Wanted, csv: bool) -> String {
    let all = COLUMNS.map(|c| c.stat);
    let columns = wanted.columns(if csv { &all } else { &TABLE });
    let rows = wanted.chosen(rows);
    let fields = |row: &Row| columns.iter().map(|&c| row.get(c).data()).collect();
    let fields: Vec<Vec<Untrusted>> = rows.iter().map(fields).collect();
    let head = |c: &Stat| (c.column().head.to_owned(), c.is_text());
    let heads: Vec<table::Head> = columns.iter().map(head).collect();
    let names = columns.iter().map(|c| c.name().into()).collect();
    drawn(&heads, names, fields, csv)
}

fn shown_pairs(pairs: Vec<pair::Pair>, wanted: &Wanted, csv: bool) -> String {
    let columns = wanted.columns(&COMPARED);
    let pairs = wanted.chosen(pairs);
    let (mut heads, mut names) = (Vec::new(), Vec::new());
    for column in columns {
        let (head, name) = (column.column().head, column.name());
        if column.is_name() {
            heads.push((head.to_owned(), true));
            names.push(name.into());
            continue;
        }
        for (sign, end) in [("A", "base"), ("B", "comp"), ("DIFF", "diff")] {
            heads.push((format!("{head} ({sign})"), column.is_text()));
            names.push(format!("{name}_{end}").into());
        }
    }
    let fields = |pair: &pair::Pair| columns.iter().flat_map(|&c| pair.fields(c)).collect();
    let fields: Vec<Vec<Untrusted>> = pairs.iter().map(fields).collect();
    drawn(&heads, names, fields, csv)
}

fn drawn(
    heads: &[table::Head],
    names: Vec<Untrusted>,
    rows: Vec<Vec<Untrusted>>,
    csv: bool,
) -> String {
    if !csv {
        return table::draw(heads, &rows);
    }
    let mut out = String::new();
    csv::line(&mut out, names);
    for row in rows {
        csv::line(&mut out, row);
    }
    out
}

/// A value, to sort and filter by.
fn cell_of(value: &Value, absolute: bool) -> Cell<'_> {
    match value {
        Value::Missing => Cell::Missing,
        Value::Text(text) => Cell::Text(text.data()),
        Value::Number(n) if absolute => Cell::Number((*n as f64).abs()),
        Value::Number(n) => Cell::Number(*n as f64),
    }
}

impl Cells for Row {
    fn file(&self) -> &str {
        self.text(Stat::File)
    }

    fn prog(&self) -> &str {
        self.text(Stat::Prog)
    }

    fn cell(&self, key: Key) -> Cell<'_> {
        cell_of(self.get(key.stat), key.absolute)
    }
}

//! CSV files as veristat writes them: names of columns, then a line per program.
//!
//! Its files quote nothing; ours quote what needs it, and both are read.

use super::stat::{MISSING, Row, Stat, Value};
use crate::untrusted::{Untrusted, csv, text};

/// A line of fields.
pub(super) fn line(out: &mut String, fields: impl IntoIterator<Item = Untrusted>) {
    for (i, field) in fields.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(&csv(&field));
    }
    out.push('\n');
}

/// What a file holds, and the columns that it has and nobody knows.
pub(super) struct File {
    pub(super) rows: Vec<Row>,
    pub(super) unknown: Vec<Untrusted>,
}

/// Reads a file.
pub(super) fn read(bytes: &[u8]) -> Result<File, Untrusted> {
    let all = String::from_utf8_lossy(bytes);
    let mut lines = all
        .lines()
        .enumerate()
        .filter(|(_, l)| !l.trim().is_empty());
    // Complaints of veristat may stand before the names.
    let head = lines.find_map(|(_, line)| {
        let names = fields(line);
        let has = |stat| names.iter().any(|n| Stat::find(n) == Some(stat));
        (has(Stat::File) && has(Stat::Prog)).then_some(names)
    });
    let head = head.ok_or("no line has the columns file_name and prog_name")?;
    let columns: Vec<Option<Stat>> = head.iter().map(|n| Stat::find(n)).collect();
    let mut file = File {
        rows: Vec::new(),
        unknown: Vec::new(),
    };
    let strange = head.iter().zip(&columns).filter(|(_, c)| c.is_none());
    file.unknown
        .extend(strange.map(|(n, _)| Untrusted::from(n)));
    for (at, line) in lines {
        let mut row = Row::default();
        let values = fields(line);
        if values.len() != columns.len() {
            let (have, want) = (values.len(), columns.len());
            return Err(text!("line {}: {have} fields, not {want}", at + 1));
        }
        for (column, field) in columns.iter().zip(values) {
            if let Some(stat) = column {
                let value = value(*stat, field);
                let value = value.map_err(|e| text!("line {}: {}: {}", at + 1, stat.name(), e))?;
                row.set(*stat, value);
            }
        }
        file.rows.push(row);
    }
    Ok(file)
}

fn value(stat: Stat, field: String) -> Result<Value, Untrusted> {
    if field == MISSING {
        return Ok(Value::Missing);
    }
    if stat.is_text() {
        return Ok(Value::Text(field.into()));
    }
    // Depths of functions are written as a sum.
    let parts = field.split('+').map(|part| part.trim().parse::<i64>());
    let sum = parts
        .into_iter()
        .try_fold(0i64, |sum, n| sum.checked_add(n.ok()?));
    match sum {
        Some(n) => Ok(Value::Number(n)),
        None => Err(text!("{} is no number", Untrusted::from(field))),
    }
}

/// The fields of a line; a quote doubled in quotes is one.
fn fields(line: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = line.trim_end_matches('\r').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted || field.is_empty() => quoted = !quoted,
            ',' if !quoted => all.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    all.push(field);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let check = |line: &str, want: &[&str]| assert_eq!(fields(line), want);
        check("a,b,", &["a", "b", ""]);
        check("\"a,b\",\"c\"\"d\"\r", &["a,b", "c\"d"]);
        check("a\"b,c", &["a\"b", "c"]);
    }

    #[test]
    fn what_veristat_writes_is_read() {
        let text = b"Failed to open 'x.o': -2\nfile_name,prog_name,verdict,total_insns,new\n\
            a.o,p,success,12,1\na.o,q,N/A,N/A,2\n";
        let file = read(text).unwrap();
        assert_eq!(file.rows.len(), 2);
        assert_eq!(file.rows[0].get(Stat::Insns), &Value::Number(12));
        assert_eq!(file.rows[1].get(Stat::Verdict), &Value::Missing);
        assert_eq!(file.unknown, ["new"]);
        let wrong = read(b"file_name,prog_name,total_insns\na.o,p,x\n").err();
        assert_eq!(wrong.unwrap(), "line 2: total_insns: x is no number");
        assert!(read(b"").is_err() && read(b"a,b\n").is_err());
    }
}

//! Whatever an object, a log or a profile says, what is shown of it has no effect.
//!
//! Every string of an object is filled with texts that would do something if an outlet
//! passed them on; every verb shows them in every format; and the reader that each format
//! is made for (a terminal, an XML parser, a Markdown reader, ...) judges. The table of
//! outlets and escapes at the end says what was found where.

#[path = "common/toy.rs"]
mod toy;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use bpfassay::untrusted::is_invisible;
use toy::{EXIT, LDDW, SECOND, Toy, UNSET, ZERO};

/// Texts with effects: by what they attack.
const TEXTS: [(&str, &[u8]); 12] = [
    (
        "newline",
        b"x\n::error file=a::pwned\r\n::add-mask::pwned\n",
    ),
    ("command", b"::error::pwned ##[error]pwned ##vso[x]pwned"),
    ("terminal", b"\x1b[2J\x1b[31mpwned\x1b]0;pwned\x07\x07"),
    ("link", b"\x1b]8;;http://evil.example/\x07pwned\x1b]8;;\x07"),
    ("c1", "\u{9b}2J\u{9d}0;pwned\u{9c}\u{85}".as_bytes()),
    ("bidi", "a\u{202e}pwned\u{2066}\u{200f}b".as_bytes()),
    ("unseen", "a\u{200b}\u{feff}\u{ad}\u{e0041}b".as_bytes()),
    ("utf8", b"a\xff\xfe\xed\xa0\x80b\xc0"),
    (
        "html",
        b"</code><img src=x onerror=pwned><script>pwned</script>&lt;b&gt;\"'",
    ),
    (
        "markdown",
        b"# pwned `a`` <b> ``` [pwned](http://evil.example) ![p](x) @pwned #1 | a **b** $x$",
    ),
    ("xml", b"]]></failure><pwned a=\"&amp;\"/>\x01\x0b<![CDATA["),
    ("dot", b"\"]; pwned [label=\"\\\" </b> #35; %pwned%0A"),
];

/// A directory that is removed when dropped.
struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An object with the text in every name; refused, or accepted if it is harmless.
fn object(text: &[u8], refused: bool, plain_btf: bool) -> Vec<u8> {
    let name = |usual: &[u8]| match plain_btf {
        true => usual.to_vec(),
        false => text.to_vec(),
    };
    Toy {
        program: text.to_vec(),
        section: [b"socket/", text].concat(),
        function: name(b"prog"),
        code: match refused {
            true => vec![LDDW, SECOND, UNSET, EXIT],
            false => vec![LDDW, SECOND, ZERO, EXIT],
        },
        map_at: Some(0),
        map: text.to_vec(),
        license: [b"GPL ", text].concat(),
        file: [b"/src/", text, b".c"].concat(),
        copies: 1,
        structs: 0,
        lines: vec![
            (0, 1, 1, text.to_vec()),
            (2, 2, 9, [b"return ", text].concat()),
        ],
    }
    .build()
}

fn shown(dir: &Path, args: &[&str]) -> (String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_bpfassay"))
        .current_dir(dir)
        .args(args)
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    let code = out.status.code();
    assert!(
        matches!(code, Some(0..=2)),
        "{args:?} ends with {code:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(out.stdout), text(out.stderr))
}

/// A terminal shows the text as it is written: nothing moves, nothing is coloured, no
/// title, no bell; and no line is a command of a runner.
fn terminal(text: &str, own_commands: bool) -> Result<(), String> {
    if let Some(c) = text
        .chars()
        .find(|c| !matches!(c, '\n' | '\t') && is_invisible(*c))
    {
        return Err(format!("{c:?} is passed on"));
    }
    for line in text.lines() {
        if line.trim_start().starts_with("::") && !own_commands || line.contains("##[") {
            return Err(format!("a command: {line}"));
        }
        let mut terminal = vt100::Parser::new(2, 4000, 0);
        terminal.process(line.as_bytes());
        let screen = terminal.screen();
        let seen = screen.contents();
        // What stands for bytes that are no text is no cell of this terminal.
        let line = line.replace('\u{fffd}', "");
        if !line.contains('\t') && seen.trim_end() != line.trim_end() {
            return Err(format!("{line:?} is seen as {seen:?}"));
        }
    }
    Ok(())
}

fn xml(text: &str) -> Result<(), String> {
    let known = [
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "error",
        "skipped",
        "system-out",
        // Of a drawing.
        "svg",
        "style",
        "defs",
        "marker",
        "path",
        "rect",
        "g",
        "text",
    ];
    elements(text, &known)
}

/// A page is written so that it is XML, too.
fn html(text: &str) -> Result<(), String> {
    let known = [
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "ul", "li", "table", "thead",
        "tbody", "tr", "th", "td", "h3", "p", "pre", "strong", "span", "details", "summary", "br",
        "svg", "path", "rect", "g", "text",
    ];
    elements(text, &known)
}

/// Well-formed, and with no elements but these.
fn elements(text: &str, known: &[&str]) -> Result<(), String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = true;
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Eof => return Ok(()),
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.name();
                let name: &str = name.as_ref();
                if !known.contains(&name) {
                    return Err(format!("an element {name}"));
                }
                for attribute in tag.attributes() {
                    attribute.map_err(|e| e.to_string())?;
                }
            }
            Event::Text(_) | Event::End(_) | Event::Decl(_) | Event::GeneralRef(_) => {}
            Event::DocType(_) if known.contains(&"html") => {}
            other => return Err(format!("{other:?}")),
        }
    }
}

/// A page has its own two headings: the report's and the object's.
fn markdown_page(text: &str) -> Result<(), String> {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let events = Parser::new_ext(text, Options::all());
    let headings = events.filter(|e| matches!(e, Event::Start(Tag::Heading { .. })));
    match headings.count() {
        2 => {}
        n => return Err(format!("{n} headings")),
    }
    let rest: Vec<&str> = text.lines().filter(|l| !l.starts_with('#')).collect();
    markdown(&rest.join("\n"))
}

fn markdown(text: &str) -> Result<(), String> {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let own = [
        "<details>",
        "</details>",
        "<summary>",
        "</summary>",
        "<code>",
        "</code>",
        "<b>",
        "</b>",
    ];
    let mut code = 0;
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                return Err(format!("a link to {dest_url}"));
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let mut rest = html.to_string();
                own.iter().for_each(|tag| rest = rest.replace(tag, ""));
                if rest.contains('<') || mentions(&rest) {
                    return Err(format!("HTML: {html}"));
                }
            }
            Event::Start(Tag::Heading { .. }) | Event::End(_) if code > 0 => code -= 1,
            Event::Start(Tag::CodeBlock(_)) => code += 1,
            Event::Text(text) if code == 0 && mentions(&text) => {
                return Err(format!("a mention: {text}"));
            }
            Event::InlineMath(_) | Event::DisplayMath(_) | Event::FootnoteReference(_) => {
                return Err("a formula or a footnote".into());
            }
            _ => {}
        }
    }
    let headings = text.lines().filter(|l| l.starts_with('#')).count();
    let own = [
        "## bpfassay",
        "### Rejected",
        "### Findings",
        "### Lacking in a runtime",
        "### Not loadable or not decided",
    ];
    let known = text.lines().filter(|l| own.contains(l)).count();
    if headings != known {
        return Err("a heading".into());
    }
    terminal(text, false)
}

/// `@name`, `#1`; entities are no signs.
fn mentions(text: &str) -> bool {
    let text = text.replace("&#8203;", "\u{200b}").replace("&#39;", "'");
    let next = |sign| {
        text.split(sign)
            .skip(1)
            .any(|t: &str| t.starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    next('@') || next('#')
}

fn json(text: &str) -> Result<(), String> {
    for document in serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>() {
        document.map_err(|e| e.to_string())?;
    }
    terminal(text, false)
}

/// Its own markup is that of every page: what is an object's lies in one element, as
/// JSON in which no tag and no comment begins.
fn page(text: &str) -> Result<(), String> {
    let opening = "<script type=\"application/json\" id=\"data\">";
    let (_, data) = text.split_once(opening).ok_or("no data")?;
    let (data, rest) = data.split_once("</script>").ok_or("data have no end")?;
    if data.contains(['<', '>']) || text.matches("pwned").count() != data.matches("pwned").count() {
        return Err("data leave their element".into());
    }
    if rest.matches("<script").count() != 1 || text.matches(opening).count() != 1 {
        return Err("more scripts than one".into());
    }
    json(data)
}

/// Every line is one command, and what is behind its properties is data.
fn github(text: &str) -> Result<(), String> {
    for line in text.lines() {
        let known = ["::error ", "::warning ", "::notice "];
        if !known.iter().any(|k| line.starts_with(k)) {
            return Err(format!("no annotation: {line}"));
        }
        let properties = line.split("::").nth(1).unwrap_or("");
        let (_, properties) = properties.split_once(' ').unwrap_or(("", ""));
        for property in properties.split(',') {
            let name = property.split('=').next().unwrap_or("");
            let known = ["file", "line", "col", "endLine", "endColumn", "title"];
            if !known.contains(&name) {
                return Err(format!("a property {name}: {line}"));
            }
        }
    }
    terminal(text, true)
}

/// Quoted strings are closed where ours are, and only words of ours stand outside.
fn dot(text: &str) -> Result<(), String> {
    for line in text.lines() {
        let (mut quoted, mut escaped, mut outside) = (false, false, String::new());
        for c in line.chars() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                c if !quoted => outside.push(c),
                _ => {}
            }
        }
        if quoted || outside.contains("pwned") {
            return Err(format!("a string is left: {line}"));
        }
    }
    terminal(text, false)
}

fn mermaid(text: &str) -> Result<(), String> {
    for line in text.lines() {
        let outside: String = line.split('"').step_by(2).collect();
        if line.matches('"').count() % 2 != 0 || outside.contains("pwned") {
            return Err(format!("a label is left: {line}"));
        }
        let label: String = line.split('"').skip(1).step_by(2).collect();
        if label.replace("<br/>", "").contains('<') {
            return Err(format!("HTML: {line}"));
        }
    }
    terminal(text, false)
}

fn text(text: &str) -> Result<(), String> {
    terminal(text, false)
}

/// Every line has the fields of the first; none begins as a spreadsheet's formula does.
fn csv(text: &str) -> Result<(), String> {
    let fields = |line: &str| {
        let mut quoted = false;
        let split = line.split(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        split.map(str::to_owned).collect::<Vec<_>>()
    };
    let count = text.lines().next().map_or(0, |line| fields(line).len());
    for line in text.lines() {
        let fields = fields(line);
        if fields.len() != count {
            return Err(format!("{} fields, not {count}: {line}", fields.len()));
        }
        if let Some(field) = fields.iter().find(|f| f.starts_with(['=', '@', '+'])) {
            return Err(format!("a formula: {field}"));
        }
    }
    terminal(text, false)
}

type Reader = fn(&str) -> Result<(), String>;

/// An outlet, the arguments before the object's name, the reader.
type Outlet = (&'static str, &'static [&'static str], Reader);

/// What shows an object, or what stands beside it.
const OUTLETS: [Outlet; 46] = [
    ("check text", &["check", "--stats"], text),
    ("check json", &["check", "--format", "json"], json),
    ("check jsonl", &["check", "--format", "jsonl"], json),
    ("check sarif", &["check", "--format", "sarif"], json),
    ("check github", &["check", "--format", "github"], github),
    ("check gitlab", &["check", "--format", "gitlab"], json),
    ("check junit", &["check", "--format", "junit"], xml),
    ("check html", &["check", "--format", "html"], page),
    (
        "check markdown",
        &["check", "--format", "markdown"],
        markdown,
    ),
    (
        "check markdown, targets",
        &[
            "check",
            "--format",
            "markdown",
            "--target",
            "linux-6.18,linux-5.10,rbpf",
        ],
        markdown,
    ),
    (
        "check text, targets",
        &["check", "--target", "linux-6.18,linux-5.10,rbpf"],
        text,
    ),
    ("veristat", &["veristat", "--verbose", "--debug"], text),
    ("veristat lines", &["veristat", "-S", "3"], text),
    ("veristat csv", &["veristat", "-o", "csv"], csv),
    ("veristat -C", &["veristat", "-C", "hostile.csv"], text),
    ("check short", &["check", "--format", "short"], text),
    (
        "check grouped",
        &[
            "check",
            "--format",
            "grouped",
            "--target",
            "linux-6.18,rbpf",
        ],
        text,
    ),
    ("merge text", &["merge"], text),
    (
        "merge markdown",
        &["merge", "--format", "markdown"],
        markdown,
    ),
    ("audit text", &["audit"], text),
    ("audit json", &["audit", "--format", "json"], json),
    (
        "audit markdown",
        &["audit", "--format", "markdown"],
        markdown_page,
    ),
    ("audit html", &["audit", "--format", "html"], html),
    ("audit cyclonedx", &["audit", "--format", "cyclonedx"], json),
    ("audit graph", &["audit", "--graph", "text"], text),
    ("audit graph json", &["audit", "--graph", "json"], json),
    ("audit graph dot", &["audit", "--graph", "dot"], dot),
    ("dump", &["dump"], text),
    ("dump asm", &["dump", "--as-asm"], text),
    ("cfg dot", &["cfg"], dot),
    ("dump states", &["dump", "--states"], text),
    ("cfg svg", &["cfg", "--format", "svg"], xml),
    ("cfg mermaid", &["cfg", "--format", "mermaid"], mermaid),
    ("run text", &["run", "--dump-maps", "--trace"], text),
    ("run json", &["run", "--format", "json"], json),
    (
        "run html",
        &["run", "--format", "html", "--dump-maps"],
        html,
    ),
    (
        "run --witness",
        &["run", "--witness", "--budget", "20"],
        text,
    ),
    ("explain --log", &["explain", "--log", "log.txt"], text),
    ("audit diff", &["audit", "--diff", "plain.o"], text),
    (
        "audit diff json",
        &["audit", "--diff", "--format", "json", "plain.o"],
        json,
    ),
    (
        "check, configured",
        &["check", "--config", "hostile.toml"],
        text,
    ),
    (
        "check sarif, configured",
        &["check", "--config", "hostile.toml", "--format", "sarif"],
        json,
    ),
    (
        "check markdown, configured",
        &["check", "--config", "hostile.toml", "--format", "markdown"],
        markdown,
    ),
    (
        "check, profile",
        &["check", "--profile", "profile.toml"],
        text,
    ),
    (
        "targets",
        &["targets", "--profile", "profile.toml", "hostile"],
        text,
    ),
    (
        "targets json",
        &["targets", "--format", "json", "--profile", "profile.toml"],
        json,
    ),
];

/// The same of the running kernel, whose log quotes the object too.
#[cfg(feature = "kernel")]
const LIVE: [Outlet; 2] = [
    ("compare text", &["compare"], text),
    ("compare json", &["compare", "--format", "json"], json),
];

/// A text as a string of TOML.
fn quoted(hostile: &[u8]) -> String {
    let text = String::from_utf8_lossy(hostile);
    let escaped: String = text
        .chars()
        .map(|c| format!("\\U{:08X}", u32::from(c)))
        .collect();
    format!("\"{escaped}\"")
}

/// What stands beside the object: a log, a configuration whose reasons are hostile, a
/// profile whose notes are.
fn surroundings(dir: &Path, hostile: &[u8]) {
    let log = [
        b"0: (bf) r0 = r3 ; ".as_slice(),
        hostile,
        b" @ ",
        hostile,
        b":1\nR3 !read_ok\nprocessed 1 insns\n",
    ];
    std::fs::write(dir.join("log.txt"), log.concat()).unwrap();
    let text = quoted(hostile);
    let config = format!(
        "[budget]\nprocessed = 0\n\
         [[suppress]]\ncode = \"all\"\nreason = {text}\n\
         [[suppress]]\ncode = \"BPF0108\"\nprogram = {text}\nreason = {text}\n"
    );
    std::fs::write(dir.join("hostile.toml"), config).unwrap();
    let profile = format!(
        "schema = \"bpfassay-profile-v1\"\nname = \"hostile\"\ntitle = {text}\n\
         [prog_types]\nsocket_filter = {{ status = \"partial\", note = {text} }}\n\"*\" = \"yes\"\n"
    );
    std::fs::write(dir.join("profile.toml"), profile).unwrap();
    let field = String::from_utf8_lossy(hostile).replace(['\n', '\r'], " ");
    let csv = format!(
        "file_name,prog_name,verdict,x{0}\n\"{0}\",={0},success,1\n",
        field.replace([',', '"'], "")
    );
    std::fs::write(dir.join("hostile.csv"), csv).unwrap();
    std::fs::write(dir.join("plain.o"), Toy::default().build()).unwrap();
}

#[test]
fn nothing_that_an_object_says_has_an_effect() {
    hold("all", &OUTLETS);
}

#[cfg(feature = "kernel")]
#[test]
#[ignore = "asks the running kernel: cargo xtask oracle"]
fn nothing_that_an_object_and_the_kernel_say_has_an_effect() {
    hold("live", &LIVE);
}

/// Tries every text in every outlet, and prints the table.
fn hold(name: &str, outlets: &[Outlet]) {
    let dir = std::env::temp_dir().join(format!("bpfassay-hostile-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let dir = Dir(dir);
    let mut table: BTreeMap<(usize, &str), Vec<&str>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (attack, hostile) in TEXTS {
        surroundings(&dir.0, hostile);
        for (refused, plain) in [(true, true), (true, false), (false, true), (false, false)] {
            std::fs::write(dir.0.join("toy.o"), object(hostile, refused, plain)).unwrap();
            shown(
                &dir.0,
                &["check", "--format", "json", "-o", "report.json", "toy.o"],
            );
            for (i, (outlet, args, reader)) in outlets.iter().enumerate() {
                let object = match args {
                    ["targets", ..] => None,
                    ["veristat", "-C", ..] => Some("hostile.csv"),
                    ["merge", ..] => Some("report.json"),
                    _ => Some("toy.o"),
                };
                let args: Vec<&str> = args.iter().copied().chain(object).collect();
                let (out, err) = shown(&dir.0, &args);
                let judged = reader(&out).and_then(|()| terminal(&err, false));
                if let Err(why) = judged {
                    wrong.push(format!("{outlet}, {attack}, {refused} {plain}: {why}"));
                } else if !out.is_empty() {
                    let row = table.entry((i, outlet)).or_default();
                    if !row.contains(&attack) {
                        row.push(attack);
                    }
                }
            }
        }
    }
    print!("{:<24}", "outlet");
    TEXTS.iter().for_each(|(attack, _)| print!(" {attack:<8}"));
    println!();
    for (i, (outlet, ..)) in outlets.iter().enumerate() {
        print!("{outlet:<24}");
        for (attack, _) in TEXTS {
            let held = table
                .get(&(i, *outlet))
                .is_some_and(|r| r.contains(&attack));
            print!(" {:<8}", if held { "held" } else { "-" });
        }
        println!();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let empty: Vec<&str> = outlets
        .iter()
        .map(|o| o.0)
        .filter(|o| !table.keys().any(|(_, n)| n == o))
        .collect();
    assert!(empty.is_empty(), "nothing was shown by {empty:?}");
}

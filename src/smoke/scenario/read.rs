//! The file format: TOML with a fixed set of tables, read strictly.
//!
//! A key that is not known is an error with its line and the name that was likely meant,
//! as is a value of the wrong kind, a name of an interface or cgroup that is not stated, a
//! thing stated twice. The first fault ends the reading.
#![warn(clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;
use std::net::IpAddr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::net::{Prefix, endpoint, mac};
use super::{
    Cgroup, Cpu, Interface, Neighbour, Route, RouteKind, Scenario, Socket, Task, Time, fib,
};
use crate::programs::near;

/// The longest scenario of a run, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// Rows of one of its tables: a lookup goes through all of them, and pays for it.
const MAX_ROWS: usize = 4096;

/// CPUs that it may state: each has its values of per-CPU maps.
const MAX_CPUS: u32 = 256;

/// Names of the tables, and of their keys.
const TABLES: [(&str, &[&str]); 8] = [
    ("interface", &["name", "index", "mac", "mtu", "forwarding"]),
    (
        "route",
        &["to", "via", "dev", "type", "src", "mtu", "table", "metric"],
    ),
    ("neighbour", &["ip", "mac", "dev"]),
    (
        "socket",
        &[
            "protocol", "local", "remote", "mark", "priority", "dev", "cookie",
        ],
    ),
    (
        "task",
        &[
            "pid",
            "tgid",
            "uid",
            "gid",
            "comm",
            "cgroup",
            "kernel-stack",
            "user-stack",
        ],
    ),
    ("cgroup", &["path", "id"]),
    ("time", &["monotonic", "asleep", "tai", "step"]),
    ("cpu", &["count", "current", "node"]),
];

/// Return addresses of a stack that kernels keep.
const MAX_STACK: usize = 127;
/// Bytes of an interface's name.
const MAX_NAME: usize = 15;

/// A message for a place of the text.
type Fault<'a> = &'a dyn Fn(usize, String) -> String;

/// A table that is read.
struct Fields<'a, 'i> {
    name: &'static str,
    table: &'a DeTable<'i>,
    start: usize,
    fault: Fault<'a>,
}

type Item<'a, 'i> = &'a Spanned<DeValue<'i>>;

impl<'a, 'i> Fields<'a, 'i> {
    fn new(
        name: &'static str,
        table: &'a DeTable<'i>,
        start: usize,
        fault: Fault<'a>,
    ) -> Result<Self, String> {
        let keys = TABLES.iter().find(|(n, _)| *n == name);
        let keys = keys.map_or(&[][..], |(_, keys)| keys);
        for key in table.keys() {
            let (word, at) = (key.get_ref().as_ref(), key.span().start);
            if !keys.contains(&word) {
                return Err(fault(at, unknown(&format!("{name}.{word}"), word, keys)));
            }
        }
        Ok(Fields {
            name,
            table,
            start,
            fault,
        })
    }

    fn get(&self, key: &str) -> Option<Item<'a, 'i>> {
        let mut all = self.table.iter();
        all.find(|(k, _)| k.get_ref() == key).map(|(_, v)| v)
    }

    fn wrong<T>(&self, key: &str, what: &str) -> Result<T, String> {
        let at = self.get(key).map_or(self.start, |v| v.span().start);
        Err((self.fault)(at, format!("{}.{key}: {what}", self.name)))
    }

    fn need<T>(&self, key: &str, value: Option<T>) -> Result<T, String> {
        match value {
            Some(value) => Ok(value),
            None => self.wrong(key, "is missing"),
        }
    }

    /// A value of some kind, where the key is there.
    fn read<T>(
        &self,
        key: &str,
        what: &str,
        of: impl FnOnce(&'a DeValue<'i>) -> Option<T>,
    ) -> Result<Option<T>, String> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match of(value.get_ref()) {
                Some(value) => Ok(Some(value)),
                None => self.wrong(key, &format!("{what} is wanted")),
            },
        }
    }

    fn text(&self, key: &str) -> Result<Option<&'a str>, String> {
        self.read(key, "a text", text)
    }

    fn number(&self, key: &str, least: u64, most: u64) -> Result<Option<u64>, String> {
        let what = format!("a number from {least} to {most}");
        self.read(key, &what, |v| {
            number(v).filter(|n| (least..=most).contains(n))
        })
    }

    fn word(&self, key: &str, least: u32, most: u32) -> Result<Option<u32>, String> {
        let n = self.number(key, least.into(), most.into())?;
        Ok(n.and_then(|n| u32::try_from(n).ok()))
    }

    fn ip(&self, key: &str) -> Result<Option<IpAddr>, String> {
        let what = "an address like \"10.0.0.1\" or \"2001:db8::1\"";
        self.read(key, what, |v| text(v)?.parse().ok())
    }

    fn mac(&self, key: &str) -> Result<Option<[u8; 6]>, String> {
        let what = "a link address like \"02:00:00:00:00:01\"";
        self.read(key, what, |v| mac(text(v)?))
    }

    fn endpoint(&self, key: &str) -> Result<Option<(IpAddr, u16)>, String> {
        let what = "an address and a port like \"10.0.0.1:80\" or \"*:80\"";
        self.read(key, what, |v| endpoint(text(v)?))
    }

    /// The number of a stated interface, by its name.
    fn dev(&self, key: &str, known: &[Interface]) -> Result<Option<u32>, String> {
        let Some(name) = self.text(key)? else {
            return Ok(None);
        };
        match device(name, known) {
            Ok(index) => Ok(Some(index)),
            Err(what) => self.wrong(key, &what),
        }
    }

    fn stack(&self, key: &str) -> Result<Option<Vec<u64>>, String> {
        let what = format!("a list of up to {MAX_STACK} addresses");
        self.read(key, &what, |v| match v {
            DeValue::Array(list) if list.len() <= MAX_STACK => {
                list.iter().map(|v| address(v.get_ref())).collect()
            }
            _ => None,
        })
    }
}

fn unknown<'k>(
    shown: &str,
    word: &str,
    keys: impl IntoIterator<Item = &'k &'k str> + Clone,
) -> String {
    match near(word, keys.clone().into_iter().copied()) {
        Some(meant) => format!("unknown key {shown} (did you mean {meant}?)"),
        None => {
            let all: Vec<&str> = keys.into_iter().copied().collect();
            format!("unknown key {shown}; there are: {}", all.join(", "))
        }
    }
}

fn device(name: &str, known: &[Interface]) -> Result<u32, String> {
    if let Some(found) = known.iter().find(|i| i.name == name) {
        return Ok(found.index);
    }
    let meant = near(name, known.iter().map(|i| i.name.as_str()));
    let meant = meant.map_or(String::new(), |n| format!(" (did you mean {n}?)"));
    Err(format!("no interface {name:?} is stated{meant}"))
}

fn text<'a>(value: &'a DeValue<'_>) -> Option<&'a str> {
    match value {
        DeValue::String(text) => Some(text.as_ref()),
        _ => None,
    }
}

fn number(value: &DeValue<'_>) -> Option<u64> {
    match value {
        DeValue::Integer(n) => u64::from_str_radix(n.as_str(), n.radix()).ok(),
        _ => None,
    }
}

/// A number of 64 bits: TOML's are signed, so that large ones are texts.
fn address(value: &DeValue<'_>) -> Option<u64> {
    let digits = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    number(value).or_else(|| digits(text(value)?))
}

/// Reads a scenario; the error names the line and the key.
///
/// # Errors
///
/// The first fault of the text.
pub fn read(source: &str) -> Result<Scenario, String> {
    if source.len() > MAX_BYTES {
        return Err(format!("longer than {MAX_BYTES} bytes"));
    }
    let fault = |offset: usize, what: String| {
        let before = source.as_bytes().get(..offset).unwrap_or_default();
        let ends = before.iter().filter(|b| **b == b'\n').count();
        format!("line {}: {what}", ends.saturating_add(1))
    };
    let document = DeTable::parse(source).map_err(|e| {
        let offset = e.span().map_or(0, |s| s.start);
        fault(offset, e.message().to_owned())
    })?;
    let document = document.get_ref();
    for key in document.keys() {
        let word = key.get_ref().as_ref();
        if word != "ingress" && !TABLES.iter().any(|(name, _)| *name == word) {
            let names: Vec<&str> = TABLES.iter().map(|(n, _)| *n).chain(["ingress"]).collect();
            return Err(fault(key.span().start, unknown(word, word, &names)));
        }
    }
    let mut out = Scenario {
        interfaces: rows(document, "interface", &fault)?
            .map(|rows| interfaces(&rows))
            .transpose()?,
        ..Scenario::default()
    };
    let known = out.interfaces.clone().unwrap_or_default();
    if let Some((key, value)) = document.iter().find(|(k, _)| k.get_ref() == "ingress") {
        let name = text(value.get_ref()).ok_or("a text is wanted".to_owned());
        let index = name.and_then(|name| device(name, &known));
        out.ingress =
            Some(index.map_err(|what| fault(key.span().start, format!("ingress: {what}")))?);
    }
    out.routes = rows(document, "route", &fault)?
        .map(|rows| routes(&rows, &known))
        .transpose()?;
    for row in rows(document, "neighbour", &fault)?.unwrap_or_default() {
        let dev = row.dev("dev", &known)?;
        out.neighbours.push(Neighbour {
            ip: row.need("ip", row.ip("ip")?)?,
            mac: row.need("mac", row.mac("mac")?)?,
            dev: row.need("dev", dev)?,
        });
    }
    out.sockets = rows(document, "socket", &fault)?
        .map(|rows| sockets(&rows, &known))
        .transpose()?;
    out.cgroups = cgroups(&rows(document, "cgroup", &fault)?.unwrap_or_default())?;
    if let Some(row) = table(document, "task", &fault)? {
        out.task = task(&row, &out.cgroups)?;
    }
    if let Some(row) = table(document, "time", &fault)? {
        let most = i64::MAX.unsigned_abs();
        out.time = Time {
            monotonic: row.number("monotonic", 0, most)?,
            asleep: row.number("asleep", 0, most)?.unwrap_or(0),
            tai: row.number("tai", 0, most)?,
            step: row.number("step", 0, most)?,
        };
    }
    if let Some(row) = table(document, "cpu", &fault)? {
        out.cpu = cpu(&row)?;
    }
    Ok(out)
}

/// The rows of an array of tables; none where it is not there.
fn rows<'a, 'i>(
    document: &'a DeTable<'i>,
    name: &'static str,
    fault: Fault<'a>,
) -> Result<Option<Vec<Fields<'a, 'i>>>, String> {
    let Some((key, value)) = document.iter().find(|(k, _)| k.get_ref() == name) else {
        return Ok(None);
    };
    let start = key.span().start;
    let DeValue::Array(list) = value.get_ref() else {
        return Err(fault(start, format!("{name} is a list: write [[{name}]]")));
    };
    if list.len() > MAX_ROWS {
        let what = format!("more than {MAX_ROWS} of [[{name}]]");
        return Err(fault(start, what));
    }
    let one = |row: &'a Spanned<DeValue<'i>>| match row.get_ref() {
        DeValue::Table(table) => Fields::new(name, table, row.span().start, fault),
        _ => Err(fault(row.span().start, format!("{name} is no table"))),
    };
    list.iter().map(one).collect::<Result<_, _>>().map(Some)
}

/// A single table.
fn table<'a, 'i>(
    document: &'a DeTable<'i>,
    name: &'static str,
    fault: Fault<'a>,
) -> Result<Option<Fields<'a, 'i>>, String> {
    let Some((key, value)) = document.iter().find(|(k, _)| k.get_ref() == name) else {
        return Ok(None);
    };
    let start = key.span().start;
    match value.get_ref() {
        DeValue::Table(table) => Fields::new(name, table, start, fault).map(Some),
        _ => Err(fault(start, format!("{name} is one table: write [{name}]"))),
    }
}

fn interfaces(rows: &[Fields<'_, '_>]) -> Result<Vec<Interface>, String> {
    let mut out: Vec<Interface> = Vec::new();
    for row in rows {
        let name = row.need("name", row.text("name")?)?;
        if name.is_empty() || name.len() > MAX_NAME {
            return row.wrong("name", "one to 15 bytes are wanted");
        }
        let index = row.word("index", 1, i32::MAX.unsigned_abs())?;
        let index = row.need("index", index)?;
        if out.iter().any(|i| i.name == name || i.index == index) {
            return row.wrong(
                "name",
                "an interface of this name or index is stated already",
            );
        }
        out.push(Interface {
            name: name.to_owned(),
            index,
            mac: row.mac("mac")?.unwrap_or([2, 0, 0, 0, 0, 1]),
            // The loopback device's is the largest.
            mtu: row.word("mtu", 68, 65_536)?.unwrap_or(1500),
            forwarding: row
                .read("forwarding", "true or false", |v| match v {
                    DeValue::Boolean(b) => Some(*b),
                    _ => None,
                })?
                .unwrap_or(true),
        });
    }
    Ok(out)
}

fn routes(rows: &[Fields<'_, '_>], known: &[Interface]) -> Result<Vec<Route>, String> {
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    for row in rows {
        let to = match row.need("to", row.text("to")?)? {
            "default" => match row.ip("via")? {
                Some(IpAddr::V6(_)) => "::/0",
                _ => "0.0.0.0/0",
            },
            to => to,
        };
        let to = Prefix::parse(to).or_else(|what| row.wrong("to", &what))?;
        let kind = match row.text("type")?.unwrap_or("unicast") {
            "unicast" => RouteKind::Unicast,
            "local" => RouteKind::Local,
            "blackhole" => RouteKind::Blackhole,
            "unreachable" => RouteKind::Unreachable,
            "prohibit" => RouteKind::Prohibit,
            _ => {
                let what = "unicast, local, blackhole, unreachable or prohibit is wanted";
                return row.wrong("type", what);
            }
        };
        let dev = row.dev("dev", known)?;
        if kind == RouteKind::Unicast && dev.is_none() {
            return row.wrong("dev", "is missing");
        }
        let (via, src) = (row.ip("via")?, row.ip("src")?);
        for (key, addr) in [("via", via), ("src", src)] {
            if addr.is_some_and(|a| a.is_ipv4() != to.addr.is_ipv4()) {
                return row.wrong(key, "of another family than the destination");
            }
        }
        let route = Route {
            to,
            via,
            dev,
            kind,
            src,
            mtu: row.word("mtu", 68, 65_535)?,
            table: row.word("table", 1, u32::MAX)?.unwrap_or(fib::MAIN),
            metric: row.word("metric", 0, u32::MAX)?.unwrap_or(0),
        };
        // Of IPv4 the first of several ways is taken; of IPv6 the kernel chooses by a hash of
        // its own.
        let way = Some((via, dev)).filter(|_| to.addr.is_ipv4());
        if !seen.insert((route.table, route.metric, to.addr, to.bits, way)) {
            let what = "a route of this prefix, table and metric is stated already";
            return row.wrong("to", what);
        }
        out.push(route);
    }
    // Of what fits, the first is taken.
    out.sort_by_key(|r| (std::cmp::Reverse(r.to.bits), r.metric));
    Ok(out)
}

fn sockets(rows: &[Fields<'_, '_>], known: &[Interface]) -> Result<Vec<Socket>, String> {
    let mut out: Vec<Socket> = Vec::new();
    for row in rows {
        let protocol = row.need("protocol", row.text("protocol")?)?;
        let tcp = match protocol {
            "tcp" => true,
            "udp" => false,
            _ => return row.wrong("protocol", "tcp or udp is wanted"),
        };
        let local = row.endpoint("local")?;
        let local = row.need("local", local)?;
        let remote = row.endpoint("remote")?;
        if remote.is_some_and(|r| r.0.is_ipv4() != local.0.is_ipv4()) {
            return row.wrong("remote", "of another family than the local end");
        }
        let dev = row.dev("dev", known)?.unwrap_or(0);
        let twice =
            |s: &Socket| s.tcp == tcp && s.local == local && s.remote == remote && s.dev == dev;
        if out.iter().any(twice) {
            return row.wrong("local", "this socket is stated already");
        }
        let cookie = row.number("cookie", 1, i64::MAX.unsigned_abs())?;
        let nth = u64::try_from(out.len()).unwrap_or(0);
        out.push(Socket {
            tcp,
            local,
            remote,
            mark: row.word("mark", 0, u32::MAX)?.unwrap_or(0),
            priority: row.word("priority", 0, u32::MAX)?.unwrap_or(0),
            dev,
            cookie: cookie.unwrap_or(nth.saturating_add(1)),
        });
    }
    Ok(out)
}

fn cgroups(rows: &[Fields<'_, '_>]) -> Result<Vec<Cgroup>, String> {
    let mut out: Vec<Cgroup> = Vec::new();
    for row in rows {
        let path = row.need("path", row.text("path")?)?;
        if !path.starts_with('/') || (path.len() > 1 && path.ends_with('/')) || path.contains("//")
        {
            return row.wrong("path", "a path like \"/system.slice/a.service\" is wanted");
        }
        let id = row.need("id", row.number("id", 1, i64::MAX.unsigned_abs())?)?;
        if out.iter().any(|c| c.path == path || c.id == id) {
            return row.wrong("path", "a cgroup of this path or id is stated already");
        }
        out.push(Cgroup {
            path: path.to_owned(),
            id,
        });
    }
    Ok(out)
}

fn task(row: &Fields<'_, '_>, cgroups: &[Cgroup]) -> Result<Task, String> {
    let cgroup = row.text("cgroup")?;
    if let Some(path) = cgroup.filter(|p| *p != "/" && !cgroups.iter().any(|c| c.path == *p)) {
        let meant = near(path, cgroups.iter().map(|c| c.path.as_str()));
        let meant = meant.map_or(String::new(), |n| format!(" (did you mean {n}?)"));
        return row.wrong("cgroup", &format!("no cgroup {path:?} is stated{meant}"));
    }
    let comm = row.read("comm", "up to 15 bytes of text", |v| {
        let bytes = text(v)?.as_bytes();
        let mut out = [0; 16];
        if bytes.len() > MAX_NAME {
            return None;
        }
        out.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(out)
    })?;
    let tgid = row.word("tgid", 0, i32::MAX.unsigned_abs())?;
    let pid = row.word("pid", 0, i32::MAX.unsigned_abs())?;
    let (uid, gid) = (row.word("uid", 0, u32::MAX)?, row.word("gid", 0, u32::MAX)?);
    Ok(Task {
        // A process's first thread has its number.
        pid: pid.or(tgid),
        tgid: tgid.or(pid),
        uid,
        gid: gid.or(uid),
        comm,
        cgroup: cgroup.map(str::to_owned),
        kernel_stack: row.stack("kernel-stack")?,
        user_stack: row.stack("user-stack")?,
    })
}

fn cpu(row: &Fields<'_, '_>) -> Result<Cpu, String> {
    let cpu = Cpu {
        count: row.word("count", 1, MAX_CPUS)?,
        current: row.word("current", 0, MAX_CPUS.saturating_sub(1))?,
        node: row.word("node", 0, 1023)?,
    };
    let count = cpu.count.unwrap_or(super::super::world::CPUS);
    if cpu.current.is_some_and(|n| n >= count) {
        return row.wrong("current", &format!("there are {count} CPUs, from 0 on"));
    }
    Ok(cpu)
}

//! What user space sets of maps.

use alloc::sync::Arc;
use core::fmt;

use super::{Json, Manifest, ReadJson};

use crate::helpers_spec::MapType;
use crate::prelude::*;

/// What is stated of one map; what is `None` stays as the object has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapSetting {
    /// The map's type.
    pub map_type: Option<MapType>,
    /// Bytes of a key.
    pub key_size: Option<u32>,
    /// Bytes of a value.
    pub value_size: Option<u32>,
    /// Entries.
    pub max_entries: Option<u32>,
    /// `BPF_F_*`.
    pub flags: Option<u32>,
    /// What inner maps are.
    pub inner: Option<InnerSetting>,
    /// It is there already, and reused.
    pub pinned: Option<Pinned>,
}

impl MapSetting {
    /// Takes over what another states.
    pub(super) fn take(&mut self, other: &MapSetting) {
        let o = other.clone();
        self.map_type = o.map_type.or(self.map_type);
        self.key_size = o.key_size.or(self.key_size);
        self.value_size = o.value_size.or(self.value_size);
        self.max_entries = o.max_entries.or(self.max_entries);
        self.flags = o.flags.or(self.flags);
        self.inner = o.inner.or(self.inner.take());
        self.pinned = o.pinned.or(self.pinned.take());
    }
}

/// A map that a loader finds, as `bpftool map show --json` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pinned {
    /// The file of that name describes it; nobody has read it yet.
    File(Arc<str>),
    /// Its definition.
    Map {
        /// Its type.
        map_type: MapType,
        /// Bytes of a key.
        key_size: u32,
        /// Bytes of a value.
        value_size: u32,
        /// Entries.
        max_entries: u32,
        /// `BPF_F_*`.
        flags: u32,
        /// Nobody can change it any more.
        frozen: bool,
    },
}

impl Pinned {
    /// Reads what `bpftool map show --json` says of one map.
    pub fn parse(json: &Json) -> Result<Pinned, String> {
        let one = match json {
            Json::List(all) => match &all[..] {
                [one] => one,
                _ => return Err(format!("it describes {} maps, not one", all.len())),
            },
            one => one,
        };
        let number = |key: &str| {
            one.get(key)
                .and_then(Json::number)
                .ok_or_else(|| format!("it is not what `bpftool map show --json` writes: no {key}"))
        };
        let ty = one.get("type").and_then(Json::text);
        Ok(Pinned::Map {
            map_type: map_type(
                ty.ok_or("it is not what `bpftool map show --json` writes: no type")?,
            )?,
            key_size: number("bytes_key")?,
            value_size: number("bytes_value")?,
            max_entries: number("max_entries")?,
            flags: number("flags")?,
            frozen: matches!(
                one.get("frozen"),
                Some(Json::Bool(true) | Json::Number(false, 1))
            ),
        })
    }
}

/// What the maps in a map of maps are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InnerSetting {
    /// Like the object's map of that name.
    Like(Arc<str>),
    /// Type, bytes of a key, bytes of a value.
    Shape(MapType, u32, u32),
    /// An array of one value of the object's structure of that name.
    Struct(Arc<str>),
}

impl InnerSetting {
    /// The name of a map, or `TYPE:KEY:VALUE`.
    fn parse(text: &str) -> Result<InnerSetting, String> {
        if let Some(name) = text.strip_prefix("struct ") {
            return Ok(InnerSetting::Struct(name.trim().into()));
        }
        let mut parts = text.split(':');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(name), None, ..) if !name.is_empty() => Ok(InnerSetting::Like(name.into())),
            (Some(ty), Some(key), Some(value), None) => Ok(InnerSetting::Shape(
                map_type(ty)?,
                number(key)?,
                number(value)?,
            )),
            _ => Err(format!(
                "{text:?} is no map's name, no `struct NAME` and not TYPE:KEY:VALUE"
            )),
        }
    }
}

impl fmt::Display for InnerSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InnerSetting::Like(name) => f.write_str(name),
            InnerSetting::Struct(name) => write!(f, "struct {name}"),
            InnerSetting::Shape(ty, key, value) => write!(f, "{ty}:{key}:{value}"),
        }
    }
}

fn map_type(name: &str) -> Result<MapType, String> {
    let known = MapType::ALL.iter().find(|t| t.name() == name);
    known.copied().ok_or_else(|| {
        let offer = super::offer(name, MapType::ALL.iter().map(|t| t.name()));
        format!("there is no map type {name:?}; {offer}")
    })
}

/// A number, decimal or hexadecimal, with an optional unit of 1024.
fn number(text: &str) -> Result<u32, String> {
    let (digits, unit) = match text.strip_suffix(['K', 'k']) {
        Some(rest) => (rest, 1 << 10),
        None => match text.strip_suffix(['M', 'm']) {
            Some(rest) => (rest, 1 << 20),
            None => (text, 1),
        },
    };
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.replace('_', "").parse(),
    };
    value
        .ok()
        .and_then(|n| n.checked_mul(unit))
        .and_then(|n| u32::try_from(n).ok())
        .ok_or_else(|| format!("{text:?} is no number below 2^32"))
}

impl Manifest {
    /// The keys that [`Manifest::set`] knows.
    pub const KEYS: [&'static str; 7] = [
        "max_entries",
        "value_size",
        "key_size",
        "type",
        "flags",
        "inner",
        "pinned",
    ];

    /// States one thing: `key` of the map `name`, as the command line and the
    /// configuration write it.
    pub fn set(&mut self, name: &str, key: &str, value: &str) -> Result<(), String> {
        let setting = self.maps.entry(name.into()).or_default();
        match key {
            "max_entries" => setting.max_entries = Some(number(value)?),
            "value_size" => setting.value_size = Some(number(value)?),
            "key_size" => setting.key_size = Some(number(value)?),
            "flags" => setting.flags = Some(number(value)?),
            "inner" => setting.inner = Some(InnerSetting::parse(value)?),
            "type" => setting.map_type = Some(map_type(value)?),
            "pinned" => setting.pinned = Some(Pinned::File(value.into())),
            _ => {
                let offer = super::offer(key, Self::KEYS.into_iter());
                return Err(format!("maps have no {key:?}; {offer}"));
            }
        }
        Ok(())
    }

    /// Whether a word states something: `NAME.KEY=VALUE` with a key that is known.
    pub fn is_setting(word: &str) -> bool {
        let place = word.split_once('=').map(|(place, _)| place);
        let key = place.and_then(|place| place.rsplit_once('.'));
        key.is_some_and(|(name, key)| !name.is_empty() && Self::KEYS.contains(&key))
    }

    /// States one thing as `NAME.KEY=VALUE`.
    pub fn set_word(&mut self, word: &str) -> Result<(), String> {
        let parts = word
            .split_once('=')
            .and_then(|(place, value)| Some((place.rsplit_once('.')?, value)));
        let Some(((name, key), value)) = parts.filter(|((name, _), _)| !name.is_empty()) else {
            return Err(format!("{word:?} is not of the form NAME.KEY=VALUE"));
        };
        self.set(name, key, value)
    }

    /// States all of one map.
    pub fn put(&mut self, name: &str, setting: MapSetting) {
        self.maps.insert(name.into(), setting);
    }

    /// Reads the files that it names: dumps of data, maps which are there already.
    pub fn read_files(&mut self, read: ReadJson<'_>) -> Result<(), String> {
        for global in &mut self.globals {
            if let super::globals::Global::Dump { word, dump } = global {
                dump.read(read).map_err(|e| format!("{word}: {e}"))?;
            }
        }
        for (name, setting) in &mut self.maps {
            if let Some(Pinned::File(file)) = &setting.pinned {
                let told = |e: String| format!("--map {name}.pinned={file}: {e}");
                let pinned = read(file).and_then(|json| Pinned::parse(&json));
                setting.pinned = Some(pinned.map_err(told)?);
            }
        }
        Ok(())
    }
}

/// What was assumed of a map, since neither the object nor the manifest says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// The map's name.
    pub map: Arc<str>,
    /// The manifest's key.
    pub key: &'static str,
    /// What was assumed, as the manifest would say it.
    pub value: String,
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "map {}.{}={}", self.map, self.key, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(word: &str) -> Result<MapSetting, String> {
        let mut manifest = Manifest::default();
        manifest.set_word(word)?;
        Ok(manifest.of("m.x").cloned().unwrap_or_default())
    }

    #[test]
    fn entries_are_no_settings() {
        assert!(Manifest::is_setting("m.max_entries=1"));
        for other in ["counts=preset.json", ".rodata=f.max_entries", "m.x=1", "m"] {
            assert!(!Manifest::is_setting(other), "{other}");
        }
    }

    #[test]
    fn a_word_states_one_number_of_one_map() {
        let entries = |n| MapSetting {
            max_entries: Some(n),
            ..MapSetting::default()
        };
        assert_eq!(set("m.x.max_entries=16"), Ok(entries(16)));
        assert_eq!(set("m.x.max_entries=0x10"), Ok(entries(16)));
        assert_eq!(set("m.x.max_entries=256K"), Ok(entries(1 << 18)));
        assert_eq!(
            set("m.x.type=hash").map(|s| s.map_type),
            Ok(Some(MapType::Hash))
        );
        assert_eq!(
            set("m.x.inner=hash:4:16").map(|s| s.inner),
            Ok(Some(InnerSetting::Shape(MapType::Hash, 4, 16)))
        );
        assert_eq!(
            set("m.x.inner=other").map(|s| s.inner),
            Ok(Some(InnerSetting::Like("other".into())))
        );
        for bad in [
            "m.x.inner=hash:4",
            "m.x.max_entries",
            "max_entries=1",
            "m.x.max_entries=-1",
            "m.x.max_entries=4096M",
            "m.x.type=tree",
            "m.x.colour=1",
        ] {
            assert!(set(bad).is_err(), "{bad}");
        }
    }
}

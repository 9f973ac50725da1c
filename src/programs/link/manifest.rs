//! What user space sets of an object's maps between opening and loading it.
//!
//! An object often leaves a number to its loader: entries by the size of the machine,
//! the depth of stack traces, the maps that a map of maps holds. A [`Manifest`] states
//! them, by the map's name. What is neither in the object nor in the manifest, a
//! lenient loader assumes, and says so: an [`Assumption`].

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::fmt;

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
}

/// What the maps in a map of maps are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InnerSetting {
    /// Like the object's map of that name.
    Like(Arc<str>),
    /// Type, bytes of a key, bytes of a value.
    Shape(MapType, u32, u32),
}

impl InnerSetting {
    /// The name of a map, or `TYPE:KEY:VALUE`.
    fn parse(text: &str) -> Result<InnerSetting, String> {
        let mut parts = text.split(':');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(name), None, ..) if !name.is_empty() => Ok(InnerSetting::Like(name.into())),
            (Some(ty), Some(key), Some(value), None) => Ok(InnerSetting::Shape(
                map_type(ty)?,
                number(key)?,
                number(value)?,
            )),
            _ => Err(format!("{text:?} is no map's name and not TYPE:KEY:VALUE")),
        }
    }
}

impl fmt::Display for InnerSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InnerSetting::Like(name) => f.write_str(name),
            InnerSetting::Shape(ty, key, value) => write!(f, "{ty}:{key}:{value}"),
        }
    }
}

fn map_type(name: &str) -> Result<MapType, String> {
    let known = MapType::ALL.iter().find(|t| t.name() == name);
    known
        .copied()
        .ok_or_else(|| format!("there is no map type {name:?}"))
}

/// What user space sets, by the map's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    maps: BTreeMap<Arc<str>, MapSetting>,
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
    /// Nothing is stated.
    pub const fn new() -> Manifest {
        Manifest {
            maps: BTreeMap::new(),
        }
    }

    /// The keys that [`Manifest::set`] knows.
    pub const KEYS: [&'static str; 6] = [
        "max_entries",
        "value_size",
        "key_size",
        "type",
        "flags",
        "inner",
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
            _ => {
                let keys = Self::KEYS.join(", ");
                return Err(format!("{key:?} is none of {keys}"));
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

    /// What is stated of a map.
    pub fn of(&self, name: &str) -> Option<&MapSetting> {
        self.maps.get(name)
    }

    /// The names of the maps of which something is stated.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.maps.keys().map(|name| &**name)
    }

    /// Whether nothing is stated.
    pub fn is_empty(&self) -> bool {
        self.maps.is_empty()
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

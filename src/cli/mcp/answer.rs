//! Answers of bounded size: an agent pays for every word that it reads.

use serde_json::{Value, json};

/// A list is cut first if it takes at least one part in so many of what is there.
const SHARE: usize = 16;
/// Characters of a text that count as an element of a list.
const ELEMENT: usize = 200;

/// Where something was cut, how much of it is shown, and of how much.
type Cuts = Vec<(String, usize, usize)>;

/// A list or text of an answer, and what it holds.
struct Place {
    at: String,
    elements: usize,
    bytes: usize,
}

/// Shortens an answer so that it has at most so many bytes as JSON, with what is told then:
/// what was cut (`cut`), and how one gets the rest. Of a page (`findings` from `offset` on)
/// the next begins behind what is shown. Whether anything was cut.
pub(super) fn bounded(answer: &mut Value, rest: &str, most: usize) -> bool {
    let mut cuts = Cuts::new();
    let mut room = most;
    loop {
        fit(answer, room, &mut cuts);
        if cuts.is_empty() {
            return false;
        }
        let told = cuts
            .iter()
            .map(|(at, shown, of)| json!({ "at": at, "shown": shown, "of": of }));
        answer["cut"] = told.collect();
        answer["rest"] = json!(rest);
        let page = cuts.iter().find(|(at, ..)| at == "/findings");
        if let (Some((_, shown, _)), Some(offset)) = (page, answer["offset"].as_u64()) {
            answer["next_offset"] = json!(offset.saturating_add(*shown as u64));
        }
        let over = size(answer).saturating_sub(most);
        if over == 0 || room == 0 {
            return true;
        }
        room = room.saturating_sub(over);
        if let Some(map) = answer.as_object_mut() {
            map.shift_remove("cut");
            map.shift_remove("rest");
        }
    }
}

/// Shortens an answer until it has at most so many bytes as JSON: the lists with the most
/// elements lose their ends, long texts too. Adds to what was cut.
fn fit(answer: &mut Value, most: usize, cuts: &mut Cuts) {
    loop {
        let bytes = size(answer);
        if bytes <= most {
            break;
        }
        let mut places = Vec::new();
        collect(answer, &mut String::new(), &mut places);
        let large = places.iter().filter(|p| p.bytes >= bytes / SHARE);
        let Some(place) = large.max_by_key(|p| (p.elements, p.bytes)) else {
            *answer =
                json!({ "error": "the answer is too long, and nothing of it can be left out" });
            break;
        };
        // At once to what may fit, so that a long list takes few rounds.
        let part = place.elements.saturating_mul(most) / bytes;
        let keep = part.clamp(1, place.elements - 1);
        let Some(found) = answer.pointer_mut(&place.at) else {
            break;
        };
        let (shown, of) = shorten(found, keep);
        match cuts.iter_mut().find(|(at, ..)| *at == place.at) {
            Some(cut) => cut.1 = shown,
            None => cuts.push((place.at.clone(), shown, of)),
        }
    }
    // What is below a list's lost end was not shown at all.
    cuts.retain(|(at, ..)| answer.pointer(at).is_some());
}

fn size(value: &Value) -> usize {
    crate::untrusted::compact(value).len()
}

fn collect(value: &Value, at: &mut String, out: &mut Vec<Place>) {
    let length = at.len();
    let elements = match value {
        Value::Array(list) => {
            for (i, element) in list.iter().enumerate() {
                at.push_str(&format!("/{i}"));
                collect(element, at, out);
                at.truncate(length);
            }
            list.len()
        }
        Value::Object(map) => {
            for (key, element) in map {
                at.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")));
                collect(element, at, out);
                at.truncate(length);
            }
            0
        }
        Value::String(text) => text.chars().count() / ELEMENT,
        _ => 0,
    };
    if elements > 1 {
        out.push(Place {
            at: at.clone(),
            elements,
            bytes: size(value),
        });
    }
}

/// Keeps so many elements; how many are shown, and of how many: of a text, characters.
fn shorten(value: &mut Value, keep: usize) -> (usize, usize) {
    match value {
        Value::Array(list) => {
            let of = list.len();
            list.truncate(keep);
            (list.len(), of)
        }
        Value::String(text) => {
            let of = text.chars().count();
            *text = text.chars().take(keep * ELEMENT).collect();
            (text.chars().count(), of)
        }
        _ => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mut value: Value, most: usize, cuts: Value) {
        let cut = bounded(&mut value, "ask for less", most);
        assert!(size(&value) <= most, "{value}");
        assert_eq!(cut, !value["cut"].is_null());
        assert_eq!(
            value["cut"].as_array().unwrap_or(&vec![]),
            cuts.as_array().unwrap(),
            "{value}"
        );
    }

    #[test]
    fn the_next_page_begins_behind_what_is_shown() {
        let findings: Vec<String> = (0..20).map(|n| format!("{n:0>100}")).collect();
        let mut value = json!({ "offset": 40, "findings": findings, "next_offset": 60 });
        assert!(bounded(&mut value, "", 1000));
        let shown = value["findings"].as_array().unwrap().len() as u64;
        assert!(0 < shown && shown < 20);
        assert_eq!(value["next_offset"], 40 + shown);
    }

    #[test]
    fn what_fits_is_left_alone() {
        check(json!({ "a": [1, 2, 3] }), 100, json!([]));
    }

    #[test]
    fn the_longest_list_is_cut_and_told() {
        let list: Vec<u32> = (100..400).collect();
        check(
            json!({ "few": ["x", "y"], "in": [{ "many": list }] }),
            400,
            json!([{ "at": "/in/0/many", "shown": 73, "of": 300 }]),
        );
    }

    #[test]
    fn long_texts_are_cut() {
        check(
            json!({ "text": "é".repeat(5000) }),
            1000,
            json!([{ "at": "/text", "shown": 400, "of": 5000 }]),
        );
    }

    #[test]
    fn what_cannot_be_cut_is_an_error() {
        let mut value = json!({ "text": "x".repeat(150) });
        bounded(&mut value, "", 100);
        assert!(value["error"].is_string());
    }
}

//! Reading the XML of requests: block lists, tags, policies, service properties. One pass, no tree, bounded by the body's
//! limit and by a depth of eight.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::Refusal;
use crate::auth::Policy;
use crate::store::Place;

/// Elements within elements. The deepest document (service properties) has five.
const DEPTH: usize = 8;

/// 400, as the service words it.
pub(super) fn invalid() -> Refusal {
    Refusal::new(
        400,
        "InvalidXmlDocument",
        "XML specified is not syntactically valid.",
    )
}

/// Calls `leaf` with the path of every element that has no children (names joined by `/`) and its text.
pub(crate) fn leaves(text: &[u8], mut leaf: impl FnMut(&[String], String)) -> Result<(), Refusal> {
    // A byte order mark is what some writers of XML begin with.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text = std::str::from_utf8(text).map_err(|_| invalid())?;
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let (mut said, mut is_leaf, mut seen) = (String::new(), false, false);
    loop {
        match reader.read_event().map_err(|_| invalid())? {
            Event::Start(tag) => {
                path.push(String::from_utf8_lossy(tag.local_name().as_ref()).into_owned());
                if path.len() > DEPTH {
                    return Err(invalid());
                }
                said.clear();
                (is_leaf, seen) = (true, true);
            }
            Event::Empty(tag) => {
                path.push(String::from_utf8_lossy(tag.local_name().as_ref()).into_owned());
                leaf(&path, String::new());
                path.pop();
                (is_leaf, seen) = (false, true);
            }
            Event::End(_) => {
                if is_leaf {
                    leaf(&path, std::mem::take(&mut said));
                }
                path.pop();
                is_leaf = false;
            }
            Event::Text(piece) => said.push_str(&piece.decode().map_err(|_| invalid())?),
            Event::CData(piece) => said.push_str(&piece.decode().map_err(|_| invalid())?),
            Event::GeneralRef(name) => said.push_str(&reference(&name)?),
            Event::Eof if path.is_empty() && seen => return Ok(()),
            Event::Eof | Event::DocType(_) => return Err(invalid()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// `&amp;` and its four kin, and characters by number. Nothing else: a document cannot define entities here.
fn reference(name: &quick_xml::events::BytesRef<'_>) -> Result<String, Refusal> {
    if let Some(character) = name.resolve_char_ref().map_err(|_| invalid())? {
        return Ok(character.to_string());
    }
    let name = name.decode().map_err(|_| invalid())?;
    quick_xml::escape::resolve_predefined_entity(&name)
        .map(str::to_owned)
        .ok_or_else(invalid)
}

/// The body of Put Block List.
pub(super) fn block_list(text: &[u8]) -> Result<Vec<(Place, String)>, Refusal> {
    let (mut list, mut bad) = (Vec::new(), false);
    leaves(text, |path, id| {
        let place = match path.last().map(String::as_str) {
            Some("Latest") => Place::Latest,
            Some("Committed") => Place::Committed,
            Some("Uncommitted") => Place::Uncommitted,
            // An empty list makes an empty blob.
            Some("BlockList") if id.trim().is_empty() && path.len() == 1 => return,
            _ => return bad = true,
        };
        list.push((place, id.trim().to_owned()));
    })?;
    if bad { Err(invalid()) } else { Ok(list) }
}

/// The body of Set Blob Tags: names and values.
pub(super) fn tags(text: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let mut tags: Vec<(String, String)> = Vec::new();
    leaves(text, |path, value| match path.last().map(String::as_str) {
        Some("Key") => tags.push((value, String::new())),
        Some("Value") => {
            if let Some((_, last)) = tags.last_mut() {
                *last = value;
            }
        }
        _ => {}
    })?;
    Ok(tags)
}

/// The body of Set Container ACL.
pub(super) fn policies(text: &[u8]) -> Result<Vec<Policy>, Refusal> {
    let mut policies: Vec<Policy> = Vec::new();
    if text.is_empty() {
        return Ok(policies);
    }
    leaves(text, |path, value| {
        let name = path.last().map(String::as_str);
        if name == Some("Id") {
            policies.push(Policy {
                id: value,
                start: None,
                expiry: None,
                permission: None,
            });
            return;
        }
        let Some(policy) = policies.last_mut() else {
            return;
        };
        let value = Some(value).filter(|value| !value.is_empty());
        match name {
            Some("Start") => policy.start = value,
            Some("Expiry") => policy.expiry = value,
            Some("Permission") => policy.permission = value,
            _ => {}
        }
    })?;
    Ok(policies)
}

/// The elements directly under the root, by name, as they stand in the text.
pub(super) fn sections(text: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    leaves(text, |_, _| {})?;
    let text = std::str::from_utf8(text).map_err(|_| invalid())?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let (mut depth, mut found) = (0, Vec::new());
    loop {
        let tag = match reader.read_event().map_err(|_| invalid())? {
            Event::Start(tag) => tag,
            Event::End(_) | Event::Eof => return Ok(found),
            _ => continue,
        };
        depth += 1;
        if depth == 1 {
            continue;
        }
        let name = String::from_utf8_lossy(tag.local_name().as_ref()).into_owned();
        let inner = reader.read_text(tag.name()).map_err(|_| invalid())?;
        let inner = inner.decode().map_err(|_| invalid())?;
        found.push((name.clone(), format!("<{name}>{inner}</{name}>")));
        depth -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_lists_keep_their_order() {
        let text = b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<BlockList>\n <Latest>QQ==</Latest><Committed>Qg==</Committed>\
            <Uncommitted>a&#43;b&amp;</Uncommitted></BlockList>";
        let list = block_list(text).unwrap();
        let expected = [
            (Place::Latest, "QQ=="),
            (Place::Committed, "Qg=="),
            (Place::Uncommitted, "a+b&"),
        ];
        assert_eq!(list, expected.map(|(place, id)| (place, id.to_owned())));
        assert!(block_list(b"<BlockList/>").unwrap().is_empty());
        assert!(block_list(b"<BlockList></BlockList>").unwrap().is_empty());
    }

    #[test]
    fn what_is_not_a_block_list_is_refused() {
        let deep = "<a>".repeat(100_000);
        let bomb = "<!DOCTYPE x [<!ENTITY a \"b\">]><BlockList><Latest>&a;</Latest></BlockList>";
        for bad in [
            "",
            "BlockList",
            "<BlockList>",
            "<BlockList><Newest>QQ==</Newest></BlockList>",
            &deep,
            bomb,
        ] {
            assert_eq!(
                block_list(bad.as_bytes()).unwrap_err().code,
                "InvalidXmlDocument"
            );
        }
    }

    #[test]
    fn tags_and_policies() {
        let text = b"<Tags><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value/></Tag></TagSet></Tags>";
        assert_eq!(
            tags(text).unwrap(),
            [("a".into(), "1".into()), ("b".into(), String::new())]
        );
        let text = b"<SignedIdentifiers><SignedIdentifier><Id>p</Id><AccessPolicy><Start></Start>\
            <Expiry>2027-01-01T00:00:00Z</Expiry><Permission>rl</Permission></AccessPolicy></SignedIdentifier></SignedIdentifiers>";
        let found = policies(text).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].start, None);
        assert_eq!(found[0].permission.as_deref(), Some("rl"));
        assert!(policies(b"").unwrap().is_empty());
    }

    #[test]
    fn sections_stand_as_they_came() {
        let text =
            b"<?xml version=\"1.0\"?><P><Logging><Read>true</Read></Logging><Cors /><V>1</V></P>";
        let found = sections(text).unwrap();
        let logging = (
            "Logging".to_owned(),
            "<Logging><Read>true</Read></Logging>".to_owned(),
        );
        assert_eq!(found, [logging, ("V".to_owned(), "<V>1</V>".to_owned())]);
    }
}

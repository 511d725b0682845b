//! The images of fixtures/images, within this program: a registry to rehearse with, wherever it is installed.

use std::io;
use std::path::Path;

/// Each file by its name in the layout, with its bytes.
macro_rules! files {
    ($($name:literal,)*) => {
        &[$(($name, include_bytes!(concat!("../../../fixtures/images/", $name)))),*]
    };
}

/// The layout. A test holds it to the folder; fixtures/README.md says where each image comes from.
const FILES: &[(&str, &[u8])] = files![
    "blobs/sha256/05b0824da91ca2648ca9401eb3c3b5212dbd18207595a724535983ae669baac5",
    "blobs/sha256/09ba4c394af0a9d3f64955c9e5d390de9fb3c5dfc5fe5d36224dca82441adf99",
    "blobs/sha256/1fafd26fe875d7ee8d7ace1d0a60f7ab497a2a17897588bfcfce89f57f07e9f6",
    "blobs/sha256/2d317e2fb9350c620f78d5fd511a988c215adfd729f52c67a662ca3627319735",
    "blobs/sha256/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    "blobs/sha256/484127e317b580d18bbd0b107344d284be607371782a52a274bc5a8581cebaa2",
    "blobs/sha256/64317d7b9fc0bbe3d3678c354731c4d44f32e8d23e8e1d0635a7fb6b8913af03",
    "blobs/sha256/6b8ab7c42910b96aa4c5a59860180d622f654fe7ae709870b21fd8073542a183",
    "blobs/sha256/90e628e37af8ca026fe147e0910f928101aff160142c91b1e5431aefdb8edb27",
    "blobs/sha256/a9698ed895628c7f7223e84dccc3317eeeeaefe2ab7dbf06231fc8931aa5d9e5",
    "blobs/sha256/aed15838cd839c449606ab48d2b5a75972c425348b6c3a96bb723cb9ad9cb680",
    "blobs/sha256/b0de5a57708cf95cf5c3b648d4bea28170ecbdcd786cfc9b82c01444bb827087",
    "blobs/sha256/bb5bf245dff69736f8c3fc148c13692fbfa517d6046b234a39fa46e276b97147",
    "blobs/sha256/d67b3b2cb98c65b984d81b7adcf67fe0ddd5364c54cdd1b2c13c695651fe7c75",
    "blobs/sha256/d7274bf08fa4d67dbe259ac66ed51eefa7a84f327e1a7c7fe4944305e08c99a9",
    "blobs/sha256/f01c0ad9597a662d3a7f6be94d4ef8117c7cfedcfb9e4252e7bd3910f4794acb",
    "index.json",
    "oci-layout",
];

/// Lays the images out in `folder`, unless a layout is there already.
pub(crate) fn unpack(folder: &Path) -> io::Result<()> {
    if folder.join("index.json").exists() {
        return Ok(());
    }
    fs_err::create_dir_all(folder.join("blobs/sha256"))?;
    for (name, bytes) in FILES {
        fs_err::write(folder.join(name), bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_fixture_is_here() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images");
        let blobs = fs_err::read_dir(folder.join("blobs/sha256")).unwrap();
        let mut there: Vec<String> = blobs
            .map(|blob| blob.unwrap().file_name().into_string().unwrap())
            .map(|name| format!("blobs/sha256/{name}"))
            .chain(["index.json".to_owned(), "oci-layout".to_owned()])
            .collect();
        there.sort();
        let here: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(here, there);
    }
}

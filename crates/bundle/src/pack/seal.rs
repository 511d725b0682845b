//! The end of packing: pass 2, then table, sums, manifest and signatures under temporary names, and
//! when all of it is durable and compared, the names.
//!
//! A run that was cut off while it gave names is finished by the next one: what has its final name and
//! is exactly what it should be counts as done. So that this can be, a spare of the manifest is found
//! again and its time is taken over.

use std::collections::BTreeMap;
use std::io;

use blobferry_integrity::Sha256Digest;
use jiff::Timestamp;

use super::lay::Laid;
use super::read_back::{Proof, read_back};
use super::site::{SPARE, Site, piece};
use super::{Digests, PackOptions, Sealed, narrow, wide};
use crate::dir::{ReadBack, read_exact_at};
use crate::error::BundleError;
use crate::geometry::{Geometry, Piece};
use crate::manifest::{BlobFacts, LONGEST_MANIFEST, MANIFEST, Manifest};
use crate::signature::{LONGEST_SIGNATURE, MOST_SIGNATURES, Signer, check, signature_name};
use crate::sums::{SUMS, sums};
use crate::table::{BlockTable, TABLE};
use crate::watch::Watch;
use crate::write::write_small;

/// More signatures than a bundle can have.
pub(super) fn check_signers(signers: &[Signer]) -> Result<(), BundleError> {
    if wide(signers.len()) > u64::from(MOST_SIGNATURES) {
        let text = format!("more than {MOST_SIGNATURES} signers");
        return Err(BundleError::Refused(text));
    }
    Ok(())
}

/// Pieces that were asked for but that the blob does not have.
pub(super) fn check_pieces(options: &PackOptions, geometry: &Geometry) -> Result<(), BundleError> {
    let mut only = options.only.iter().flatten();
    match only.find(|piece| !geometry.has(**piece)) {
        Some(piece) => Err(BundleError::Refused(format!("the blob has no {piece}"))),
        None => Ok(()),
    }
}

pub(super) fn seal(
    site: &Site,
    options: &PackOptions,
    geometry: Geometry,
    digests: Digests,
    laid: Laid,
    signers: &[Signer],
    watch: &dyn Watch,
) -> Result<Sealed, BundleError> {
    check_pieces(options, &geometry)?;
    let only = options.only.as_ref();
    let mut manifest = draft(options, geometry, digests);
    if only.is_none() {
        // What our own reader refuses must not be found out after hours of reading.
        check_manifest(&manifest)?;
    }
    let mut table = begun(geometry, laid.digests)?;
    let proof = read_back(site, geometry, only, &mut table, digests.sha256, watch)?;
    let mut sealing = Sealing {
        site,
        read_back: proof.read_back,
        names: Vec::new(),
    };
    state(&mut manifest, &proof);
    for piece in proof.digests.keys() {
        let wanted = only.is_none_or(|only| only.contains(piece));
        sealing.names.extend(wanted.then(|| piece.to_string()));
    }
    sealing.check_strangers(&geometry)?;
    if only.is_none() {
        manifest.table = Sha256Digest::of(table.as_bytes());
        sealing.put(TABLE, table.as_bytes())?;
        drop(table);
        sealing.documents(&mut manifest, signers)?;
    }
    if watch.stop() {
        return Err(BundleError::Interrupted);
    }
    sealing.name_all(only.is_none(), watch)?;
    Ok(Sealed {
        manifest_sha256: Sha256Digest::of(&manifest.to_bytes()),
        manifest,
        read_back: sealing.read_back,
        resumed: laid.resumed,
    })
}

/// The manifest with zeros for what is not known yet.
fn draft(options: &PackOptions, geometry: Geometry, digests: Digests) -> Manifest {
    let none = Sha256Digest::from_bytes([0; 32]);
    let room = |number: u32| vec![none; narrow(u64::from(number))];
    Manifest {
        blob: BlobFacts {
            name: options.name.clone(),
            sha256: digests.sha256,
            md5: digests.md5,
            crc64: digests.crc64,
            properties: options.properties.clone(),
        },
        geometry,
        parts: room(geometry.parts()),
        parity: room(geometry.parity()),
        table: none,
        chain: options.chain.clone(),
        created: options.created.clone(),
        tool: options.tool.clone(),
    }
}

fn check_manifest(manifest: &Manifest) -> Result<(), BundleError> {
    let refused = |error| BundleError::Refused(format!("no manifest can say this: {error}"));
    manifest.check().map_err(refused)
}

/// The table with the parts' blocks; those of the parity are still zeros.
fn begun(geometry: Geometry, mut digests: Vec<u8>) -> Result<BlockTable, BundleError> {
    digests.resize(narrow(geometry.table_len() * 32), 0);
    let too_long = || BundleError::Refused("the block table would be too long".to_owned());
    BlockTable::from_bytes(geometry, digests).ok_or_else(too_long)
}

/// Writes the digests down that pass 2 found.
fn state(manifest: &mut Manifest, proof: &Proof) {
    let digests: &BTreeMap<Piece, Sha256Digest> = &proof.digests;
    for (piece, digest) in digests {
        let (list, number) = match *piece {
            Piece::Part(number) => (&mut manifest.parts, number),
            Piece::Parity(number) => (&mut manifest.parity, number),
        };
        if let Some(slot) = list.get_mut(narrow(u64::from(number))) {
            *slot = *digest;
        }
    }
}

struct Sealing<'a> {
    site: &'a Site,
    read_back: ReadBack,
    /// Files that are to have their final names, the manifest not among them.
    names: Vec<String>,
}

impl Sealing<'_> {
    /// A piece with a final name that this blob does not have.
    fn check_strangers(&self, geometry: &Geometry) -> Result<(), BundleError> {
        let stranger = |name: &&str| piece(name).is_some_and(|piece| !geometry.has(piece));
        match self.site.named().find(stranger) {
            Some(name) => Err(self.site.taken(name)),
            None => Ok(()),
        }
    }

    /// Manifest, signatures and sums. Sets the manifest's time to that of a run that was cut off.
    fn documents(
        &mut self,
        manifest: &mut Manifest,
        signers: &[Signer],
    ) -> Result<(), BundleError> {
        self.take_over(manifest);
        let bytes = manifest.to_bytes();
        let sha256 = Sha256Digest::of(&bytes);
        for (number, signer) in (1..).zip(signers) {
            self.sign(&signature_name(number), &bytes, signer)?;
        }
        self.put(SUMS, sums(manifest, &sha256).as_bytes())?;
        self.put(SPARE, &bytes)?;
        self.put(MANIFEST, &bytes)?;
        self.names.retain(|name| name != MANIFEST && name != SPARE);
        Ok(())
    }

    /// Takes time and tool from the manifest that an earlier run was about to name, where it says the
    /// same otherwise: sums and signatures that have their names already are those of that one.
    fn take_over(&self, manifest: &mut Manifest) {
        let found = self.content(&self.site.temporary(SPARE), LONGEST_MANIFEST);
        let Ok((found, _)) = Manifest::parse(&found.unwrap_or_default()) else {
            return;
        };
        let same = Manifest {
            created: found.created.clone(),
            tool: found.tool.clone(),
            ..manifest.clone()
        };
        if same == found {
            *manifest = found;
        }
    }

    fn sign(&mut self, name: &str, manifest: &[u8], signer: &Signer) -> Result<(), BundleError> {
        if !self.site.is_named(name) {
            let signature = signer.sign(manifest).map_err(|error| {
                BundleError::Refused(format!("the manifest cannot be signed: {error}"))
            })?;
            return self.put(name, signature.as_bytes());
        }
        // Some algorithms never give the same signature twice: any one of the same key is as good.
        let there = self.content(name, LONGEST_SIGNATURE);
        let there = there.map_err(self.site.failed("read", name))?;
        let text = String::from_utf8_lossy(&there);
        match check(manifest, name, &text, None, Timestamp::now()) {
            Ok(by) if by.fingerprint == signer.fingerprint() => Ok(()),
            _ => Err(self.site.taken(name)),
        }
    }

    /// Writes a file whole under its temporary name. What an earlier run left stays where it is the
    /// same: without its manifest nobody could finish what it began.
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        self.names.push(name.to_owned());
        let current = self.site.current(name);
        let there = self.content(&current, wide(bytes.len()));
        let same = there.is_ok_and(|there| there == bytes);
        if self.site.is_named(name) {
            return if same {
                Ok(())
            } else {
                Err(self.site.taken(name))
            };
        }
        if same && self.is_durable(&current) {
            return Ok(());
        }
        self.site.remove(&current)?;
        let read_back = write_small(self.site.dir.as_ref(), &current, bytes)?;
        self.read_back = self.read_back.weaker(read_back);
        Ok(())
    }

    fn is_durable(&self, name: &str) -> bool {
        let file = self.site.dir.open_to_write(name);
        file.is_ok_and(|file| file.sync().is_ok())
    }

    /// A small file's bytes; none when it is longer than `longest`.
    fn content(&self, name: &str, longest: u64) -> io::Result<Vec<u8>> {
        let (file, _) = self.site.dir.open_uncached(name)?;
        let len = file.len()?;
        if len > longest {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = vec![0; narrow(len)];
        read_exact_at(file.as_ref(), &mut bytes, 0)?;
        Ok(bytes)
    }

    /// Gives the names, the manifest last: where it stands, everything stands.
    fn name_all(&self, with_manifest: bool, watch: &dyn Watch) -> Result<(), BundleError> {
        // The temporary names, that of the spare manifest among them.
        self.site.sync()?;
        for name in &self.names {
            self.name(name)?;
        }
        self.site.sync()?;
        // Left over from a longer blob, or parts that only parity was made of.
        self.tidy(
            if with_manifest {
                &[MANIFEST, SPARE]
            } else {
                &[]
            },
            watch,
        );
        if with_manifest {
            self.name(MANIFEST)?;
            self.site.sync()?;
            self.tidy(&[], watch);
        }
        Ok(())
    }

    /// Removes what needs no name. The bundle is none the worse when that fails.
    fn tidy(&self, but: &[&str], watch: &dyn Watch) {
        let tidied = self.site.clear(but).and_then(|()| self.site.sync());
        if tidied.is_err() {
            watch.note("temporary files of this run could not be removed");
        }
    }

    fn name(&self, name: &str) -> Result<(), BundleError> {
        if self.site.is_named(name) {
            return Ok(());
        }
        let temporary = self.site.temporary(name);
        match self.site.dir.rename(&temporary, name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(self.site.taken(name))
            }
            renamed => renamed.map_err(self.site.failed("name", &temporary)),
        }
    }
}

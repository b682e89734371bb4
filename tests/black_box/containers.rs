//! Opus recordings as browsers and encoders write them: packets of our encoder in Ogg (RFC 3533, RFC 7845) and in WebM.

use callstead::audio::{Clip, Framer, LINE_HZ, opus::Encoder, resample};

/// What the encoder needs to get going, in samples at 48 kHz.
const PRE_SKIP: u16 = 312;
/// 20 ms.
const PACKET: u64 = 960;
const PACKETS_A_PAGE: usize = 50;

/// The packets of a recording; its last bit that fills no packet is left out.
fn packets(clip: &Clip) -> Vec<Vec<u8>> {
    let (mut encoder, mut packets) = (Encoder::new(), Vec::new());
    let encode = |frame| packets.push(encoder.encode(&frame).unwrap().to_vec());
    Framer::default().push(&resample(clip, LINE_HZ).samples, encode);
    packets
}

fn head() -> Vec<u8> {
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(PRE_SKIP.to_le_bytes());
    head.extend(LINE_HZ.to_le_bytes());
    head.extend([0; 3]);
    head
}

// ---- Ogg ----

/// As encoders write it; of the last packet `filling` samples are not to be heard.
pub(crate) fn ogg(clip: &Clip, filling: u64) -> Vec<u8> {
    let mut tags = b"OpusTags\x04\0\0\0test".to_vec();
    tags.extend([0; 4]);
    let (mut file, packets) = (page(0, 0, 2, &[head()]), packets(clip));
    file.extend(page(1, 0, 0, &[tags]));
    let (mut granule, pages) = (0, packets.len().div_ceil(PACKETS_A_PAGE));
    for (index, packets) in packets.chunks(PACKETS_A_PAGE).enumerate() {
        granule += packets.len() as u64 * PACKET;
        let is_last = index + 1 == pages;
        let end = if is_last { granule - filling } else { granule };
        file.extend(page(index as u32 + 2, end, if is_last { 4 } else { 0 }, packets));
    }
    file
}

fn page(number: u32, granule: u64, flags: u8, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut lacing = Vec::new();
    for packet in packets {
        lacing.extend(vec![255; packet.len() / 255]);
        lacing.push((packet.len() % 255) as u8);
    }
    let mut page = b"OggS\0".to_vec();
    page.push(flags);
    page.extend(granule.to_le_bytes());
    page.extend(7_u32.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    page.push(u8::try_from(lacing.len()).unwrap());
    page.extend(lacing);
    page.extend(packets.concat());
    let sum = checksum(&page);
    page[22..26].copy_from_slice(&sum.to_le_bytes());
    page
}

/// CRC-32 with the polynomial 0x04C11DB7, neither reflected nor inverted.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << 24), |sum, _| (sum << 1) ^ if sum >> 31 == 1 { 0x04C1_1DB7 } else { 0 })
    })
}

// ---- WebM ----

/// As a browser's MediaRecorder writes it: lengths of the whole and of clusters are not known. From packet `gap` on, the clock
/// is a second ahead.
pub(crate) fn webm(clip: &Clip, gap: Option<usize>) -> Vec<u8> {
    let mut file = element(&[0x1A, 0x45, 0xDF, 0xA3], &element(&[0x42, 0x82], b"webm"));
    file.extend(open(&[0x18, 0x53, 0x80, 0x67]));
    file.extend(element(&[0x15, 0x49, 0xA9, 0x66], &element(&[0x2A, 0xD7, 0xB1], &1_000_000_u32.to_be_bytes())));
    let sound = [element(&[0xB5], &48_000_f32.to_be_bytes()), element(&[0x9F], &[1])].concat();
    let track = [
        element(&[0xD7], &[1]),
        element(&[0x73, 0xC5], &[1]),
        element(&[0x83], &[2]),
        element(&[0x86], b"A_OPUS"),
        element(&[0x63, 0xA2], &head()),
        element(&[0x56, 0xAA], &6_500_000_u32.to_be_bytes()),
        element(&[0xE1], &sound),
    ];
    file.extend(element(&[0x16, 0x54, 0xAE, 0x6B], &element(&[0xAE], &track.concat())));
    for (cluster, packets) in packets(clip).chunks(PACKETS_A_PAGE).enumerate() {
        let first = cluster * PACKETS_A_PAGE;
        let due = |number: usize| (number * 20 + if gap.is_some_and(|gap| number >= gap) { 1000 } else { 0 }) as u64;
        file.extend(open(&[0x1F, 0x43, 0xB6, 0x75]));
        file.extend(element(&[0xE7], &due(first).to_be_bytes()));
        for (index, packet) in packets.iter().enumerate() {
            let mut block = vec![0x81];
            block.extend(u16::try_from(due(first + index) - due(first)).unwrap().to_be_bytes());
            block.push(0x80);
            block.extend(packet);
            file.extend(element(&[0xA3], &block));
        }
    }
    file
}

/// An element of a known length, written in four bytes.
fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32 | 0x1000_0000).to_be_bytes();
    [id, &length, content].concat()
}

/// The beginning of an element whose length is not known.
fn open(id: &[u8]) -> Vec<u8> {
    [id, &[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]].concat()
}

//! RED (RFC 2198): one RTP packet that carries its own audio and, for the case that they got lost, that of earlier ones.
//!
//! Only what is in the payload is looked at; nothing here knows a codec. What comes from the network is not trusted: a
//! payload that contradicts itself is none.

use std::ops::Range;

/// A redundant block's header: what follows, its payload type, how much earlier it is, how long it is.
const REDUNDANT_HEADER: usize = 4;
/// More blocks than anybody sends: Chrome repeats one packet, at most nine are possible in a field of practical size.
const MOST_BLOCKS: usize = 10;

/// One packet's audio within a RED payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// By how much its RTP time is before that of the packet it travels in; 0 of the packet's own.
    pub offset: u32,
    /// Where in the payload it is; never empty.
    pub range: Range<usize>,
}

/// The audio that the packet is about: its last block. `None` when `payload` is no RED, or this block is empty.
pub fn primary(payload: &[u8]) -> Option<&[u8]> {
    split(payload).map(|layout| &payload[layout.primary])
}

/// All blocks: those that repeat earlier packets, oldest first as senders order them, and the packet's own at the end. None
/// when `payload` is no RED.
pub fn blocks(payload: &[u8]) -> impl Iterator<Item = Block> {
    split(payload).into_iter().flat_map(|layout| {
        let mut at = layout.bodies;
        let redundant = payload[..layout.headers].chunks_exact(REDUNDANT_HEADER).map(move |header| {
            let (offset, length) = fields(header);
            at += length;
            Block { offset, range: at - length..at }
        });
        redundant.chain([Block { offset: 0, range: layout.primary }]).filter(|block| !block.range.is_empty())
    })
}

/// Where things are in a payload whose headers and lengths have been checked.
struct Layout {
    /// Of the redundant blocks, in bytes.
    headers: usize,
    /// Where the redundant blocks begin.
    bodies: usize,
    primary: Range<usize>,
}

fn split(payload: &[u8]) -> Option<Layout> {
    let (mut headers, mut length) = (0, 0);
    while payload.get(headers)? & 0x80 != 0 {
        length += fields(payload.get(headers..headers + REDUNDANT_HEADER)?).1;
        headers += REDUNDANT_HEADER;
        if headers / REDUNDANT_HEADER > MOST_BLOCKS {
            return None;
        }
    }
    let bodies = headers + 1;
    let primary = bodies + length..payload.len();
    (!primary.is_empty()).then_some(Layout { headers, bodies, primary })
}

/// Offset (14 bit) and length (10 bit) of a redundant block's header.
fn fields(header: &[u8]) -> (u32, usize) {
    let [_, high, middle, low] = header else { return (0, 0) };
    let offset = u32::from(*high) << 6 | u32::from(*middle) >> 2;
    (offset, usize::from(middle & 3) << 8 | usize::from(*low))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RED with these blocks (offset, payload) before its own.
    pub(crate) fn red(redundant: &[(u32, &[u8])], primary: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        for (offset, payload) in redundant {
            let fields = offset << 10 | payload.len() as u32;
            packet.push(0x80 | 111);
            packet.extend_from_slice(&fields.to_be_bytes()[1..]);
        }
        packet.push(111);
        redundant.iter().for_each(|(_, payload)| packet.extend_from_slice(payload));
        packet.extend_from_slice(primary);
        packet
    }

    #[test]
    fn blocks_come_out_as_they_went_in() {
        let long = [7; 1023];
        for earlier in [&[][..], &[(960, &b"one"[..])], &[(16_383, &long), (1920, b""), (960, b"two")]] {
            let packet = red(earlier, b"now");
            let all: Vec<_> = earlier.iter().copied().chain([(0, &b"now"[..])]).collect();
            let expected: Vec<_> = all.into_iter().filter(|(_, payload)| !payload.is_empty()).collect();
            let found: Vec<_> = blocks(&packet).map(|block| (block.offset, &packet[block.range])).collect();
            assert_eq!(found, expected);
            assert_eq!(primary(&packet), Some(&b"now"[..]));
        }
    }

    #[test]
    fn what_contradicts_itself_is_no_red() {
        let whole = red(&[(960, b"one")], b"now");
        let too_many = red(&[(960, &b"x"[..]); MOST_BLOCKS + 1], b"now");
        for bad in [&[][..], &[111], &[0x80 | 111, 0, 0], &whole[..whole.len() - 3], &whole[..6], &too_many] {
            assert_eq!((primary(bad), blocks(bad).count()), (None, 0), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_from_the_network_panics(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            let found: Vec<_> = blocks(&payload).collect();
            prop_assert!(found.iter().all(|block| block.range.end <= payload.len()));
            prop_assert_eq!(found.last().map(|last| &payload[last.range.clone()]), primary(&payload));
        }
    }
}

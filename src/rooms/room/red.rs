//! RFC 2198, redundant audio: several Opus frames in one packet. For a receiver that does not take it, the newest frame
//! (the primary one) is all that is left of the packet.

/// `F` and the block's payload type; then 14 bits of timestamp offset and 10 bits of length.
const REDUNDANT_HEADER: usize = 4;
const MORE_FOLLOW: u8 = 0x80;

/// The primary frame: what follows the headers and the redundant blocks. `None`: the packet is no RED.
pub(super) fn primary(payload: &[u8]) -> Option<&[u8]> {
    let mut headers = payload;
    let mut redundant = 0;
    while headers.first()? & MORE_FOLLOW != 0 {
        let (header, rest) = headers.split_at_checked(REDUNDANT_HEADER)?;
        redundant += usize::from(header[2] & 0b11) << 8 | usize::from(header[3]);
        headers = rest;
    }
    let blocks = &headers[1..];
    blocks.get(redundant..).filter(|frame| !frame.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(redundant: &[&[u8]], primary: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        for block in redundant {
            let length = block.len() as u16;
            packet.extend([MORE_FOLLOW | 111, 0x0f, (length >> 8) as u8 & 0b11, length as u8]);
        }
        packet.push(111);
        redundant.iter().for_each(|block| packet.extend(*block));
        packet.extend(primary);
        packet
    }

    #[test]
    fn the_newest_frame_is_what_is_left() {
        let long = vec![7; 1000];
        for redundant in [&[][..], &[&b"old"[..]], &[b"older", b"old"], &[&long, b""]] {
            assert_eq!(primary(&packet(redundant, b"new")), Some(&b"new"[..]));
        }
    }

    #[test]
    fn what_is_cut_off_is_no_packet() {
        for bad in [&[][..], &[111], &[MORE_FOLLOW | 111], &[MORE_FOLLOW | 111, 0, 0, 9, 111, 1, 2]] {
            assert_eq!(primary(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_borne(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(frame) = primary(&bytes) {
                prop_assert!(bytes.ends_with(frame));
            }
        }

        #[test]
        fn a_packet_is_read_as_it_was_written(
            redundant in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..4),
            newest in prop::collection::vec(any::<u8>(), 1..300),
        ) {
            let blocks: Vec<&[u8]> = redundant.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(primary(&packet(&blocks, &newest)), Some(&newest[..]));
        }
    }
}

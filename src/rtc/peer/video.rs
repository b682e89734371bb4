//! What forwarding needs to know of a packet of video without decoding it: whether a picture that needs no other begins in
//! it, and which numbers its pictures have. Only headers that end-to-end encryption leaves readable are looked at.
//!
//! VP8: RFC 7741; VP9: RFC 9628; H.264: RFC 6184; AV1: AOM's RTP payload format, whose dependency descriptor (a header
//! extension) is passed through.

use std::sync::Arc;

use str0m::{
    format::{Codec, CodecSpec, FormatParams, PayloadParams, detect_av1_keyframe},
    media::Frequency,
    rtp::{Extension, ExtensionSerializer, ExtensionValues, VideoOrientation, Vp8Descriptor, Vp8Patch},
};

use super::Rid;

/// The dependency descriptor's name in session descriptions (AV1 RTP specification, A.1).
const DESCRIPTOR_URI: &str = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
/// Its number in our offers; str0m's own end at 13.
const DESCRIPTOR_ID: u8 = 12;
/// What one-byte header extensions can hold (RFC 8285, 4.2).
const ONE_BYTE_FORM: usize = 16;
/// A descriptor begins with flags and a template, then the frame's number (A.8.2).
const DESCRIPTOR_NUMBER: std::ops::Range<usize> = 1..3;

/// A template's number has six bits.
const MOST_TEMPLATES: usize = 64;

/// H.264's NAL unit types: a picture that needs no other, the parameters that come before one, and the two packets that
/// hold several units or a part of one.
const IDR: u8 = 5;
const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const NAL_TYPE: u8 = 0x1f;

/// What a packet of video is, beyond its bytes.
#[derive(Clone, Debug)]
pub struct Video {
    /// How it is encoded; its payload type is that of the connection it came by.
    pub(super) params: PayloadParams,
    /// The simulcast layer; `None` where there is one stream only.
    pub rid: Option<Rid>,
    /// Whether a decoder can begin with it.
    pub begins_key_frame: bool,
    /// As far as the codec has such.
    pub numbers: Numbers,
    /// Which of a picture's layers it is of.
    layer: Layer,
    /// Added to the numbers when it is sent on.
    shift: Shift,
    /// How the picture is to be turned.
    orientation: Option<VideoOrientation>,
    /// AV1's dependency descriptor.
    descriptor: Option<Descriptor>,
}

/// How pictures may be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoCodec {
    /// RFC 7741.
    Vp8,
    /// RFC 9628, profile 0.
    Vp9,
    /// RFC 6184: constrained baseline, packets in mode 1.
    H264,
    /// AOM's RTP payload format.
    Av1,
}

impl VideoCodec {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Vp8, Self::Vp9, Self::H264, Self::Av1];

    const fn named(self) -> Codec {
        match self {
            Self::Vp8 => Codec::Vp8,
            Self::Vp9 => Codec::Vp9,
            Self::H264 => Codec::H264,
            Self::Av1 => Codec::Av1,
        }
    }

    fn format(self) -> FormatParams {
        match self {
            Self::Vp8 | Self::Av1 => FormatParams::default(),
            Self::Vp9 => FormatParams { profile_id: Some(0), ..FormatParams::default() },
            Self::H264 => FormatParams {
                level_asymmetry_allowed: Some(true),
                packetization_mode: Some(1),
                profile_level_id: Some(0x42_e01f),
                ..FormatParams::default()
            },
        }
    }
}

/// Numbers that a codec's packets carry beside RTP's: a decoder takes a step for a loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// VP8's and VP9's PictureID (15 bits), AV1's frame number (16 bits).
    pub picture: Option<u16>,
    /// VP8's and VP9's TL0PICIDX.
    pub base_layer: Option<u8>,
}

/// Where a packet stands in its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The layer, from the smallest on.
    pub spatial: u8,
    /// Whether the layer's part of the picture begins with this packet.
    pub begins: bool,
    /// Whether it ends with it.
    pub ends: bool,
}

/// What a packet itself says of its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    None,
    Known(Place),
    /// AV1: a template's number, which a key frame gave a meaning.
    Template,
}

/// The layer of each template of AV1's dependency descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Templates {
    /// The first one's number.
    first: u8,
    spatial: Vec<u8>,
}

/// What is to be added to [`Numbers`], wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    /// To the picture's number.
    pub picture: u16,
    /// To the base layer's index.
    pub base_layer: u8,
}

impl Video {
    /// A packet that is made here, with AV1's dependency descriptor where it has one.
    pub fn of(codec: VideoCodec, payload: &[u8], descriptor: Option<&[u8]>) -> Self {
        let mut values = ExtensionValues::default();
        if let Some(bytes) = descriptor {
            values.user_values.set(Descriptor { bytes: bytes.into(), shift: 0 });
        }
        let spec = CodecSpec {
            codec: codec.named(),
            clock_rate: Frequency::NINETY_KHZ,
            channels: None,
            format: codec.format(),
        };
        // The numbers are not those of any connection.
        let params = PayloadParams::new(96.into(), Some(97.into()), spec);
        Self::new(params, None, payload, &values)
    }

    pub(super) fn new(params: PayloadParams, rid: Option<Rid>, payload: &[u8], values: &ExtensionValues) -> Self {
        let codec = params.spec().codec;
        // Other codecs need none, and a browser that gets one goes by it.
        let descriptor = values.user_values.get::<Descriptor>().filter(|_| codec == Codec::Av1).cloned();
        Self {
            params,
            rid,
            begins_key_frame: begins_key_frame(codec, payload),
            numbers: numbers(codec, payload, descriptor.as_ref()),
            layer: layer(codec, payload, descriptor.as_ref()),
            shift: Shift::default(),
            orientation: values.video_orientation,
            descriptor,
        }
    }

    /// LiveKit's name of the codec (`video/VP8`).
    pub fn mime_type(&self) -> &'static str {
        match self.params.spec().codec {
            Codec::H264 => "video/H264",
            Codec::Vp9 => "video/VP9",
            Codec::Av1 => "video/AV1",
            _ => "video/VP8",
        }
    }

    /// Its place among the layers of its picture, each of which is larger than the one before; `None` where a picture has no
    /// layers. AV1's packets need what was said with a key frame: `templates` keeps it.
    pub fn place(&self, templates: &mut Option<Templates>) -> Option<Place> {
        match self.layer {
            Layer::None => None,
            Layer::Known(place) => Some(place),
            Layer::Template => {
                let descriptor = self.descriptor.as_ref()?;
                if let Some(newer) = descriptor.templates() {
                    *templates = Some(newer);
                }
                descriptor.place(templates.as_ref()?)
            }
        }
    }

    /// The same with other numbers, from those that it came with on.
    #[must_use]
    pub fn shifted(&self, shift: Shift) -> Self {
        Self { shift, ..self.clone() }
    }

    /// What changes in the payload when it is sent on.
    pub(super) fn rewritten(&self, payload: &Arc<[u8]>) -> Rewritten {
        let same = || Rewritten::Same(payload.clone());
        if self.shift == Shift::default() {
            return same();
        }
        match self.params.spec().codec {
            Codec::Vp8 => self.vp8_patch(payload).map_or_else(same, |patch| Rewritten::Patched(payload.clone(), patch)),
            Codec::Vp9 => self.vp9_shifted(payload).map_or_else(same, Rewritten::Same),
            _ => same(),
        }
    }

    /// The header extensions that it is sent on with.
    pub(super) fn extensions(&self) -> ExtensionValues {
        let mut values = ExtensionValues { video_orientation: self.orientation, ..ExtensionValues::default() };
        if let Some(descriptor) = &self.descriptor {
            values.user_values.set(descriptor.shifted(self.shift.picture));
        }
        values
    }

    fn vp8_patch(&self, payload: &[u8]) -> Option<Vp8Patch> {
        let descriptor = Vp8Descriptor::parse(payload).ok()?;
        let patch = |mask: u16| {
            let mut patch = descriptor.patch();
            if let Some(picture) = self.numbers.picture {
                patch = patch.picture_id(picture.wrapping_add(self.shift.picture) & mask);
            }
            if let Some(index) = self.numbers.base_layer {
                patch = patch.tl0_pic_idx(index.wrapping_add(self.shift.base_layer));
            }
            patch.build().ok()
        };
        // Most have room for 15 bits, some for 7.
        patch(0x7fff).or_else(|| patch(0x7f))
    }

    fn vp9_shifted(&self, payload: &[u8]) -> Option<Arc<[u8]>> {
        let head = Vp9Head::parse(payload)?;
        let mut shifted = Arc::<[u8]>::from(payload);
        let bytes = Arc::get_mut(&mut shifted)?;
        if let (Some(at), Some(picture)) = (head.picture_at, self.numbers.picture) {
            let [high, low] = (picture.wrapping_add(self.shift.picture)).to_be_bytes();
            if head.is_long {
                *bytes.get_mut(at)? = high | 0x80;
                *bytes.get_mut(at + 1)? = low;
            } else {
                *bytes.get_mut(at)? = low & 0x7f;
            }
        }
        if let (Some(at), Some(index)) = (head.base_layer_at, self.numbers.base_layer) {
            *bytes.get_mut(at)? = index.wrapping_add(self.shift.base_layer);
        }
        Some(shifted)
    }
}

/// How the first packet of a picture in VP8 begins: its descriptor with the picture's number (RFC 7741, 4.2), and the byte of
/// its frame that says whether it is a key frame.
pub(crate) fn vp8(picture: u16, is_key: bool) -> [u8; 5] {
    let [high, low] = picture.to_be_bytes();
    [0x90, 0x80, 0x80 | high, low, u8::from(!is_key)]
}

/// A payload as it is sent on.
pub(super) enum Rewritten {
    Same(Arc<[u8]>),
    /// With a few bytes changed on its way out.
    Patched(Arc<[u8]>, Vp8Patch),
}

fn begins_key_frame(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Vp8 => Vp8Descriptor::parse(payload).is_ok_and(|descriptor| descriptor.starts_keyframe(payload)),
        Codec::Vp9 => Vp9Head::parse(payload).is_some_and(|head| head.begins_key_frame),
        Codec::H264 => begins_idr(payload),
        Codec::Av1 => detect_av1_keyframe(payload),
        _ => false,
    }
}

/// Whether an H.264 packet has the parameters that come before a key frame, or, where they came another way, its beginning.
fn begins_idr(payload: &[u8]) -> bool {
    let is_beginning = |header: u8| matches!(header & NAL_TYPE, IDR | SPS);
    match payload {
        [first, rest @ ..] if first & NAL_TYPE == STAP_A => {
            units(rest).any(|unit| unit.first().copied().is_some_and(is_beginning))
        }
        // The first part of a unit says so in its top bit.
        [first, part, ..] if first & NAL_TYPE == FU_A => part & 0x80 != 0 && is_beginning(*part),
        [first, ..] => is_beginning(*first),
        [] => false,
    }
}

/// The units of a STAP-A: each after its length in two bytes.
fn units(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (unit, after) = after.split_at_checked(u16::from_be_bytes(*length).into())?;
        rest = after;
        Some(unit)
    })
}

fn layer(codec: Codec, payload: &[u8], descriptor: Option<&Descriptor>) -> Layer {
    match codec {
        Codec::Vp9 => Vp9Head::parse(payload).and_then(|head| head.place).map_or(Layer::None, Layer::Known),
        Codec::Av1 if descriptor.is_some() => Layer::Template,
        _ => Layer::None,
    }
}

fn numbers(codec: Codec, payload: &[u8], descriptor: Option<&Descriptor>) -> Numbers {
    match codec {
        Codec::Vp8 => Vp8Descriptor::parse(payload).map_or_else(
            |_| Numbers::default(),
            |descriptor| Numbers { picture: descriptor.picture_id(), base_layer: descriptor.tl0_pic_idx() },
        ),
        Codec::Vp9 => Vp9Head::parse(payload).map(|head| head.numbers).unwrap_or_default(),
        Codec::Av1 => Numbers { picture: descriptor.and_then(Descriptor::number), base_layer: None },
        _ => Numbers::default(),
    }
}

/// The beginning of VP9's payload descriptor (RFC 9628, 4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Vp9Head {
    begins_key_frame: bool,
    numbers: Numbers,
    /// Where it says of which layer it is.
    place: Option<Place>,
    picture_at: Option<usize>,
    /// PictureID has 15 bits, not 7.
    is_long: bool,
    base_layer_at: Option<usize>,
}

impl Vp9Head {
    fn parse(payload: &[u8]) -> Option<Self> {
        let flags = *payload.first()?;
        let has = |bit: u8| flags & bit != 0;
        let (has_picture, is_predicted, has_layers, is_flexible) = (has(0x80), has(0x40), has(0x20), has(0x10));
        let (begins, ends) = (has(0x08), has(0x04));
        let mut head = Self::default();
        let mut at = 1;
        if has_picture {
            let first = *payload.get(at)?;
            head.picture_at = Some(at);
            head.is_long = first & 0x80 != 0;
            head.numbers.picture = Some(match head.is_long {
                true => u16::from_be_bytes([first & 0x7f, *payload.get(at + 1)?]),
                false => first.into(),
            });
            at += if head.is_long { 2 } else { 1 };
        }
        if has_layers {
            let spatial = *payload.get(at)? >> 1 & 0x07;
            head.place = Some(Place { spatial, begins, ends });
            at += 1;
            if !is_flexible {
                head.base_layer_at = Some(at);
                head.numbers.base_layer = Some(*payload.get(at)?);
            }
        }
        head.begins_key_frame = begins && !is_predicted && head.place.is_none_or(|place| place.spatial == 0);
        Some(head)
    }
}

/// A dependency descriptor as it came, and how far its frame number is to be shifted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Descriptor {
    bytes: Arc<[u8]>,
    shift: u16,
}

impl Descriptor {
    fn number(&self) -> Option<u16> {
        let number = self.bytes.get(DESCRIPTOR_NUMBER)?;
        Some(u16::from_be_bytes(number.try_into().ok()?))
    }

    /// `mandatory_descriptor_fields`: the first and last packet of a frame, and which template it follows.
    fn place(&self, templates: &Templates) -> Option<Place> {
        let head = *self.bytes.first()?;
        // Numbers go round at 64.
        let nth = (head & 0x3f).wrapping_sub(templates.first) & 0x3f;
        let spatial = *templates.spatial.get(usize::from(nth))?;
        Some(Place { spatial, begins: head & 0x80 != 0, ends: head & 0x40 != 0 })
    }

    /// `template_dependency_structure`, as far as its `template_layers`; `None` where there is none.
    fn templates(&self) -> Option<Templates> {
        let mut bits = Bits { bytes: &self.bytes, at: 24 };
        let has_structure = bits.take(1)? == 1;
        bits.take(4)?;
        let first = bits.take(6).filter(|_| has_structure)?;
        bits.take(5)?;
        let (mut spatial, mut layer) = (Vec::new(), 0);
        loop {
            spatial.push(layer);
            match bits.take(2)? {
                3 => return Some(Templates { first, spatial }),
                2 => layer += 1,
                _ => {}
            }
            if spatial.len() == MOST_TEMPLATES {
                return None;
            }
        }
    }

    fn shifted(&self, shift: u16) -> Self {
        Self { bytes: self.bytes.clone(), shift }
    }
}

/// Bits, the highest of a byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next so many, eight at the most; `None` at the end.
    fn take(&mut self, count: usize) -> Option<u8> {
        (0..count).try_fold(0, |value, _| {
            let byte = *self.bytes.get(self.at / 8)?;
            let bit = byte >> (7 - self.at % 8) & 1;
            self.at += 1;
            Some(value << 1 | bit)
        })
    }
}

/// The extension for sections of video, with its number in our offers.
pub(super) fn descriptor_extension() -> (u8, Extension) {
    (DESCRIPTOR_ID, Extension::with_serializer(DESCRIPTOR_URI, PassThrough))
}

/// Carries dependency descriptors from one connection to another.
#[derive(Debug)]
struct PassThrough;

impl ExtensionSerializer for PassThrough {
    fn write_to(&self, buffer: &mut [u8], values: &ExtensionValues) -> usize {
        let Some(descriptor) = values.user_values.get::<Descriptor>() else { return 0 };
        let length = descriptor.bytes.len();
        let Some(room) = buffer.get_mut(..length) else { return 0 };
        room.copy_from_slice(&descriptor.bytes);
        if let (Some(number), Some(place)) = (descriptor.number(), room.get_mut(DESCRIPTOR_NUMBER)) {
            place.copy_from_slice(&number.wrapping_add(descriptor.shift).to_be_bytes());
        }
        length
    }

    fn parse_value(&self, buffer: &[u8], values: &mut ExtensionValues) -> bool {
        values.user_values.set(Descriptor { bytes: buffer.into(), shift: 0 });
        true
    }

    fn is_video(&self) -> bool {
        true
    }

    fn is_audio(&self) -> bool {
        false
    }

    /// A key frame's has the structure of all that follow in it.
    fn requires_two_byte_form(&self, values: &ExtensionValues) -> bool {
        values.user_values.get::<Descriptor>().is_some_and(|descriptor| descriptor.bytes.len() > ONE_BYTE_FORM)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_where_a_decoder_can_begin() {
        for (codec, payload, expect) in [
            // VP8: S and partition 0, then the frame's P bit; with an extended descriptor of all fields.
            (Codec::Vp8, &[0x10, 0x00][..], true),
            (Codec::Vp8, &[0x10, 0x01], false),
            (Codec::Vp8, &[0x00, 0x00], false),
            (Codec::Vp8, &[0x90, 0xf0, 0x81, 0x23, 0x07, 0x20, 0x00], true),
            (Codec::Vp8, &[0x90, 0xf0, 0x81], false),
            // VP9: the beginning of a frame that is not predicted, in the lowest spatial layer.
            (Codec::Vp9, &[0x88, 0x05], true),
            (Codec::Vp9, &[0xc8, 0x05], false),
            (Codec::Vp9, &[0x80, 0x05], false),
            (Codec::Vp9, &[0xa8, 0x05, 0x02, 0x09], false),
            (Codec::Vp9, &[0xa8, 0x05, 0x00, 0x09], true),
            // H.264: SPS alone and among others, IDR whole and in parts, anything else.
            (Codec::H264, &[0x67, 1, 2], true),
            (Codec::H264, &[0x78, 0, 2, 0x67, 1, 0, 1, 0x68], true),
            (Codec::H264, &[0x78, 0, 1, 0x68, 0, 1, 0x41], false),
            (Codec::H264, &[0x65, 1], true),
            (Codec::H264, &[0x7c, 0x85], true),
            (Codec::H264, &[0x7c, 0x05], false),
            (Codec::H264, &[0x41], false),
            (Codec::H264, &[], false),
            (Codec::Av1, &[0x08], true),
            (Codec::Av1, &[0x10], false),
        ] {
            assert_eq!(begins_key_frame(codec, payload), expect, "{codec:?} {payload:02x?}");
        }
    }

    #[test]
    fn reads_and_shifts_vp9s_numbers() {
        let head = Vp9Head::parse(&[0xa8, 0x81, 0x02, 0x00, 0x07, 0xff]).unwrap();
        assert_eq!(head.numbers, Numbers { picture: Some(0x0102), base_layer: Some(7) });
        let head = Vp9Head::parse(&[0x88, 0x7f, 0xff]).unwrap();
        assert_eq!(head.numbers, Numbers { picture: Some(0x7f), base_layer: None });
        assert_eq!(Vp9Head::parse(&[0xa8, 0x81]), None);
    }

    #[test]
    fn finds_layers() {
        let place = |spatial, begins, ends| Some(Place { spatial, begins, ends });
        assert_eq!(Vp9Head::parse(&[0xac, 0x05, 0x04, 0x09]).unwrap().place, place(2, true, true));
        assert_eq!(Vp9Head::parse(&[0xa0, 0x05, 0x22, 0x09]).unwrap().place, place(1, false, false));
        assert_eq!(Vp9Head::parse(&[0x88, 0x05]).unwrap().place, None);

        let descriptor = |bytes: &[u8]| Descriptor { bytes: bytes.into(), shift: 0 };
        // A structure with three templates of two spatial layers: numbers from 62 on; next_layer_idc 1, 2, 3.
        let bits = ["1", "0000", "111110", "00001", "01", "10", "11"].concat();
        let mut bytes = vec![0x80 | 62, 0, 1];
        let byte = |bits: &[u8]| bits.iter().fold(0, |byte, bit| byte << 1 | (bit - b'0')) << (8 - bits.len());
        bytes.extend(bits.as_bytes().chunks(8).map(byte));
        let templates = descriptor(&bytes).templates().unwrap();
        assert_eq!(templates, Templates { first: 62, spatial: vec![0, 0, 1] });
        assert_eq!(descriptor(&bytes).place(&templates), place(0, true, false));
        assert_eq!(descriptor(&[0xc0, 0, 2]).place(&templates), place(1, true, true));
        assert_eq!(descriptor(&[0x01, 0, 2]).place(&templates), None);
        assert_eq!(descriptor(&[0xc0, 0, 2]).templates(), None);
    }

    #[test]
    fn passes_descriptors_on_with_another_number() {
        let mut values = ExtensionValues::default();
        assert!(PassThrough.parse_value(&[0xc0, 0x00, 0xff, 0x80], &mut values));
        let descriptor = values.user_values.get::<Descriptor>().unwrap().shifted(2);
        assert_eq!(descriptor.number(), Some(0x00ff));
        values.user_values.set(descriptor);
        let mut buffer = [0; 8];
        assert_eq!(PassThrough.write_to(&mut buffer, &values), 4);
        assert_eq!(buffer[..4], [0xc0, 0x01, 0x01, 0x80]);
        // What has no room is left out rather than cut.
        assert_eq!(PassThrough.write_to(&mut [0; 3], &values), 0);
    }

    proptest! {
        #[test]
        fn reads_anything(payload in prop::collection::vec(any::<u8>(), 0..40)) {
            for codec in [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1, Codec::Opus] {
                let descriptor = Descriptor { bytes: payload.as_slice().into(), shift: 9 };
                let _ = (begins_key_frame(codec, &payload), numbers(codec, &payload, Some(&descriptor)));
                let _ = (layer(codec, &payload, Some(&descriptor)), descriptor.templates());
            }
        }
    }
}

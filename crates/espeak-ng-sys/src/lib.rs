//! The part of espeak-ng's C interface (speak_lib.h, espeak_ng.h) that Callstead calls, and the compiled data of the
//! embedded languages.
//!
//! espeak-ng keeps its state in globals and is not thread-safe: its one caller (`speech::local::espeak` in callstead)
//! holds a lock around every call.

use std::ffi::{c_char, c_int, c_short, c_uint, c_void};

/// A gzip-compressed tar of `espeak-ng-data`: phoneme tables, and dictionaries and voices for English and Arabic.
/// espeak-ng reads files, so it has to be unpacked before `espeak_Initialize`.
pub static DATA: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/espeak-ng-data.tar.gz"));

/// `espeak_AUDIO_OUTPUT::AUDIO_OUTPUT_SYNCHRONOUS`: samples are handed to the callback before `espeak_Synth` returns.
pub const AUDIO_OUTPUT_SYNCHRONOUS: c_int = 2;
/// `espeakINITIALIZE_DONT_EXIT`: report missing data instead of ending the process.
pub const INITIALIZE_DONT_EXIT: c_int = 0x8000;
/// `espeakCHARS_UTF8`
pub const CHARS_UTF8: c_uint = 1;
/// `espeakPHONEMES_IPA` for the `phonememode` of `espeak_TextToPhonemes`
pub const PHONEMES_IPA: c_int = 2;
/// `espeak_PARAMETER::espeakRATE`, words a minute, 80 to 450
pub const PARAMETER_RATE: c_int = 1;
/// `espeak_PARAMETER::espeakPITCH`, 0 to 100
pub const PARAMETER_PITCH: c_int = 3;
/// `espeak_POSITION_TYPE::POS_CHARACTER`
pub const POSITION_CHARACTER: c_int = 1;

/// `espeakENDPAUSE`: the pause that the last punctuation asks for is part of the sound
pub const END_PAUSE: c_uint = 0x1000;

/// `espeak_EVENT_TYPE::espeakEVENT_LIST_TERMINATED`: ends the list that the callback gets
pub const EVENT_LIST_TERMINATED: c_int = 0;
/// `espeak_EVENT_TYPE::espeakEVENT_WORD`: a word begins
pub const EVENT_WORD: c_int = 1;

/// `espeak_EVENT`
#[repr(C)]
pub struct Event {
    /// `espeak_EVENT_TYPE`
    pub kind: c_int,
    /// Of the message, or 0.
    pub unique_identifier: c_uint,
    /// Characters from the start of the text, the first being 1.
    pub text_position: c_int,
    /// Of a word, in characters.
    pub length: c_int,
    /// Milliseconds from the start of the sound.
    pub audio_position: c_int,
    /// The same in samples.
    pub sample: c_int,
    /// What was given to `espeak_Synth`.
    pub user_data: *mut c_void,
    /// A number, a pointer or a phoneme's name, as `kind` says.
    pub id: [u8; 8],
}

/// `t_espeak_callback`: `samples` of signed 16-bit mono audio (null at the end) and what happens in them, a list that ends
/// with [`EVENT_LIST_TERMINATED`]; return 1 to stop, 0 to go on.
pub type SynthCallback = unsafe extern "C" fn(wav: *mut c_short, samples: c_int, events: *mut Event) -> c_int;

unsafe extern "C" {
    /// Returns the sample rate in Hz, or -1. `path` is the folder that holds `espeak-ng-data`, or that folder itself.
    pub fn espeak_Initialize(output: c_int, buffer_ms: c_int, path: *const c_char, options: c_int) -> c_int;
    /// Returns 0 (`EE_OK`) when the voice exists.
    pub fn espeak_SetVoiceByName(name: *const c_char) -> c_int;
    /// Returns 0 (`EE_OK`) when the value was set.
    pub fn espeak_SetParameter(parameter: c_int, value: c_int, relative: c_int) -> c_int;
    /// Phonemes of one clause; moves `*text` behind it, or to null at the end. The result is overwritten by the next
    /// call.
    pub fn espeak_TextToPhonemes(text: *mut *const c_void, text_mode: c_int, phoneme_mode: c_int) -> *const c_char;
    /// Where samples go.
    pub fn espeak_SetSynthCallback(callback: Option<SynthCallback>);
    /// Speaks `size` bytes of zero-terminated text to the callback; 0 (`EE_OK`) on success.
    pub fn espeak_Synth(
        text: *const c_void,
        size: usize,
        position: c_uint,
        position_type: c_int,
        end_position: c_uint,
        flags: c_uint,
        unique_identifier: *mut c_uint,
        user_data: *mut c_void,
    ) -> c_int;
}

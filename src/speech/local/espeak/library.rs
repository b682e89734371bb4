//! The one caller of espeak-ng's C interface.
//!
//! espeak-ng keeps its state in globals and is not thread-safe. A process has one [`Library`], behind one lock, and every
//! call borrows it mutably.
#![expect(unsafe_code, reason = "espeak-ng is a C library")]

use std::{
    ffi::{CStr, CString, c_int, c_short, c_void},
    ops::ControlFlow,
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr, slice,
    sync::{Mutex, PoisonError},
};

use espeak_ng_sys as sys;

/// Words a minute at normal speed (`espeakRATE_NORMAL`).
const NORMAL_RATE: f32 = 175.0;
/// How much sound the callback gets at once, in milliseconds.
const BUFFER_MS: c_int = 100;
/// espeak-ng looks a character or two beyond the end of a clause, keeps them for the next call, and forgets that they
/// were the last ones of the text. Spaces are no loss.
const PADDING: &str = "    ";

static LIBRARY: Mutex<Option<Library>> = Mutex::new(None);

/// espeak-ng, initialised.
pub(super) struct Library {
    voice: Option<String>,
    /// Of the sound, in Hz.
    rate_hz: u32,
}

/// A word begins, as espeak-ng counts: both from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WordEvent {
    /// In the text.
    pub(super) character: usize,
    /// In the sound.
    pub(super) sample: usize,
}

/// Takes the next sound, and the words that begin in it; breaks when it wants no more.
pub(super) type Sink<'a> = dyn FnMut(&[i16], &mut dyn Iterator<Item = WordEvent>) -> ControlFlow<()> + 'a;

/// One of espeak-ng's own clauses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clause<'t> {
    /// In the international phonetic alphabet.
    pub(super) phonemes: String,
    /// The text that it was made from, with a few characters of what follows.
    pub(super) text: &'t str,
}

/// Initialises espeak-ng with the data files in `folder`, if nobody has in this process; returns the sound's rate in Hz.
pub(super) fn initialize(folder: &Path) -> Result<u32, String> {
    let mut library = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(library) = library.as_ref() {
        return Ok(library.rate_hz);
    }
    let opened = Library::open(folder)?;
    Ok(library.insert(opened).rate_hz)
}

/// Runs `work` with espeak-ng, alone.
///
/// # Errors
/// Those of `work`; or nobody has called [`initialize`].
pub(super) fn with<T>(work: impl FnOnce(&mut Library) -> Result<T, String>) -> Result<T, String> {
    let mut library = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
    work(library.as_mut().ok_or("espeak-ng is not initialised")?)
}

impl Library {
    fn open(folder: &Path) -> Result<Self, String> {
        let path = CString::new(folder.as_os_str().as_bytes()).map_err(|error| error.to_string())?;
        // SAFETY: `path` is a zero-terminated string that espeak-ng copies; the caller holds the lock.
        let rate = unsafe {
            sys::espeak_Initialize(sys::AUDIO_OUTPUT_SYNCHRONOUS, BUFFER_MS, path.as_ptr(), sys::INITIALIZE_DONT_EXIT)
        };
        let rate_hz = u32::try_from(rate).map_err(|_| format!("its data in {} cannot be read", folder.display()))?;
        // SAFETY: the callback lives as long as the program.
        unsafe { sys::espeak_SetSynthCallback(Some(take_samples)) };
        Ok(Self { voice: None, rate_hz })
    }

    fn set_voice(&mut self, name: &str) -> Result<(), String> {
        if self.voice.as_deref() == Some(name) {
            return Ok(());
        }
        let c_name = CString::new(name).map_err(|error| error.to_string())?;
        self.voice = None;
        // SAFETY: `c_name` is a zero-terminated string that espeak-ng only reads.
        match unsafe { sys::espeak_SetVoiceByName(c_name.as_ptr()) } {
            0 => self.voice = Some(name.to_owned()),
            status => return Err(format!("its voice {name} cannot be read (status {status})")),
        }
        Ok(())
    }

    /// The phonemes of `text`, clause by clause as espeak-ng divides it.
    pub(super) fn phonemes<'t>(&mut self, text: &'t str, voice: &str) -> Result<Vec<Clause<'t>>, String> {
        self.set_voice(voice)?;
        let padded = CString::new(format!("{text}{PADDING}")).map_err(|error| error.to_string())?;
        let start = padded.as_ptr().cast::<c_void>();
        let mut next = start;
        let mut clauses = Vec::new();
        let mut done = 0;
        while !next.is_null() {
            // SAFETY: `next` points into `padded`, which outlives the loop, and a voice is set. The result is espeak-ng's
            // own buffer, valid until the next call, and copied at once.
            let phonemes = unsafe {
                let result = sys::espeak_TextToPhonemes(&raw mut next, sys::CHARS_UTF8 as c_int, sys::PHONEMES_IPA);
                if result.is_null() {
                    break;
                }
                CStr::from_ptr(result).to_string_lossy().into_owned()
            };
            let end = if next.is_null() { text.len() } else { (next.addr() - start.addr()).min(text.len()) };
            clauses.push(Clause { phonemes, text: text.get(done..end).unwrap_or_default() });
            done = end;
        }
        Ok(clauses)
    }

    /// Speaks `text`, handing over 16-bit samples until there are no more or `sink` breaks. `speed` is 1.0 normally.
    pub(super) fn speak(&mut self, text: &str, voice: &str, speed: f32, mut sink: &mut Sink<'_>) -> Result<(), String> {
        self.set_voice(voice)?;
        let c_text = CString::new(text).map_err(|error| error.to_string())?;
        let rate = (NORMAL_RATE * speed).round() as c_int;
        // A pause follows a mark; a clause that was cut between words runs on into the next.
        let ends_in_mark = text.trim_end().ends_with(|c: char| !c.is_alphanumeric());
        let pause = if ends_in_mark { sys::END_PAUSE } else { 0 };
        // SAFETY: `c_text` outlives the call, which returns when all sound has been handed over. `sink` is passed as a
        // pointer to the reference itself, which outlives the call too; only `take_samples` reads it, during the call.
        let status = unsafe {
            sys::espeak_SetParameter(sys::PARAMETER_RATE, rate, 0);
            sys::espeak_Synth(
                c_text.as_ptr().cast(),
                c_text.as_bytes_with_nul().len(),
                0,
                sys::POSITION_CHARACTER,
                0,
                sys::CHARS_UTF8 | pause,
                ptr::null_mut(),
                (&raw mut sink).cast(),
            )
        };
        match status {
            0 => Ok(()),
            status => Err(format!("its speech ended with status {status}")),
        }
    }
}

unsafe extern "C" fn take_samples(samples: *mut c_short, count: c_int, events: *mut sys::Event) -> c_int {
    let count = usize::try_from(count).unwrap_or(0);
    if samples.is_null() || count == 0 {
        return 0;
    }
    // SAFETY: espeak-ng calls this only within `Library::speak`, with `count` samples and a list of events that ends with
    // `EVENT_LIST_TERMINATED`. All of them carry the pointer given there, that last one too.
    let (samples, events, sink) = unsafe {
        let mut length = 0;
        while (*events.add(length)).kind != sys::EVENT_LIST_TERMINATED {
            length += 1;
        }
        let sink = (*events).user_data.cast::<&mut Sink<'_>>();
        (slice::from_raw_parts(samples, count), slice::from_raw_parts(events, length), &mut *sink)
    };
    let mut words = events.iter().filter(|event| event.kind == sys::EVENT_WORD).filter_map(|event| {
        let character = usize::try_from(event.text_position).ok()?.checked_sub(1)?;
        Some(WordEvent { character, sample: usize::try_from(event.sample).ok()? })
    });
    c_int::from(sink(samples, &mut words).is_break())
}

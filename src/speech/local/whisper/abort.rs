//! Stops whisper.cpp in the middle of its computation: it looks after each pass of the encoder and each token of the
//! decoder (whisper.cpp 1.8.3, `whisper_encode_internal`, `whisper_decode_internal`).
//!
//! whisper-rs 0.16 has `set_abort_callback_safe`, but that stores a boxed trait object and reads it back as another
//! type. So the raw callback is used here, with a pointer that outlives the call by construction.
#![expect(unsafe_code, reason = "whisper.cpp takes a C callback with a raw pointer")]

use std::{
    cell::Cell,
    ffi::c_void,
    sync::atomic::{AtomicU64, Ordering},
};

use whisper_rs::{FullParams, WhisperError, WhisperState};

/// What the callback sees.
struct Watch<'a> {
    stop: &'a dyn Fn() -> bool,
    steps: &'a AtomicU64,
    stopped: Cell<bool>,
}

/// Runs whisper over `samples` until it is done or `stop` says so, and counts its steps.
/// `Ok(true)`: done; `Ok(false)`: stopped, the state holds nothing of use.
pub(super) fn run(
    state: &mut WhisperState,
    mut parameters: FullParams<'_, '_>,
    samples: &[f32],
    stop: &dyn Fn() -> bool,
    steps: &AtomicU64,
) -> Result<bool, WhisperError> {
    let watch = Watch { stop, steps, stopped: Cell::new(false) };
    // SAFETY: whisper.cpp calls `on_step` with this pointer only during `full` below, on the thread that calls that, and
    // `watch` lives until after it. The callback only reads `watch` through a shared reference, and does not touch
    // whisper's state.
    unsafe {
        parameters.set_abort_callback(Some(on_step));
        parameters.set_abort_callback_user_data((&raw const watch).cast_mut().cast());
    }
    match state.full(parameters, samples) {
        _ if watch.stopped.get() => Ok(false),
        Ok(()) => Ok(true),
        Err(error) => Err(error),
    }
}

/// `ggml_abort_callback`: true ends the computation.
unsafe extern "C" fn on_step(user_data: *mut c_void) -> bool {
    // SAFETY: `run` passes a pointer to a `Watch` that is alive during the call.
    let watch = unsafe { &*user_data.cast::<Watch<'_>>() };
    watch.steps.fetch_add(1, Ordering::Relaxed);
    if (watch.stop)() {
        watch.stopped.set(true);
    }
    watch.stopped.get()
}

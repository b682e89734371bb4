//! llama.cpp's and ggml's log lines go to `tracing` at debug: what they call information is noise to an operator, and
//! what they call an error is reported by whoever called them, with [`last_error`] as the reason.
#![expect(unsafe_code, reason = "llama.cpp takes a C function for its log lines")]

use std::{
    cell::RefCell,
    ffi::{CStr, c_char, c_void},
    ptr,
};

use llama_cpp_sys_2::{GGML_LOG_LEVEL_ERROR, ggml_log_level, llama_log_set};

thread_local! {
    /// The latest error on this thread: llama.cpp logs before it returns to its caller.
    static LAST_ERROR: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Sends everything that the two log from now on to `tracing`. May be called again.
pub(super) fn to_tracing() {
    // SAFETY: `line` has the callback's type, keeps nothing it is given, and needs no user data.
    unsafe { llama_log_set(Some(line), ptr::null_mut()) };
}

/// Takes the latest error that llama.cpp logged on this thread.
pub(super) fn last_error() -> Option<String> {
    LAST_ERROR.take()
}

/// Takes one line; called from any of ggml's threads.
unsafe extern "C" fn line(level: ggml_log_level, text: *const c_char, _user_data: *mut c_void) {
    if text.is_null() {
        return;
    }
    // SAFETY: both libraries pass a NUL-terminated string that lives during the call.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let text = text.trim();
    if text.is_empty() || text.chars().all(|character| character == '.') {
        return;
    }
    tracing::debug!(target: "llama.cpp", "{text}");
    if level == GGML_LOG_LEVEL_ERROR {
        // A thread that is ending has no such storage any more, and nobody to ask for it.
        let _ = LAST_ERROR.try_with(|error| error.replace(Some(text.to_owned())));
    }
}

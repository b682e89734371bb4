//! What the processor must be able to do. The engines are compiled for x86-64-v3 (AVX2, from 2013 on); elsewhere they
//! would die of an illegal instruction without a word.
//!
//! The engines' C++ runs code before `main` (static constructors), so the check runs before even that: from
//! `.preinit_array`, which the dynamic linker goes through before the constructors of the program (System V ABI,
//! "Initialization and Termination Functions").
#![expect(unsafe_code, reason = "code that runs before main may not rely on Rust's runtime")]

/// The message ends in a new line, as it is written in one piece.
const MESSAGE: &str = "error: this processor lacks AVX2 or another part of x86-64-v3, which callstead needs: \
    use a machine of 2013 or later, or a virtual machine that passes the host's processor through\n";

/// What this processor lacks of x86-64-v3, by the names of the System V ABI for x86-64, section "Micro-Architecture
/// Levels". Its OSXSAVE is part of how AVX is detected.
#[cfg(target_arch = "x86_64")]
pub fn missing_features() -> Vec<&'static str> {
    features().into_iter().filter(|(_, there)| !there).map(|(name, _)| name).collect()
}

#[cfg(target_arch = "x86_64")]
fn features() -> [(&'static str, bool); 8] {
    [
        ("AVX", is_x86_feature_detected!("avx")),
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("BMI1", is_x86_feature_detected!("bmi1")),
        ("BMI2", is_x86_feature_detected!("bmi2")),
        ("F16C", is_x86_feature_detected!("f16c")),
        ("FMA", is_x86_feature_detected!("fma")),
        ("LZCNT", is_x86_feature_detected!("lzcnt")),
        ("MOVBE", is_x86_feature_detected!("movbe")),
    ]
}

/// Other processors have no levels to check.
#[cfg(not(target_arch = "x86_64"))]
pub fn missing_features() -> Vec<&'static str> {
    Vec::new()
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[used]
// SAFETY: the linker puts the pointer among those that the dynamic linker calls before any constructor; `check` has
// the right calling convention (the arguments it is given may be ignored) and needs nothing that is set up later.
#[unsafe(link_section = ".preinit_array")]
static BEFORE_EVERYTHING: extern "C" fn() = check;

/// Ends the process with a clear message on a processor that is too old. Allocates nothing and calls nothing but the C
/// library, which is ready at this point.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
extern "C" fn check() {
    if features().iter().all(|(_, there)| *there) {
        return;
    }
    // SAFETY: the pointer and length are those of a static string; `_exit` does not return and needs no set-up.
    unsafe {
        libc::write(libc::STDERR_FILENO, MESSAGE.as_ptr().cast(), MESSAGE.len());
        libc::_exit(1);
    }
}

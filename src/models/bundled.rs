//! Files that the binary carries: our own small models, for tests and for a demo without a network.

/// Name in the manifest, and the bytes.
const FILES: &[(&str, &[u8])] = &[
    ("ggml-starter.en-ts-q5_0.bin", include_bytes!("../../models/starter-stt/ggml-starter.en-ts-q5_0.bin")),
    ("starter.onnx", include_bytes!("../../models/starter-voice/starter.onnx")),
    ("starter.onnx.json", include_bytes!("../../models/starter-voice/starter.onnx.json")),
];

/// The bytes of a bundled file.
pub(super) fn get(name: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}

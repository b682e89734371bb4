-- Promises and callbacks can be deleted like what they are about: they are hidden, and calls and the audit log still name them.
ALTER TABLE promises ADD COLUMN deleted_at INTEGER;
ALTER TABLE callbacks ADD COLUMN deleted_at INTEGER;
-- Which model or voice of the provider each stage ran.
ALTER TABLE turns ADD COLUMN stt_model TEXT;
ALTER TABLE turns ADD COLUMN llm_model TEXT;
ALTER TABLE turns ADD COLUMN tts_voice TEXT;
-- What the language model read, how much of that it found in its cache, and what it wrote; null when it was not asked, or
-- did not come to its end.
ALTER TABLE turns ADD COLUMN prompt_tokens INTEGER;
ALTER TABLE turns ADD COLUMN cached_tokens INTEGER;
ALTER TABLE turns ADD COLUMN generated_tokens INTEGER;

-- How long an agent with this profile bears with a silent caller, in seconds, and with a call, in minutes; null: as the configuration
-- says.
ALTER TABLE agent_profiles ADD COLUMN silence_seconds INTEGER;
ALTER TABLE agent_profiles ADD COLUMN max_minutes INTEGER;

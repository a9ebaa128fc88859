-- Why a channel was changed, beside who, when, and what it was before.
ALTER TABLE channel_change ADD COLUMN reason text NOT NULL DEFAULT '';

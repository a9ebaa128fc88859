-- Whoever moves to another family card keeps his number to pay to; it pays for that family then. Who
-- comes back to a family is another participant of it under the same number.
GRANT UPDATE (family_id) ON virtual_account_number TO iuran_app;
GRANT UPDATE (participant_id) ON virtual_account TO iuran_app;

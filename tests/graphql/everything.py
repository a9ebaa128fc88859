"""One of everything that a family may have, written as the domain would leave it."""

from collections.abc import Mapping, Sequence
from typing import LiteralString

from iuran.core.database.pool import Pool
from iuran.graphql.global_ids import id_of

FINE_WINDOW: LiteralString = """
    INSERT INTO fine_window (family_id, membership_id, first_day, last_day, arrears_months,
                             opened_at)
    VALUES ($1, $2, '2026-01-02', '2026-02-16', 3, '2026-01-02 09:00+07')
"""
REVISION: LiteralString = """
    INSERT INTO bill_revision (family_id, membership_id, coverage_month, version, cause,
                               amount_before, amount_after, revised_at)
    SELECT $1, $2, max(coverage_month), 2, 'MEMBER_ADDED', 35000, 70000, '2026-01-02 09:00+07'
    FROM bill WHERE family_id = $1 AND membership_id = $2
"""
CREDIT: LiteralString = """
    INSERT INTO credit_entry (family_id, membership_id, amount, cause, booked_at, value_date)
    VALUES ($1, $2, 5000, 'CORRECTION', '2026-01-02 09:00+07', '2026-01-02')
"""
REFUND: LiteralString = """
    INSERT INTO refund (family_id, membership_id, amount, reason, note, payee_name, payee_bank,
                        payee_account, requested_by, requested_at)
    VALUES ($1, $2, 5000, 'OVERPAYMENT', 'kelebihan bayar', 'SITI CONTOH', 'Bank Contoh',
            '990000012345', 'petugas-1', '2026-01-03 09:00+07')
    RETURNING refund_id
"""
REFUND_EVENT: LiteralString = """
    INSERT INTO refund_event (family_id, refund_id, was, state, reason, by_whom, at)
    SELECT family_id, refund_id, NULL, 'REQUESTED', 'kelebihan bayar', 'petugas-1', requested_at
    FROM refund WHERE family_id = $1 AND membership_id = $2
"""
PLAN: LiteralString = """
    INSERT INTO instalment_plan (family_id, membership_id, first_month, oldest_month, steps,
                                 arrears_months, planned_amount, step_amount, active_at_first,
                                 registered_by, registered_at, state, paid_steps, ended_at)
    VALUES ($1, $2, 24304, 24300, 2, 4, 280000, 140000, false, 'petugas-1',
            '2025-05-02 09:00+07', 'FINISHED', 2, '2025-06-02 09:00+07')
    RETURNING plan_id
"""
STEP: LiteralString = """
    INSERT INTO instalment_payment (family_id, plan_id, step, payment_id, amount, paid_at)
    SELECT p.family_id, n.plan_id, 1, p.payment_id, 140000, '2025-05-02 09:00+07'
    FROM payment AS p JOIN instalment_plan AS n ON n.family_id = p.family_id
    WHERE p.family_id = $1 AND n.membership_id = $2
    LIMIT 1
"""
FACILITIES: LiteralString = """
    INSERT INTO facility (facility_code, name, level, kind, district, province, address,
                          registered_at, registered_by)
    VALUES ('0301R001', 'RS Contoh', 'FKRTL', 'HOSPITAL', 'Kota Contoh', 'Provinsi Contoh',
            'Jalan Contoh 1', '2025-01-01 09:00+07', 'petugas-1'),
           ('0112P002', 'Puskesmas Contoh', 'FKTP', 'PUSKESMAS', 'Kota Contoh',
            'Provinsi Contoh', 'Jalan Contoh 2', '2025-01-01 09:00+07', 'petugas-1')
    ON CONFLICT DO NOTHING
"""
SERVICES: LiteralString = """
    INSERT INTO facility_service (facility_code, service)
    VALUES ('0301R001', 'DIALYSIS'), ('0301R001', 'EMERGENCY') ON CONFLICT DO NOTHING
"""
CONTRACT: LiteralString = """
    INSERT INTO facility_contract (facility_code, first_day, last_day, recorded_by, recorded_at,
                                   reason, approved_by, approved_at)
    VALUES ('0301R001', '2025-01-01', '2026-12-31', 'petugas-1', '2025-01-01 09:00+07', 'baru',
            'petugas-2', '2025-01-01 10:00+07'),
           ('0112P002', '2024-01-01', '2024-12-31', 'petugas-1', '2024-01-01 09:00+07', 'baru',
            'petugas-2', '2024-01-01 10:00+07') ON CONFLICT DO NOTHING
"""
HOME: LiteralString = """
    INSERT INTO home_facility (family_id, participant_id, facility_code, first_day, reason,
                               recorded_at, recorded_by)
    SELECT family_id, min(participant_id), '0112P002', '2025-11-01', 'FIRST_CHOICE',
           '2025-11-01 09:00+07', 'petugas-1'
    FROM participant WHERE family_id = $1 GROUP BY family_id
"""
NUMBERS: LiteralString = """
    INSERT INTO care_number (care_number, family_id)
    SELECT '0301R0010126' || kind || lpad($1::bigint::text, 6, '0'), $1::bigint
    FROM unnest(ARRAY['V', 'Y', 'P']) AS kind
"""
VISIT: LiteralString = """
    INSERT INTO facility_visit (family_id, visit_number, participant_id, facility_code, care_type,
                                is_emergency, is_away, visited_at, visited_on, recorded_by)
    SELECT family_id, '0301R0010126Y' || lpad($1::bigint::text, 6, '0'),
           min(participant_id), '0301R001',
           'RJTP', true, true, '2026-01-05 09:00+07', '2026-01-05', 'petugas-1'
    FROM participant WHERE family_id = $1 GROUP BY family_id
"""
REFERRAL: LiteralString = """
    INSERT INTO referral (family_id, referral_number, participant_id, from_facility_code,
                          to_facility_code, diagnosis_code, issued_on, valid_until, issued_at,
                          issued_by)
    SELECT family_id, '0301R0010126P' || lpad($1::bigint::text, 6, '0'),
           min(participant_id), '0112P002',
           '0301R001', 'E11.9', '2026-01-05', '2026-04-04', '2026-01-05 09:00+07', 'petugas-1'
    FROM participant WHERE family_id = $1 GROUP BY family_id
"""
LETTER: LiteralString = """
    INSERT INTO eligibility_letter (family_id, letter_number, participant_id, membership_id,
                                    facility_code, care_type, care_class, is_emergency,
                                    referral_number, diagnosis_code, starts_at, starts_on,
                                    issued_at, issued_by)
    SELECT family_id, '0301R0010126V' || lpad($1::bigint::text, 6, '0'), min(participant_id), $2,
           '0301R001', 'RITL', 3, false, '0301R0010126P' || lpad($1::bigint::text, 6, '0'), 'E11.9',
           '2026-01-06 09:00+07', '2026-01-06', '2026-01-06 09:00+07', 'petugas-1'
    FROM participant WHERE family_id = $1 GROUP BY family_id
"""
STAY_FINE: LiteralString = """
    INSERT INTO stay_fine (family_id, letter_number, debtor, amount, months, window_first_day,
                           window_last_day, fine_rate_from, estimated_tariff, pay_by, assessed_at)
    SELECT family_id, letter_number, 'FAMILY', 1500000, 3, '2026-01-02', '2026-02-16',
           '2026-01-06', 10000000, '2026-01-09 09:00+07', '2026-01-06 09:00+07'
    FROM eligibility_letter WHERE family_id = $1 AND membership_id = $2
"""
CLAIM: LiteralString = """
    INSERT INTO claim (family_id, participant_id, kind, care_type, is_emergency, facility_code,
                       letter_number, served_on, expires_on, amount_claimed, state, opened_by,
                       opened_at, submitted_on, complete_on, pay_by, proposal, amount_verified,
                       verified_by, decided_by)
    SELECT family_id, participant_id, 'FACILITY', care_type, is_emergency, facility_code,
           letter_number, starts_on, '2026-07-06', 9000000, 'PAID', 'petugas-1',
           '2026-01-10 09:00+07', '2026-01-10', '2026-01-12', '2026-01-27', 'APPROVED', 8000000,
           'petugas-2', 'petugas-3'
    FROM eligibility_letter WHERE family_id = $1 AND membership_id = $2
"""
REIMBURSEMENT: LiteralString = """
    INSERT INTO claim (family_id, participant_id, kind, care_type, is_emergency, facility_code,
                       served_on, expires_on, amount_claimed, opened_by, opened_at)
    SELECT family_id, participant_id, 'REIMBURSEMENT', 'RJTL', true, facility_code,
           '2025-08-06', '2026-02-06', 500000, 'petugas-1', '2025-08-10 09:00+07'
    FROM eligibility_letter WHERE family_id = $1 AND membership_id = $2
"""
CLAIM_DOCUMENT: LiteralString = """
    INSERT INTO claim_document (family_id, claim_id, document, sha256, added_at, added_by)
    SELECT family_id, claim_id, 'RECEIPT', repeat('ab', 32), opened_at, opened_by
    FROM claim WHERE family_id = $1 AND letter_number IS NOT NULL AND $2::bigint IS NOT NULL
"""
CLAIM_EVENT: LiteralString = """
    INSERT INTO claim_event (family_id, claim_id, was, state, reason, by_whom, at)
    SELECT family_id, claim_id, 'APPROVED', 'PAID', 'dibayar', 'petugas-3', '2026-01-20 09:00+07'
    FROM claim WHERE family_id = $1 AND letter_number IS NOT NULL AND $2::bigint IS NOT NULL
"""
CLAIM_PAYMENT: LiteralString = """
    INSERT INTO claim_payment (family_id, claim_id, payee, amount, late_compensation, paid_at,
                               value_date, ordered_by)
    SELECT family_id, claim_id, 'RS Contoh', 8000000, 0, '2026-01-20 09:00+07', '2026-01-20',
           'petugas-3'
    FROM claim WHERE family_id = $1 AND letter_number IS NOT NULL AND $2::bigint IS NOT NULL
"""
COMPLAINT: LiteralString = """
    WITH given AS (SELECT nextval('complaint_number_seq') AS id)
    INSERT INTO complaint (bucket, complaint_id, channel, category, reporter_name,
                           reporter_contact, reporter_family, text, state, received_at, received_by,
                           answer_by, assigned_to)
    SELECT id % 16, id, 'MOBILE', 'SERVICE', 'SITI CONTOH', '081200001234', $1, 'Antre lama.',
           'ASSIGNED', '2026-01-07 09:00+07', 'mobile', '2026-01-14', 'petugas-1'
    FROM given
"""
COMPLAINT_EVENT: LiteralString = """
    INSERT INTO complaint_event (bucket, complaint_id, was, state, assigned_to, reason, by_whom, at)
    SELECT bucket, complaint_id, 'RECEIVED', 'ASSIGNED', 'petugas-1', 'bagian pelayanan',
           'petugas-2', '2026-01-08 09:00+07'
    FROM complaint WHERE reporter_family = $1
"""
EMPLOYER: LiteralString = """
    INSERT INTO employer (name, ppu_group, region, registered_at)
    SELECT 'PT Contoh', 'PRIVATE', '9901', '2025-01-01 09:00+07'
    WHERE NOT EXISTS (SELECT FROM employer)
"""
EMPLOYER_NUMBER: LiteralString = """
    INSERT INTO employer_account_number (customer_number, employer_id, issued_on)
    SELECT '80000000001', min(employer_id), '2025-01-01' FROM employer ON CONFLICT DO NOTHING
"""
EMPLOYER_BILL: LiteralString = """
    INSERT INTO employer_bill (employer_id, coverage_month, part, workers, employer_share,
                               worker_share, amount, due_date, issued_at)
    SELECT min(employer_id), 2026 * 12, 1, 1, 200000, 50000, 250000, '2026-01-12',
           '2026-01-01 00:10+07'
    FROM employer ON CONFLICT DO NOTHING
"""
EMPLOYER_PAYMENT: LiteralString = """
    INSERT INTO employer_payment (employer_id, channel_id, reference, amount, received_at,
                                  value_date)
    SELECT min(e.employer_id), min(c.channel_id), 'EMP-1', 250000, '2026-01-05 09:00+07',
           '2026-01-05'
    FROM employer AS e, channel AS c ON CONFLICT DO NOTHING
"""
EMPLOYER_ALLOCATION: LiteralString = """
    INSERT INTO employer_payment_allocation (employer_id, payment_id, coverage_month, part, amount)
    SELECT p.employer_id, p.payment_id, 2026 * 12, 1, 250000
    FROM employer_payment AS p WHERE p.reference = 'EMP-1' ON CONFLICT DO NOTHING
"""
GOVERNMENT: LiteralString = """
    INSERT INTO government (region, name) VALUES ('99', 'Provinsi Contoh') ON CONFLICT DO NOTHING
"""
GOVERNMENT_BILL: LiteralString = """
    INSERT INTO government_bill_line (region, coverage_month, programme, people, amount, withheld,
                                      issued_at)
    VALUES ('99', 2026 * 12, 'PBPU_PEMDA', 10, 350000, 0, '2026-01-01 00:10+07')
"""
SUSPENSE_REFERENCE: LiteralString = """
    INSERT INTO payment_reference (channel_id, reference, customer_number, amount, received_at)
    SELECT min(channel_id), 'NYASAR-1', '09999999999', 50000, '2026-01-05 09:00+07' FROM channel
    ON CONFLICT DO NOTHING
"""
SUSPENSE: LiteralString = """
    INSERT INTO suspense_item (channel_id, reference, customer_number, amount, reason,
                               received_at, value_date)
    SELECT channel_id, reference, customer_number, amount, 'VIRTUAL_ACCOUNT_UNKNOWN', received_at,
           '2026-01-05'
    FROM payment_reference WHERE reference = 'NYASAR-1' ON CONFLICT DO NOTHING
"""
DISPUTED: LiteralString = """
    INSERT INTO disputed_payment (channel_id, reference, customer_number, amount, service, paid_at,
                                  found_at, told)
    SELECT channel_id, reference, '8888809999999998', amount * 2, 35, received_at,
           '2026-01-06 09:00+07', '{}'
    FROM payment_reference WHERE reference = 'NYASAR-1' ON CONFLICT DO NOTHING
"""
DISPUTE_PROPOSAL: LiteralString = """
    INSERT INTO dispute_proposal (channel_id, dispute_id, outcome, reason, proposed_by, proposed_at)
    SELECT channel_id, dispute_id, 'BANK_CORRECTED', 'mutasi', 'petugas-1', '2026-01-06 09:00+07'
    FROM disputed_payment
"""
CLOSED_DISPUTE: LiteralString = """
    WITH closed AS (
        INSERT INTO disputed_payment (channel_id, reference, customer_number, amount, service,
                                      found_at, told, closed_at)
        SELECT channel_id, reference, '09999999999', amount * 3, 34, '2026-01-06 10:00+07', '{}',
               '2026-01-06 11:00+07'
        FROM payment_reference WHERE reference = 'NYASAR-1' ON CONFLICT DO NOTHING
        RETURNING channel_id, dispute_id, amount
    ), proposed AS (
        INSERT INTO dispute_proposal (channel_id, dispute_id, outcome, reason, proposed_by,
                                      proposed_at)
        SELECT channel_id, dispute_id, 'BOOKED', 'ada di rekening', 'petugas-1',
               '2026-01-06 10:30+07'
        FROM closed
        RETURNING channel_id, dispute_id, proposal_id, proposed_by
    )
    INSERT INTO dispute_closing (channel_id, dispute_id, proposal_id, proposed_by, approved_by,
                                 approved_at, booked_reference, booked_amount, result)
    SELECT p.channel_id, p.dispute_id, p.proposal_id, p.proposed_by, 'petugas-2',
           '2026-01-06 11:00+07', 'NYASAR-1#2', c.amount, 'CREDITED'
    FROM proposed AS p JOIN closed AS c USING (channel_id, dispute_id)
"""
SUSPENSE_PROPOSAL: LiteralString = """
    INSERT INTO suspense_proposal (channel_id, reference, kind, payee_name, payee_bank,
                                   payee_account, reason, proposed_by, proposed_at)
    SELECT channel_id, reference, 'PAYER', 'SITI CONTOH', 'Bank Contoh', '990000012345',
           'salah nomor', 'petugas-1', '2026-01-06 09:00+07'
    FROM suspense_item
"""
WRITE_OFF_ORDER: LiteralString = """
    INSERT INTO write_off_order (rule, only_family, reason, proposed_by, proposed_at)
    SELECT min(rule), (SELECT min(family_id) FROM family), 'UU contoh', 'petugas-1',
           '2026-01-06 09:00+07'
    FROM write_off_rule
"""
CAPITATION_TARIFF: LiteralString = """
    INSERT INTO capitation_tariff (facility_code, first_month, amount, reason, recorded_by,
                                   recorded_at, approved_by, approved_at)
    SELECT facility_code, 2024 * 12, 9500, 'perjanjian 17', 'petugas-1', '2024-01-06 09:00+07',
           'petugas-2', '2024-01-07 09:00+07'
    FROM facility
    ON CONFLICT DO NOTHING
"""
CAPITATION: LiteralString = """
    INSERT INTO capitation_statement (facility_code, coverage_month, participants, per_person,
                                      amount, legal_basis, computed_by, computed_at)
    SELECT facility_code, 2026 * 12, people, 9500, people * 9500, 'Permenkes 3/2023', 'petugas-1',
           '2026-01-06 09:00+07'
    FROM facility CROSS JOIN generate_series(10, 11) AS people
"""
JOBS: LiteralString = """
    INSERT INTO job (kind, key, payload, state, next_at, armed_at, ended_at, last_error)
    VALUES ('month-roll', '2026-01', '{}', 'WAITING', '2026-01-01 00:05+07', '2025-12-31 09:00+07',
            NULL, NULL),
           ('deadlines', '2026-01-02', '{}', 'DEAD', '2026-01-02 00:05+07',
            '2026-01-02 00:00+07', '2026-01-02 01:00+07', 'timed out')
    ON CONFLICT DO NOTHING
"""
BILLING_RUN: LiteralString = """
    INSERT INTO billing_run (coverage_month, bills, finished_at)
    VALUES (2026 * 12, 1, '2026-01-01 00:10+07') ON CONFLICT DO NOTHING
"""
EMPLOYMENT: LiteralString = """
    INSERT INTO employment (family_id, membership_id, participant_id, employer_id, first_month,
                            billed_through)
    SELECT $1, $2, min(p.participant_id), min(e.employer_id), 2025 * 12, 2025 * 12
    FROM participant AS p, employer AS e WHERE p.family_id = $1
"""
WAGE: LiteralString = """
    INSERT INTO wage (family_id, membership_id, first_month, amount, reported_by, reported_at)
    VALUES ($1, $2, 2025 * 12, 5000000, 'PT Contoh', '2025-01-01 09:00+07')
"""
REMINDER: LiteralString = """
    INSERT INTO reminder (family_id, membership_id, coverage_month, event, channel, occurrence,
                          details, state, scheduled_at, closed_at)
    VALUES ($1, $2, 2025 * 12, 'OVERDUE', 'SMS', 0, '{}', 'SENT', '2025-01-15 09:00+07',
            '2025-01-15 09:01+07')
"""
EVENTS: LiteralString = """
    INSERT INTO event (family_id, event_id, position, kind, payload, occurred_at)
    SELECT $1, told.id, told.id, told.kind,
           jsonb_build_object('membership_id', $2::bigint) || told.more,
           '2026-01-20 09:00+07'
    FROM (
        SELECT 900000001, 'payment.settled', jsonb_build_object('payment_id', min(payment_id),
                                                           'first_month', 24311)
        FROM payment WHERE family_id = $1
        UNION ALL
        SELECT 900000002, 'bill.revised', jsonb_build_object('coverage_month', max(coverage_month))
        FROM bill WHERE family_id = $1
        UNION ALL
        SELECT 900000003, 'membership.suspended', '{"effective_at": "2026-01-01T00:00:00+07:00"}'
        UNION ALL
        SELECT 900000004, 'claim.moved',
               jsonb_build_object('claim_id', min(claim_id), 'state', 'PAID')
        FROM claim WHERE family_id = $1
    ) AS told (id, kind, more)
"""
SATISFACTION: LiteralString = """
    WITH given AS (SELECT nextval('satisfaction_number_seq') AS id)
    INSERT INTO satisfaction (bucket, satisfaction_id, subject, score, given_at)
    SELECT id % 16, id, 'CARE', 4, '2026-01-10 09:00+07' FROM given
"""
GOVERNMENT_PAYMENT: LiteralString = """
    INSERT INTO government_payment (region, reference, amount, value_date, note, recorded_by,
                                    recorded_at)
    VALUES ('99', 'SP2D-1', 350000, '2026-01-08', 'rekening koran', 'petugas-1',
            '2026-01-08 09:00+07')
    ON CONFLICT DO NOTHING
"""
EMPLOYER_CREDIT: LiteralString = """
    INSERT INTO employer_credit_entry (employer_id, amount, cause, booked_at, value_date)
    SELECT min(employer_id), 5000, 'SURPLUS', '2026-01-08 09:00+07', '2026-01-08' FROM employer
"""
PAYER_REFUND: LiteralString = """
    INSERT INTO payer_refund (employer_id, amount, note, payee_name, payee_bank, payee_account,
                              requested_by, requested_at, pay_by)
    SELECT min(employer_id), 4000, 'Dibayar dua kali', 'PT CONTOH', 'Bank Contoh', '990000012345',
           'petugas-1', '2026-01-08 09:00+07', '2026-01-23'
    FROM employer
"""
WEBHOOK: LiteralString = """
    INSERT INTO webhook_endpoint (name, url, kinds, created_by, created_at)
    VALUES ('contoh', 'https://contoh.example/iuran', '{bill.revised}', 'petugas-1',
            '2026-01-08 09:00+07')
    ON CONFLICT DO NOTHING
"""
WEBHOOK_ATTEMPT: LiteralString = """
    INSERT INTO webhook_attempt (family_id, endpoint_id, event_id, position, attempt, result,
                                 milliseconds, answer, tried_at)
    SELECT $1, min(endpoint_id), 1, 1, 1, 'FAILED', 10000, 'timed out', '2026-01-08 09:01+07'
    FROM webhook_endpoint
"""
PREFERENCE: LiteralString = """
    INSERT INTO contact_preference (family_id, participant_id, channels, opted_out, language)
    SELECT family_id, min(participant_id), '{WHATSAPP}', '{SMS}', 'id'
    FROM participant WHERE family_id = $1 GROUP BY family_id
"""
FAMILY_CHANGES: LiteralString = """
    INSERT INTO family_change (family_id, field, before, after, reason, asked_by, verified_by,
                               changed_at)
    SELECT $1, given.*, 'peserta', 'petugas-1', '2026-01-08 09:00+07'
    FROM (VALUES ('KK_NUMBER', '9900000077777777', '9900000088888888', 'kartu baru'),
                 ('PAYER', (SELECT min(participant_id)::text FROM participant
                           WHERE family_id = $1), (SELECT min(participant_id)::text FROM participant
                                  WHERE family_id = $1), 'penanggung baru')) AS given
"""
MANDATE: LiteralString = """
    INSERT INTO autodebit_mandate (family_id, membership_id, customer_number, channel_id,
                                   account_masked, account_ciphertext, holder_name,
                                   signed_at_place, given_at)
    SELECT $1, $2, '00000000001', min(channel_id), '********2345', '\\x00', 'SITI CONTOH',
           'Kota Contoh', '2026-01-02 09:00+07'
    FROM channel
"""
COLLECTION: LiteralString = """
    INSERT INTO autodebit_file (channel_id, collection_date, prepared_at)
    SELECT channel_id, '2026-01-05', '2026-01-04 09:00+07' FROM autodebit_mandate
    WHERE family_id = $1 AND membership_id = $2
    ON CONFLICT DO NOTHING
"""
COLLECTED: LiteralString = """
    INSERT INTO autodebit_item (family_id, file_id, customer_number, membership_id, mandate_id,
                                amount, first_month, last_month, version)
    SELECT m.family_id, f.file_id, m.customer_number, m.membership_id, m.mandate_id, 70000, 24312,
           24312, '1'
    FROM autodebit_mandate AS m JOIN autodebit_file AS f ON f.channel_id = m.channel_id
    WHERE m.family_id = $1 AND m.membership_id = $2
"""
COLLECTION_FAILED: LiteralString = """
    INSERT INTO autodebit_result (family_id, file_id, customer_number, outcome, reason,
                                  recorded_at)
    SELECT family_id, file_id, customer_number, 'FAILED', 'saldo tidak cukup',
           '2026-01-05 20:00+07'
    FROM autodebit_item WHERE family_id = $1 AND membership_id = $2
"""
MANUAL_CHANGES: LiteralString = """
    INSERT INTO manual_change (family_id, membership_id, kind, reason, before, wanted, proposed_by,
                               proposed_at)
    SELECT $1, $2, kind, 'surat keterangan', '{"x": "0812"}', '{"y": 1}', 'petugas-1',
           '2026-01-08 09:00+07'
    FROM unnest(ARRAY['LAYOFF', 'DEATH']) AS kind
"""
APPROVALS: LiteralString = """
    INSERT INTO approval_waiting (family_id, kind, number, amount, reason, proposed_by, proposed_at)
    SELECT family_id, 'MANUAL_CHANGE', change_id::text, NULL, reason, proposed_by, proposed_at
    FROM manual_change WHERE family_id = $1 AND membership_id = $2 AND kind = 'DEATH'
    UNION ALL
    SELECT family_id, 'REFUND', refund_id::text, amount, note, 'petugas-1', requested_at
    FROM refund WHERE family_id = $1 AND membership_id = $2
    UNION ALL
    SELECT 0, 'GOVERNMENT_PAYMENT', region || '/' || payment_id, amount, note, recorded_by,
           recorded_at
    FROM government_payment
    UNION ALL
    SELECT 0, 'PAYER_REFUND', refund_id::text, amount, note, requested_by, requested_at
    FROM payer_refund
    UNION ALL
    SELECT 0, 'SUSPENSE_PROPOSAL', reference || '/' || proposal_id, 50000, reason, proposed_by,
           proposed_at
    FROM suspense_proposal
    UNION ALL
    SELECT 0, 'DISPUTE', p.dispute_id || '/' || p.proposal_id, d.amount, p.reason, p.proposed_by,
           p.proposed_at
    FROM dispute_proposal AS p JOIN disputed_payment AS d ON d.dispute_id = p.dispute_id
    WHERE d.closed_at IS NULL
    ON CONFLICT DO NOTHING
"""
MONEY_WAITING: LiteralString = """
    WITH refunds AS (
        INSERT INTO payer_refund_waiting (refund_id) SELECT refund_id FROM payer_refund
        ON CONFLICT DO NOTHING
    )
    INSERT INTO suspense_waiting (channel_id, reference, suspense_id)
    SELECT channel_id, reference, suspense_id FROM suspense_item
    ON CONFLICT DO NOTHING
"""
MANUAL_APPROVAL: LiteralString = """
    INSERT INTO manual_change_approval (family_id, change_id, proposed_by, approved_by, approved_at)
    SELECT family_id, change_id, proposed_by, 'petugas-2', '2026-01-08 10:00+07'
    FROM manual_change WHERE family_id = $1 AND membership_id = $2 AND kind = 'LAYOFF'
"""
LAYOFF: LiteralString = """
    INSERT INTO layoff (family_id, membership_id, employment_id, change_id, last_month, papers)
    SELECT family_id, membership_id, membership_id, change_id, 24318, '{SURAT_PHK}'
    FROM manual_change WHERE family_id = $1 AND membership_id = $2 AND kind = 'LAYOFF'
"""
QUEUED: LiteralString = """
    WITH planned AS (
        INSERT INTO reminder (family_id, membership_id, coverage_month, event, channel, occurrence,
                              details, state, scheduled_at)
        VALUES ($1, $2, 2026 * 12, 'DUE_IN_3_DAYS', 'SMS', 0, '{}', 'WAITING',
                '2026-01-05 09:00+07')
        RETURNING family_id, membership_id, coverage_month, event, channel, occurrence
    )
    INSERT INTO reminder_queue (family_id, membership_id, coverage_month, event, channel,
                                occurrence, urgency, time_zone, due_at, expires_at)
    SELECT family_id, membership_id, coverage_month, event, channel, occurrence, 1,
           'Asia/Jakarta', '2026-01-07 09:00+07', '2027-01-07 09:00+07'
    FROM planned
"""
SHARED: Sequence[LiteralString] = (
    FACILITIES,
    SERVICES,
    CONTRACT,
    EMPLOYER,
    EMPLOYER_NUMBER,
    EMPLOYER_BILL,
    EMPLOYER_PAYMENT,
    EMPLOYER_ALLOCATION,
    GOVERNMENT,
    GOVERNMENT_BILL,
    SUSPENSE_REFERENCE,
    SUSPENSE,
    DISPUTED,
    DISPUTE_PROPOSAL,
    CLOSED_DISPUTE,
    SUSPENSE_PROPOSAL,
    WRITE_OFF_ORDER,
    CAPITATION_TARIFF,
    CAPITATION,
    JOBS,
    BILLING_RUN,
    GOVERNMENT_PAYMENT,
    EMPLOYER_CREDIT,
    PAYER_REFUND,
    WEBHOOK,
    SATISFACTION,
    MONEY_WAITING,
)
"""What belongs to no family."""
OF_FAMILY: Sequence[LiteralString] = (
    HOME,
    NUMBERS,
    VISIT,
    REFERRAL,
    COMPLAINT,
    COMPLAINT_EVENT,
    WEBHOOK_ATTEMPT,
    PREFERENCE,
    FAMILY_CHANGES,
)
"""What is written by the family alone."""
ROWS: Sequence[LiteralString] = (
    EMPLOYMENT,
    WAGE,
    MANDATE,
    COLLECTION,
    COLLECTED,
    COLLECTION_FAILED,
    MANUAL_CHANGES,
    MANUAL_APPROVAL,
    LAYOFF,
    QUEUED,
    REMINDER,
    LETTER,
    STAY_FINE,
    CLAIM,
    REIMBURSEMENT,
    CLAIM_DOCUMENT,
    CLAIM_EVENT,
    CLAIM_PAYMENT,
    FINE_WINDOW,
    REVISION,
    CREDIT,
    REFUND,
    REFUND_EVENT,
    APPROVALS,
    PLAN,
    STEP,
    EVENTS,
)
KEYS: Mapping[str, LiteralString] = {
    "PaymentSettled": "SELECT family_id, event_id FROM event WHERE family_id = $1"
    " AND event_id = 900000001",
    "BillChanged": "SELECT family_id, event_id FROM event WHERE family_id = $1"
    " AND event_id = 900000002",
    "MembershipChanged": "SELECT family_id, event_id FROM event WHERE family_id = $1"
    " AND event_id = 900000003",
    "ClaimMoved": "SELECT family_id, event_id FROM event WHERE family_id = $1"
    " AND event_id = 900000004",
    "Payment": "SELECT family_id, payment_id FROM payment WHERE family_id = $1",
    "Refund": "SELECT family_id, refund_id FROM refund WHERE family_id = $1",
    "InstalmentPlan": "SELECT family_id, plan_id FROM instalment_plan WHERE family_id = $1",
    "Employer": "SELECT employer_id FROM employer WHERE $1::bigint IS NOT NULL",
    "EmployerBill": "SELECT employer_id, coverage_month, part FROM employer_bill"
    " WHERE $1::bigint IS NOT NULL",
    "EmployerPayment": "SELECT employer_id, payment_id FROM employer_payment"
    " WHERE $1::bigint IS NOT NULL",
    "Employment": "SELECT family_id, membership_id FROM employment WHERE family_id = $1",
    "SuspenseItem": "SELECT suspense_id FROM suspense_item WHERE $1::bigint IS NOT NULL",
    "Facility": "SELECT facility_id FROM facility WHERE facility_code = '0301R001'"
    " AND $1::bigint IS NOT NULL",
    "Visit": "SELECT family_id, visit_id FROM facility_visit WHERE family_id = $1",
    "Referral": "SELECT family_id, referral_id FROM referral WHERE family_id = $1",
    "EligibilityLetter": "SELECT family_id, letter_id FROM eligibility_letter WHERE family_id = $1",
    "Claim": "SELECT family_id, claim_id FROM claim WHERE family_id = $1 AND kind = 'FACILITY'",
    "Complaint": "SELECT bucket, complaint_id FROM complaint WHERE reporter_family = $1",
    "Channel": "SELECT p.channel_id FROM payment AS p WHERE p.family_id = $1",
}


SELECT_NUMBERS: LiteralString = """
    SELECT v.visit_number AS visit, r.referral_number AS referral, l.letter_number AS letter,
           'K' || lpad(c.claim_id::text, 9, '0') AS claim,
           'P' || lpad(k.complaint_id::text, 9, '0') AS complaint, '0301R001' AS facility_code,
           h.code AS channel, p.reference
    FROM facility_visit AS v
    JOIN referral AS r ON r.family_id = v.family_id
    JOIN eligibility_letter AS l ON l.family_id = v.family_id
    JOIN claim AS c ON c.family_id = v.family_id AND c.kind = 'FACILITY'
    JOIN complaint AS k ON k.reporter_family = v.family_id
    JOIN payment AS p ON p.family_id = v.family_id
    JOIN channel AS h ON h.channel_id = p.channel_id
    WHERE v.family_id = $1
    LIMIT 1
"""


NUMBERED = (
    *("visit", "referral", "letter", "claim", "complaint"),
    *("facility_code", "channel", "reference"),
)


async def one_of_everything(pool: Pool, *, family_id: int, membership_id: int) -> dict[str, str]:
    """Insert the rows; return the IDs of those whose types have one, and their numbers."""
    async with pool.acquire() as connection:
        for statement in SHARED:
            await connection.execute(statement)
        for statement in OF_FAMILY:
            await connection.execute(statement, family_id)
        for statement in ROWS:
            await connection.execute(statement, family_id, membership_id)
        found = {name: await connection.fetchrow(sql, family_id) for name, sql in KEYS.items()}
        numbers = await connection.fetchrow(SELECT_NUMBERS, family_id)
    assert numbers is not None
    return {name: str(numbers[name]) for name in NUMBERED} | {
        name: id_of(name, *(row or ())) for name, row in found.items()
    }
